# How every file of this project is compiled.

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 12)
  message(FATAL_ERROR "g++ 12 or newer is needed; this is ${CMAKE_CXX_COMPILER_VERSION}")
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 19)
  message(FATAL_ERROR "clang 19 or newer is needed; this is ${CMAKE_CXX_COMPILER_VERSION}")
endif()

if(NOT CMAKE_BUILD_TYPE AND NOT CMAKE_CONFIGURATION_TYPES)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "Debug, Release or RelWithDebInfo" FORCE)
endif()

set(CMAKE_CXX_STANDARD 23)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)

add_compile_options(
  -Wall -Wextra -Wpedantic
  -Wconversion -Wshadow -Wnon-virtual-dtor -Woverloaded-virtual -Wextra-semi -Wcast-qual)

# Designated initializers leave members out on purpose.
add_compile_options(-Wno-missing-field-initializers)

if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 warns about std::string's own operator+ (GCC bug 105651), and about the destructors of
  # optional members that hold nothing (GCC bug 105562 and others). clang 19 reads the same code.
  add_compile_options(-Wno-restrict -Wno-maybe-uninitialized)
elseif(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  add_compile_options(-Wreserved-identifier)
endif()

if(IPCSIM_SANITIZE)
  add_compile_options(
    -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
endif()

# ccache knows precompiled headers only when told that they may be trusted; and it should find again in
# one clone what it compiled in another.
find_program(IPCSIM_CCACHE ccache)
mark_as_advanced(IPCSIM_CCACHE)
if(IPCSIM_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND}" -E env "CCACHE_SLOPPINESS=pch_defines,time_macros"
    "CCACHE_BASEDIR=${PROJECT_SOURCE_DIR}" CCACHE_NOHASHDIR=true "${IPCSIM_CCACHE}")
endif()

if(IPCSIM_TIDY)
  find_program(IPCSIM_CLANG_TIDY clang-tidy-19 REQUIRED)
  mark_as_advanced(IPCSIM_CLANG_TIDY)
  # Ninja runs clang-tidy again on a file when it, one of its headers or its command has changed.
  # The rules become part of the command by their hash, so that a change of theirs counts too.
  set(rules "")
  foreach(file .clang-tidy bench/.clang-tidy tests/.clang-tidy sim/fuzz/.clang-tidy sim/replay/.clang-tidy
      sim/workload/.clang-tidy tools/.clang-tidy)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/${file}")
    file(SHA1 "${PROJECT_SOURCE_DIR}/${file}" hash)
    string(APPEND rules "_${hash}")
  endforeach()
  set(IPCSIM_TIDY_COMMAND "${IPCSIM_CLANG_TIDY}" --quiet "--extra-arg=-DIPCSIM_TIDY_RULES${rules}")
  # The analyzer follows paths through one function and not into those it calls: in depth it takes more
  # than half of the time of all checks together.
  if(NOT IPCSIM_TIDY_DEEP)
    list(APPEND IPCSIM_TIDY_COMMAND
      --extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=mode=shallow)
  endif()
endif()
