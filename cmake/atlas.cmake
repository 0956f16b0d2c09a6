# The probe sets of data/atlas are compiled into the program as one table of {name, text, size}.
file(GLOB MC_ATLAS_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/data/atlas/*.json)
set(MC_ATLAS_SOURCE ${PROJECT_BINARY_DIR}/generated/atlas_data.c)
find_package(Python3 REQUIRED COMPONENTS Interpreter)
add_custom_command(OUTPUT ${MC_ATLAS_SOURCE}
  COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/cmake/embed.py ${MC_ATLAS_SOURCE}
          mc_atlas_data ${MC_ATLAS_FILES}
  DEPENDS ${PROJECT_SOURCE_DIR}/cmake/embed.py ${MC_ATLAS_FILES}
  COMMENT "Compiling the atlas into the program" VERBATIM)
