# Kernels of one instruction set live in files named for it and get its flags; everything else is
# built for the base machine, so that the program starts anywhere and chooses at run time.
foreach(source IN LISTS MC_LIBRARY_SOURCES)
  if(source MATCHES "_avx2\\.c$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS "-mavx2;-mfma;-mf16c")
  elseif(source MATCHES "_avx512\\.c$")
    set_source_files_properties(${source} PROPERTIES COMPILE_OPTIONS
      "-mavx512f;-mavx512bw;-mavx512vl;-mavx512dq;-mfma;-mf16c")
  endif()
endforeach()
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  list(FILTER MC_LIBRARY_SOURCES EXCLUDE REGEX "_avx(2|512)\\.c$")
endif()
if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "aarch64|arm64")
  list(FILTER MC_LIBRARY_SOURCES EXCLUDE REGEX "_neon\\.c$")
endif()
