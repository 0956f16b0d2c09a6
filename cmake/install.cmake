install(TARGETS modelcypher EXPORT modelcypher LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS mc RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/modelcypher
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
# find_package(modelcypher), then modelcypher::modelcypher.
set(MC_CMAKE_FOLDER ${CMAKE_INSTALL_LIBDIR}/cmake/modelcypher)
install(EXPORT modelcypher NAMESPACE modelcypher:: FILE modelcypherConfig.cmake
  DESTINATION ${MC_CMAKE_FOLDER})
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/modelcypherConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/modelcypherConfigVersion.cmake DESTINATION ${MC_CMAKE_FOLDER})
# The .pc file finds its prefix from where it lies, so an installed tree can be moved.
file(RELATIVE_PATH MC_PC_PREFIX /p/${CMAKE_INSTALL_LIBDIR}/pkgconfig /p)
configure_file(${PROJECT_SOURCE_DIR}/cmake/modelcypher.pc.in
  ${PROJECT_BINARY_DIR}/modelcypher.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/modelcypher.pc
  DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The short link, manual pages and completions, all made by the program itself.
install(CODE "
  set(program \"$<TARGET_FILE:mc>\")
  set(bindir \"${CMAKE_INSTALL_BINDIR}\")
  set(mandir \"${CMAKE_INSTALL_MANDIR}\")
  set(datadir \"${CMAKE_INSTALL_DATADIR}\")
  set(made \"${PROJECT_BINARY_DIR}/installed\")
  include(\"${PROJECT_SOURCE_DIR}/cmake/install-program.cmake\")")
