# Every library from outside, each under one name (dep::...) and as system headers, so that our
# warnings do not fall on their code. Why each is here: docs/dependencies.md.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)

function(bf_dependency name)
  add_library(dep_${name} INTERFACE)
  add_library(dep::${name} ALIAS dep_${name})
  target_link_libraries(dep_${name} INTERFACE ${ARGN})
endfunction()

function(bf_pkg_dependency name module)
  pkg_check_modules(${name} REQUIRED IMPORTED_TARGET ${module})
  bf_dependency(${name} PkgConfig::${name})
endfunction()

bf_pkg_dependency(uv libuv)
bf_pkg_dependency(lz4 liblz4)
bf_pkg_dependency(xxhash libxxhash)
bf_pkg_dependency(deflate libdeflate)
bf_pkg_dependency(zip libzip)
bf_pkg_dependency(simdjson simdjson)
bf_pkg_dependency(spdlog spdlog)
bf_dependency(openssl OpenSSL::SSL OpenSSL::Crypto)
bf_dependency(cli11)
bf_dependency(tomlplusplus)
bf_dependency(json)

# Debian 12 ships llhttp as C sources inside node-llhttp; newer systems have libllhttp.
pkg_check_modules(llhttp IMPORTED_TARGET libllhttp)
if(llhttp_FOUND)
  bf_dependency(llhttp PkgConfig::llhttp)
else()
  find_path(LLHTTP_SOURCES llhttp.c PATHS /usr/share/llhttp REQUIRED)
  find_path(LLHTTP_INCLUDE llhttp.h PATHS /usr/share/include/llhttp REQUIRED)
  add_library(llhttp_static STATIC
    ${LLHTTP_SOURCES}/api.c ${LLHTTP_SOURCES}/http.c ${LLHTTP_SOURCES}/llhttp.c)
  target_include_directories(llhttp_static SYSTEM PUBLIC ${LLHTTP_INCLUDE})
  bf_dependency(llhttp llhttp_static)
endif()
