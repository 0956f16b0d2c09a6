# What decides the bits of a state, as one hash: kept states of another arithmetic are not used.
file(GLOB_RECURSE MC_ARITHMETIC_FILES CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/src/engine/*.[ch] ${PROJECT_SOURCE_DIR}/src/backend/*.[ch]
  ${PROJECT_SOURCE_DIR}/src/model/*.[ch] ${PROJECT_SOURCE_DIR}/src/format/*.[ch])
set(MC_ARITHMETIC_SOURCE ${PROJECT_BINARY_DIR}/generated/arithmetic.c)
add_custom_command(OUTPUT ${MC_ARITHMETIC_SOURCE}
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/hash_sources.py
          ${MC_ARITHMETIC_SOURCE} mc_engine_arithmetic ${MC_ARITHMETIC_FILES}
  DEPENDS ${PROJECT_SOURCE_DIR}/cmake/hash_sources.py ${MC_ARITHMETIC_FILES}
  COMMENT "Hashing the arithmetic" VERBATIM)
