# What `mc selftest` compares with: the tiny models of data/selftest/cases.txt with the states that
# transformers computed of them, and a few values of every stored type with what independent
# decoders make of them. In the build tree they are links, installed they lie in share/.
file(STRINGS ${PROJECT_SOURCE_DIR}/data/selftest/cases.txt MC_SELFTEST_CASES)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
  ${PROJECT_SOURCE_DIR}/data/selftest/cases.txt)
file(REMOVE_RECURSE ${PROJECT_BINARY_DIR}/selftest)
file(MAKE_DIRECTORY ${PROJECT_BINARY_DIR}/selftest/arch)
file(CREATE_LINK ${PROJECT_SOURCE_DIR}/tests/golden/dtype ${PROJECT_BINARY_DIR}/selftest/dtype SYMBOLIC)
install(DIRECTORY ${PROJECT_SOURCE_DIR}/tests/golden/dtype
  DESTINATION ${CMAKE_INSTALL_DATADIR}/modelcypher/selftest)
foreach(case IN LISTS MC_SELFTEST_CASES)
  file(CREATE_LINK ${PROJECT_SOURCE_DIR}/tests/golden/arch/${case}
    ${PROJECT_BINARY_DIR}/selftest/arch/${case} SYMBOLIC)
  install(DIRECTORY ${PROJECT_SOURCE_DIR}/tests/golden/arch/${case}
    DESTINATION ${CMAKE_INSTALL_DATADIR}/modelcypher/selftest/arch)
endforeach()
