# How a plugin is built, for our own and for everybody else's: this file and
# plugin.map are installed with the SDK.
#
#     find_package(Eloquent REQUIRED)
#     eloquent_add_plugin(driver acme SOURCES driver.c LIBRARIES eloquent::sqlkit PkgConfig::ACME)
#
# makes the target elq_driver_acme, a module elq_driver_acme.so that exports one
# symbol, resolves everything when it is linked and is never unloaded; and
# installs it below CMAKE_INSTALL_PREFIX where eloquent keeps its plugins.
include_guard(GLOBAL)

set(ELOQUENT_PLUGIN_MAP "${CMAKE_CURRENT_LIST_DIR}/plugin.map")

function(eloquent_add_plugin kind name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  if(NOT kind MATCHES "^(driver|seeder|cache)$")
    message(FATAL_ERROR "eloquent_add_plugin: \"${kind}\" is no kind of plugin; driver, seeder and cache are")
  endif()
  string(LENGTH "${name}" length)
  if(NOT name MATCHES "^[a-z][a-z0-9_]*$" OR length GREATER 32)
    message(FATAL_ERROR "eloquent_add_plugin: \"${name}\" is no plugin's name ([a-z][a-z0-9_]*, at most 32)")
  endif()
  if(NOT arg_SOURCES OR arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "eloquent_add_plugin(KIND NAME SOURCES file... [LIBRARIES target...])")
  endif()
  set(target elq_${kind}_${name})
  add_library(${target} MODULE ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".so" C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON)
  target_link_libraries(${target} PRIVATE eloquent::headers ${arg_LIBRARIES})
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${ELOQUENT_PLUGIN_MAP}
    -Wl,--exclude-libs,ALL -Wl,-z,nodelete -Wl,-z,relro -Wl,-z,now -Wl,-Bsymbolic)
  set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${ELOQUENT_PLUGIN_MAP})
  # A sanitizer's symbols come from the program.
  if(NOT ELOQUENT_SANITIZE AND NOT "${CMAKE_C_FLAGS} ${CMAKE_CXX_FLAGS}" MATCHES "-fsanitize=")
    target_link_options(${target} PRIVATE -Wl,-z,defs)
  endif()
  include(GNUInstallDirs)
  install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/eloquent/plugins)
endfunction()
