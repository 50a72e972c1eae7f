# Compiler settings for our own targets only: warnings never reach a user of the installed package.
add_library(zeus_options INTERFACE)
target_compile_options(zeus_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  # Members left out of a designated initializer have defaults; that is what they are for.
  -Wno-missing-field-initializers
  # GCC 12 warns of overlapping copies inside std::string that cannot happen (its bug 105651).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-restrict>
  $<$<BOOL:${ZEUS_WERROR}>:-Werror>
  $<$<CXX_COMPILER_ID:Clang>:-Wthread-safety>
  # The same decisions on every machine: no fused multiply-add changes a last bit.
  -ffp-contract=off)
if(ZEUS_SANITIZE)
  add_compile_options(-fsanitize=${ZEUS_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ZEUS_SANITIZE})
endif()

# zeus_library(NAME [INTERNAL] SOURCES file... [USES library...] [PRIVATE library...])
#
# One library for one folder: target zeus_NAME, alias Zeus::NAME, and a test program zeus_NAME_test of all its *_test.cc.
# USES are the libraries of other folders that the public headers need; PRIVATE are third-party ones that stay in the sources.
# An INTERNAL library is not installed.
function(zeus_library name)
  cmake_parse_arguments(ARG "INTERNAL" "" "SOURCES;USES;PRIVATE" ${ARGN})
  set(target zeus_${name})
  add_library(${target} STATIC ${ARG_SOURCES})
  add_library(Zeus::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(${target} PUBLIC
    $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_compile_features(${target} PUBLIC cxx_std_23)
  list(TRANSFORM ARG_USES PREPEND Zeus::)
  target_link_libraries(${target} PUBLIC ${ARG_USES} PRIVATE ${ARG_PRIVATE} $<BUILD_INTERFACE:zeus_options>)
  if(NOT ARG_INTERNAL)
    set_property(GLOBAL APPEND PROPERTY ZEUS_LIBRARIES ${target})
  endif()
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS *_test.cc)
  if(ZEUS_TESTS AND tests)
    zeus_test(${target}_test SOURCES ${tests} USES ${target} ${ARG_PRIVATE})
  endif()
endfunction()

# zeus_test(NAME SOURCES file... USES library...): a GoogleTest program, each of its cases known to ctest and labelled
# with the program's name.
function(zeus_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;USES" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_USES} zeus_options GTest::gmock GTest::gtest_main)
  # What tests themselves do need not be fast; the compiler is done with them in half of the time.
  if(ZEUS_SANITIZE)
    target_compile_options(${name} PRIVATE -O0 -g1)
  else()
    target_compile_options(${name} PRIVATE -O1)
  endif()
  include(GoogleTest)
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60
    PROPERTIES LABELS ${name} TIMEOUT 300 ENVIRONMENT ZEUS_SHARED_DIR=${ZEUS_SHARED_DIR})
endfunction()

# Where the published traces and golden results lie; tests that need them say why they skip when they are absent.
if(DEFINED ENV{ZEUS_SHARED_DIR})
  set(ZEUS_SHARED_DIR $ENV{ZEUS_SHARED_DIR})
else()
  cmake_path(SET ZEUS_SHARED_DIR NORMALIZE ${CMAKE_SOURCE_DIR}/../shared)
endif()
