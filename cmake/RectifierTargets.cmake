# What every target of the project has in common.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  # Precompiled headers defeat ccache unless it is told that their time stamps do not matter, and
  # base_dir lets a second checkout of the same sources hit the cache of the first.
  set(CMAKE_CXX_COMPILER_LAUNCHER
      ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
      CCACHE_BASEDIR=${CMAKE_SOURCE_DIR} CCACHE_NOHASHDIR=1 ${CCACHE_PROGRAM})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()

add_library(rectifier_options INTERFACE)
target_include_directories(rectifier_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR})
target_compile_options(rectifier_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wno-sign-conversion)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # GCC 12 reports both inside std::string and absl::InlinedVector where nothing is wrong
  # (GCC bugs 105651 and 80635).
  target_compile_options(rectifier_options INTERFACE -Wno-restrict -Wno-maybe-uninitialized)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")
  target_compile_options(rectifier_options INTERFACE -Wthread-safety)
endif()
if(RECTIFIER_WERROR)
  target_compile_options(rectifier_options INTERFACE -Werror)
endif()
if(RECTIFIER_SANITIZE)
  add_compile_options(-fsanitize=${RECTIFIER_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${RECTIFIER_SANITIZE})
  # What compilers define themselves is not the same everywhere, and is taken back below.
  target_compile_definitions(rectifier_options INTERFACE RECTIFIER_SANITIZED)
  if(RECTIFIER_SANITIZE MATCHES thread)
    # Protobuf's and Abseil's headers lay their classes out differently where they see this, and Debian's libraries
    # were built without it: an Arena would free a map that lies elsewhere.
    add_compile_options(-U__SANITIZE_THREAD__)
  endif()
endif()
if(RECTIFIER_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# rectifier_library(NAME SOURCES file... [DEPENDS target...] [PRIVATE_DEPENDS target...])
# A folder of server/ is one static library, rectifier_NAME.
function(rectifier_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  add_library(rectifier_${name} STATIC ${ARG_SOURCES})
  target_link_libraries(rectifier_${name}
    PUBLIC ${ARG_DEPENDS}
    PRIVATE rectifier_options ${ARG_PRIVATE_DEPENDS})
  target_include_directories(rectifier_${name} PUBLIC $<BUILD_INTERFACE:${CMAKE_SOURCE_DIR}>)
endfunction()
