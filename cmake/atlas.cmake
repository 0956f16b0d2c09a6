# The probe sets of data/atlas are compiled into the program as one table of {name, text, size}.
file(GLOB MC_ATLAS_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/data/atlas/*.json)
set(MC_ATLAS_SOURCE ${PROJECT_BINARY_DIR}/generated/atlas_data.c)
# The system's interpreter goes first: it has the modules that scripts/install-deps.sh installs.
if(NOT Python3_EXECUTABLE AND EXISTS /usr/bin/python3)
  set(Python3_EXECUTABLE /usr/bin/python3)
endif()
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_custom_command(OUTPUT ${MC_ATLAS_SOURCE}
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/embed.py ${MC_ATLAS_SOURCE}
          mc_atlas_data ${MC_ATLAS_FILES}
  DEPENDS ${PROJECT_SOURCE_DIR}/cmake/embed.py ${MC_ATLAS_FILES}
  COMMENT "Compiling the atlas into the program" VERBATIM)
