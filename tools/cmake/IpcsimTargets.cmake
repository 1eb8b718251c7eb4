# The kinds of target that this project has. Each CMakeLists.txt names its files, headers too.

# ipcsim_library(NAME [NO_EXCEPTIONS] [HEADERS file...] [SOURCES file...] [LINK target...])
#
# A static library, or without SOURCES one of headers alone. Headers are included by their path from
# the top of the repository. The tidy preset compiles each of them alone.
function(ipcsim_library name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "NO_EXCEPTIONS" "" "HEADERS;SOURCES;LINK")
  _ipcsim_check_arguments()
  if(arg_SOURCES)
    add_library(${name} STATIC ${arg_SOURCES})
    _ipcsim_tidy(${name})
    set(scope PUBLIC)
    if(arg_NO_EXCEPTIONS)
      target_compile_options(${name} PRIVATE -fno-exceptions)
    endif()
  else()
    add_library(${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  target_sources(${name}
    ${scope} FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}" FILES ${arg_HEADERS})
  target_include_directories(${name} ${scope} "${PROJECT_SOURCE_DIR}")
  target_link_libraries(${name} ${scope} ${arg_LINK})
endfunction()

# ipcsim_count_lines(NAME)
#
# Under IPCSIM_COVERAGE the library counts how often each of its lines runs. What it defines inline is
# taken from it in every program, and not from others' objects, which do not count.
function(ipcsim_count_lines name)
  if(IPCSIM_COVERAGE)
    target_compile_options(${name} PRIVATE -O0 -g1 --coverage)
    target_link_options(${name} PUBLIC --coverage
      -Wl,--whole-archive $<TARGET_FILE:${name}> -Wl,--no-whole-archive)
  endif()
endfunction()

# ipcsim_program(NAME SOURCES file... [LINK target...])
#
# A command, left at the top of the build folder.
function(ipcsim_program name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  _ipcsim_check_arguments()
  add_executable(${name} ${arg_SOURCES})
  _ipcsim_tidy(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${PROJECT_BINARY_DIR}")
endfunction()

# ipcsim_test(NAME [LONG] [HOST] [TIMEOUT seconds] SOURCES file... [LINK target...])
#
# A GoogleTest program, `ipcsim_tests_THING`. CTest runs and counts each of its tests by itself, as
# `THING.Suite.Test`, from the top of the repository, with IPCSIM naming the command.
#   LONG     a campaign of minutes: labelled `long`, left out of `tools/dev test`
#   HOST     asks the real kernel: never runs beside another such test
#   TIMEOUT  for each test of the program; 60 if not given
function(ipcsim_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "LONG;HOST" "TIMEOUT" "SOURCES;LINK")
  _ipcsim_check_arguments()
  if(NOT arg_SOURCES)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  _ipcsim_tidy(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK} fmt::fmt GTest::gmock_main)
  target_precompile_headers(${name} REUSE_FROM ipcsim_tests_precompiled)
  # What g++ 12 optimises of a comparison of strings that failed it takes for a copy out of bounds.
  target_compile_options(${name} PRIVATE
    "$<$<AND:$<CXX_COMPILER_ID:GNU>,$<NOT:$<CONFIG:Debug>>>:-Wno-array-bounds;-Wno-stringop-overflow>")
  _ipcsim_test_properties(properties)
  string(REGEX REPLACE "^ipcsim_tests_" "" program "${name}")
  gtest_discover_tests(${name}
    DISCOVERY_MODE PRE_TEST
    TEST_PREFIX "${program}."
    NO_PRETTY_VALUES
    WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}"
    PROPERTIES ${properties})
endfunction()

# ipcsim_script_test(NAME [LONG] [HOST] [TIMEOUT seconds] COMMAND word...)
#
# A test that is a command: 0 is passed, 77 is skipped, all else is failed. Runs as above.
function(ipcsim_script_test name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "LONG;HOST" "TIMEOUT" "COMMAND")
  _ipcsim_check_arguments()
  _ipcsim_test_properties(properties)
  add_test(NAME ${name} COMMAND ${arg_COMMAND} WORKING_DIRECTORY "${PROJECT_SOURCE_DIR}")
  set_tests_properties(${name} PROPERTIES SKIP_RETURN_CODE 77 ${properties})
endfunction()

# ipcsim_bench(NAME SOURCES file... [LINK target...])
#
# A Google Benchmark program, run by `tools/dev bench`.
function(ipcsim_bench name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "SOURCES;LINK")
  _ipcsim_check_arguments()
  if(NOT arg_SOURCES)
    return()
  endif()
  add_executable(${name} ${arg_SOURCES})
  _ipcsim_tidy(${name})
  target_link_libraries(${name} PRIVATE ${arg_LINK} benchmark::benchmark_main)
endfunction()

macro(_ipcsim_check_arguments)
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${CMAKE_CURRENT_FUNCTION}(${name}): what is ${arg_UNPARSED_ARGUMENTS}?")
  endif()
endmacro()

# Not CMAKE_CXX_CLANG_TIDY: that would have clang-tidy read each header once more, where it is
# compiled alone.
function(_ipcsim_tidy name)
  if(IPCSIM_TIDY)
    set_target_properties(${name} PROPERTIES CXX_CLANG_TIDY "${IPCSIM_TIDY_COMMAND}")
  endif()
endfunction()

macro(_ipcsim_test_properties out)
  set(${out} ENVIRONMENT "IPCSIM=${PROJECT_BINARY_DIR}/ipcsim")
  if(arg_LONG)
    list(APPEND ${out} LABELS long)
  endif()
  if(arg_HOST)
    list(APPEND ${out} RESOURCE_LOCK host)
  endif()
  if(arg_TIMEOUT)
    list(APPEND ${out} TIMEOUT ${arg_TIMEOUT})
  else()
    list(APPEND ${out} TIMEOUT 60)
  endif()
endmacro()
