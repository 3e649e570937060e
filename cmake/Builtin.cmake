# -DELOQUENT_BUILTIN=sqlite: the plugin becomes part of the program instead of a
# file beside it. Its sources are compiled with ELQ_BUILTIN and joined, with our
# static libraries that they use, into one object whose only symbols are its
# entries: what the plugin calls its functions touches nobody, as in a module.

# eloquent_builtin(<program> <kind> <name> SOURCES ... LIBRARIES ...)
function(eloquent_builtin program kind name)
  cmake_parse_arguments(arg "" "" "SOURCES;LIBRARIES" ${ARGN})
  set(id ${kind}_${name})
  set(target elq_builtin_${id})
  set(archives)
  foreach(library ${arg_LIBRARIES})
    get_target_property(type ${library} TYPE)
    get_target_property(imported ${library} IMPORTED)
    if(type STREQUAL "STATIC_LIBRARY" AND NOT imported)
      list(APPEND archives $<TARGET_FILE:${library}>)
    endif()
  endforeach()
  add_library(${target} OBJECT ${arg_SOURCES})
  target_compile_definitions(${target} PRIVATE ELQ_BUILTIN)
  target_link_libraries(${target} PRIVATE headers ${arg_LIBRARIES})
  set(object ${CMAKE_CURRENT_BINARY_DIR}/${target}.o)
  add_custom_command(OUTPUT ${object} VERBATIM COMMAND_EXPAND_LISTS
    DEPENDS ${target} $<TARGET_OBJECTS:${target}> ${archives}
    COMMAND ${CMAKE_C_COMPILER} -nostdlib -r -o ${object} $<TARGET_OBJECTS:${target}> ${archives}
    COMMAND ${CMAKE_OBJCOPY} -G ${target} -G elq_builtin_note_${id} ${object})
  add_custom_target(${target}_object DEPENDS ${object})
  add_dependencies(${program} ${target}_object)
  # Nothing is left to take from our archives; what they need comes with them.
  target_link_libraries(${program} PRIVATE ${object} ${arg_LIBRARIES})
  set_property(GLOBAL APPEND PROPERTY ELOQUENT_BUILTIN_IDS ${id})
endfunction()

# eloquent_builtin_table(<program>): the table of all of them, behind the last one.
function(eloquent_builtin_table program)
  get_property(IDS GLOBAL PROPERTY ELOQUENT_BUILTIN_IDS)
  set(rows "")
  set(declarations "")
  foreach(id ${IDS})
    string(APPEND declarations "const struct elq_note *elq_builtin_note_${id}(void);\n"
      "const struct elq_manifest *elq_builtin_${id}(uint32_t host_abi);\n")
    string(APPEND rows "\t{elq_builtin_note_${id}, elq_builtin_${id}},\n")
  endforeach()
  set(table ${PROJECT_BINARY_DIR}/builtin_plugins.c)
  file(CONFIGURE OUTPUT ${table} @ONLY CONTENT
"/* builtin_plugins.c - written by cmake/Builtin.cmake: what ELOQUENT_BUILTIN names. */
#include \"plugin/plugin.h\"

@declarations@
const struct builtin builtin_plugins[] = {
@rows@	{NULL, NULL},
};
")
  target_sources(${program} PRIVATE ${table})
  foreach(word ${ELOQUENT_BUILTIN})
    string(REPLACE "/" "_" id ${word})
    if(NOT "driver_${word}" IN_LIST IDS AND NOT "seeder_${word}" IN_LIST IDS AND NOT "cache_${word}" IN_LIST IDS
        AND NOT id IN_LIST IDS)
      message(FATAL_ERROR "ELOQUENT_BUILTIN names \"${word}\", and no plugin of that name is built here")
    endif()
  endforeach()
endfunction()
