#!/usr/bin/env bash
#
# Installs the system packages that bf needs, and only those that are missing.
set -euo pipefail
export LC_ALL=C

usage() {
  cat <<'EOF'
Usage: tools/install-deps.sh [--list] [GROUP]...

  tools/install-deps.sh              what the build and the tests need
  tools/install-deps.sh build lint   and the formatter and the linter
  tools/install-deps.sh --list       print what is missing, install nothing

Groups: build (default), lint (clang-format, clang-tidy), bench (nginx, the peers).

On Debian 12 or newer, and on Ubuntu where it has the packages, installs what is missing as root or
by sudo. On any other system names what is missing and stops. Exit 0: nothing is missing (any more);
1: something is.
EOF
}

# "package probe": the probe, a command or a header, tells on systems without dpkg whether it is there.
# "a|b": either will do; the first that the system offers is installed.
build_packages='
  clang-19                    clang++-19
  libclang-rt-19-dev          -
  lld-19                      ld.lld-19
  llvm-19                     llvm-symbolizer-19
  g++                         g++
  cmake                       cmake
  ninja-build                 ninja
  make                        make
  ccache                      ccache
  pkg-config|pkgconf          pkg-config
  git                         git
  libuv1-dev                  uv.h
  libsimdjson-dev             simdjson.h
  libllhttp-dev|node-llhttp   llhttp.h
  libdeflate-dev              libdeflate.h
  libzip-dev                  zip.h
  libxxhash-dev               xxhash.h
  libexpected-dev             tl/expected.hpp
  libfmt-dev                  fmt/format.h
  libspdlog-dev               spdlog/spdlog.h
  libcli11-dev                CLI/CLI.hpp
  libtomlplusplus-dev         toml++/toml.h
  liblz4-dev                  lz4.h
  libssl-dev                  openssl/ssl.h
  openssl                     openssl
  nlohmann-json3-dev          nlohmann/json.hpp
  libgtest-dev                gtest/gtest.h
  libgmock-dev                gmock/gmock.h
  libbenchmark-dev            benchmark/benchmark.h
  libfuse3-dev                fuse3/fuse.h
  e2fsprogs                   mkfs.ext4
  xfsprogs                    mkfs.xfs
  btrfs-progs                 mkfs.btrfs
  python3                     python3
  tinyproxy-bin|tinyproxy     tinyproxy
  microsocks                  microsocks
  strace                      strace
  curl                        curl
  ca-certificates             -
'
lint_packages='
  clang-format-19             clang-format-19
  clang-tidy-19               clang-tidy-19
'
bench_packages='
  nginx-light|nginx           nginx
  libnginx-mod-http-echo      -
  wrk                         wrk
  curl                        curl
  libcurl4-openssl-dev        curl/curl.h
  python3-aiohttp             -
'

say() { printf 'install-deps: %s\n' "$*" >&2; }

stop_missing() {  # $1: why nothing is installed
  say "$1; missing:"
  printf '  %s\n' "${missing[@]}" >&2
  exit 1
}

list_only=no
wanted=''
for argument in "$@"; do
  case $argument in
    -h | --help) usage; exit 0 ;;
    --list) list_only=yes ;;
    build) wanted+=$build_packages ;;
    lint) wanted+=$lint_packages ;;
    bench) wanted+=$bench_packages ;;
    *) say "unknown group: $argument"; usage >&2; exit 2 ;;
  esac
done
[[ -n $wanted ]] || wanted=$build_packages

with_apt=no
if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then with_apt=yes; fi

installed=' '
if [[ $with_apt == yes ]]; then
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' | sed -n 's/^installed //p' | tr '\n' ' ')
  installed=" $installed"
fi

is_present() {  # $1: package or alternatives, $2: probe
  if [[ $with_apt == yes ]]; then
    local package
    for package in ${1//|/ }; do
      [[ $installed == *" $package "* ]] && return 0
    done
    return 1
  fi
  case $2 in
    -) return 0 ;;
    *.h | *.hpp) [[ -n $(find /usr/include /usr/local/include -path "*/$2" -print -quit 2>/dev/null) ]] ;;
    *) command -v "$2" >/dev/null ;;
  esac
}

missing=()
while read -r package probe; do
  [[ -z $package ]] || is_present "$package" "$probe" || missing+=("$package")
done <<<"$wanted"

[[ ${#missing[@]} -gt 0 ]] || exit 0
if [[ $list_only == yes ]]; then
  printf '%s\n' "${missing[@]}"
  exit 1
fi
[[ $with_apt == yes ]] || stop_missing 'this system has no apt, so nothing was installed'

as_root=(env DEBIAN_FRONTEND=noninteractive)
if [[ $EUID -ne 0 ]]; then
  command -v sudo >/dev/null || stop_missing 'neither root nor sudo, so nothing was installed'
  # One question at most; none where nobody can answer it.
  if [[ -t 0 ]]; then sudo -v; else sudo -n true 2>/dev/null; fi ||
    stop_missing 'sudo was refused, so nothing was installed'
  as_root=(sudo "${as_root[@]}")
fi

say "installing ${#missing[@]} packages: ${missing[*]}"
"${as_root[@]}" apt-get update -q

chosen=()
unknown=()
for package in "${missing[@]}"; do
  found=''
  for alternative in ${package//|/ }; do
    if [[ $(apt-cache policy "$alternative") == *'Candidate: '[^\(]* ]]; then
      found=$alternative
      break
    fi
  done
  if [[ -n $found ]]; then chosen+=("$found"); else unknown+=("$package"); fi
done
if [[ ${#unknown[@]} -gt 0 ]]; then
  missing=("${unknown[@]}")
  stop_missing 'this system does not offer all packages (Debian 12 does), so nothing was installed'
fi

"${as_root[@]}" apt-get install -q -y --no-install-recommends "${chosen[@]}"
