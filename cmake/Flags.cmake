# One set of compiler flags for everything of ours.
set(CMAKE_C_STANDARD 17)
set(CMAKE_C_EXTENSIONS ON) # gnu17: cleanup attributes
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_CXX_STANDARD 17)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo)
endif()

add_library(eloquent_flags INTERFACE)
target_compile_definitions(eloquent_flags INTERFACE _GNU_SOURCE)
target_compile_options(eloquent_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wvla -Wundef -Wpointer-arith
  -Wwrite-strings -Wformat=2 -fstack-protector-strong
  $<$<BOOL:${ELOQUENT_WERROR}>:-Werror>)
if(NOT ELOQUENT_SANITIZE)
  target_compile_definitions(eloquent_flags INTERFACE $<$<NOT:$<CONFIG:Debug>>:_FORTIFY_SOURCE=2>)
  target_link_options(eloquent_flags INTERFACE -Wl,-z,relro -Wl,-z,now)
else()
  target_compile_options(eloquent_flags INTERFACE -fsanitize=${ELOQUENT_SANITIZE}
    -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(eloquent_flags INTERFACE -fsanitize=${ELOQUENT_SANITIZE})
endif()
if(ELOQUENT_FAULTS)
  target_compile_definitions(eloquent_flags INTERFACE ELOQUENT_FAULTS=1)
endif()
if(ELOQUENT_FUZZ)
  target_compile_options(eloquent_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
