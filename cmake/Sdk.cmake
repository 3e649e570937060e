# What plugins are built with, installed: the headers, sqlkit, and how to find
# them (CMake and pkg-config). All of it may be moved as one with its prefix.
include(CMakePackageConfigHelpers)

file(STRINGS ${PROJECT_SOURCE_DIR}/include/eloquent/abi.h abi_lines REGEX "#define ELQ_ABI_M(AJOR|INOR) ")
string(REGEX REPLACE "^#define ELQ_ABI_MAJOR ([0-9]+).*#define ELQ_ABI_MINOR ([0-9]+).*$" "\\1.\\2"
  ELOQUENT_ABI "${abi_lines}")

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Eloquent)
configure_package_config_file(cmake/EloquentConfig.cmake.in EloquentConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(EloquentConfigVersion.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/EloquentConfig.cmake ${PROJECT_BINARY_DIR}/EloquentConfigVersion.cmake
  cmake/EloquentPlugin.cmake cmake/plugin.map DESTINATION ${package_dir})
install(EXPORT EloquentTargets NAMESPACE eloquent:: DESTINATION ${package_dir})

file(RELATIVE_PATH PC_UP /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
string(REGEX REPLACE "/$" "" PC_UP ${PC_UP})
foreach(package eloquent eloquent-sqlkit)
  configure_file(cmake/${package}.pc.in ${package}.pc @ONLY)
  install(FILES ${PROJECT_BINARY_DIR}/${package}.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
endforeach()

install(DIRECTORY include/eloquent DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")
install(DIRECTORY plugins/sqlkit DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/eloquent-sqlkit FILES_MATCHING PATTERN "*.h")
