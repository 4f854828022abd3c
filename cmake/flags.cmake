# Warnings are errors; hardening is on in every build; assertions stay on in release (BF_ASSERT).
add_library(bf_headers INTERFACE)
add_library(bf::headers ALIAS bf_headers)
target_include_directories(bf_headers INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}/bf>)
target_compile_features(bf_headers INTERFACE cxx_std_20)
# What follows is how this project builds itself, nothing for those who link it.
add_library(bf_build_flags INTERFACE)
target_link_libraries(bf_headers INTERFACE $<BUILD_INTERFACE:bf_build_flags>)
target_compile_definitions(bf_build_flags INTERFACE BF_VERSION="${PROJECT_VERSION}")
target_compile_options(bf_build_flags INTERFACE
  $<$<COMPILE_LANGUAGE:CXX>:-Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror>
  # g++ 12 warns of overlaps inside libstdc++'s own strings (GCC PR 105651).
  $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-Wno-restrict>
  # Floating-point operations are rounded one by one: predictions of columns are part of the format.
  -ffp-contract=off
  -fstack-protector-strong -fstack-clash-protection -fcf-protection)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
add_link_options(-Wl,-z,relro,-z,now)

if(BF_SANITIZE STREQUAL "")
  # Fortify needs optimisation and does not go with the sanitizers' own interceptors.
  target_compile_options(bf_build_flags INTERFACE
    $<$<CONFIG:Release>:-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2> -D_GLIBCXX_ASSERTIONS)
elseif(BF_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(BF_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
else()
  message(FATAL_ERROR "BF_SANITIZE is \"${BF_SANITIZE}\"; known: address, thread, or empty")
endif()

if(BF_BUILD_FUZZ)
  # Coverage for libFuzzer; the targets alone link its main().
  add_compile_options(-fsanitize=fuzzer-no-link)
  add_compile_definitions(_GLIBCXX_ASSERTIONS)
  add_link_options(-fsanitize=fuzzer-no-link)
endif()

find_program(LLD ld.lld-19)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang" AND LLD)
  add_link_options(-fuse-ld=${LLD})
endif()
