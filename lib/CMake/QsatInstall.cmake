# What `cmake --install` puts where, and the package that find_package(qsat)
# reads. Included last: it takes the targets that the build has.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(qsat_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/qsat)
get_property(qsat_libraries GLOBAL PROPERTY QSAT_LIBRARIES)

# qsat::qsat links everything; qsat::QsatDialect and so on one library each.
add_library(qsat INTERFACE)
target_link_libraries(qsat INTERFACE ${qsat_libraries})
target_compile_features(qsat INTERFACE cxx_std_17)
target_include_directories(qsat INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
  $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
install(TARGETS qsat ${qsat_libraries} EXPORT qsatTargets
  ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR}
  INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT qsatTargets NAMESPACE qsat:: DESTINATION ${qsat_cmake_dir})

set(qsat_installed_programs)
foreach(tool qsat-opt qsat-run qsat-compile qsat-lsp-server qsatPlugin)
  if(TARGET ${tool})
    list(APPEND qsat_installed_programs ${tool})
    set_property(TARGET ${tool} PROPERTY INSTALL_RPATH "$ORIGIN/../lib" ${LLVM_LIBRARY_DIR})
  endif()
endforeach()
install(TARGETS ${qsat_installed_programs}
  RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
  LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})

foreach(dir ${PROJECT_SOURCE_DIR}/include/ ${PROJECT_BINARY_DIR}/include/)
  install(DIRECTORY ${dir} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING
    PATTERN "*.h" PATTERN "*.td" PATTERN "*.inc"
    PATTERN "CMakeFiles" EXCLUDE)
endforeach()

# MLIR's package accepts major.minor, and nothing else.
string(REGEX MATCH "^[0-9]+\\.[0-9]+" MLIR_VERSION_MAJOR_MINOR ${MLIR_VERSION})
configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/qsatConfig.cmake.in
  ${PROJECT_BINARY_DIR}/cmake/qsatConfig.cmake
  INSTALL_DESTINATION ${qsat_cmake_dir}
  PATH_VARS CMAKE_INSTALL_INCLUDEDIR CMAKE_INSTALL_BINDIR CMAKE_INSTALL_LIBDIR
  NO_CHECK_REQUIRED_COMPONENTS_MACRO)
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cmake/qsatConfigVersion.cmake
  COMPATIBILITY SameMinorVersion)
install(FILES
  ${PROJECT_BINARY_DIR}/cmake/qsatConfig.cmake
  ${PROJECT_BINARY_DIR}/cmake/qsatConfigVersion.cmake
  DESTINATION ${qsat_cmake_dir})
