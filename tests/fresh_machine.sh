#!/usr/bin/env bash
#
# Goal: the two commands of the README work on a machine that has none of the packages.
# Method: bootstrap a Debian 12 into a folder, clone this repository (its last commit) into it, and run
# the commands inside by chroot, in namespaces of their own, so that mounts and processes end with them.
# Needs root, debootstrap and the network; skips with 77 without. Takes long and is in no default suite.
#
# Usage: tests/fresh_machine.sh [COMMAND]...     default: 'make demo' 'make demo' 'make test'
set -euo pipefail
export LC_ALL=C
repository=$(cd "$(dirname "$0")/.." && pwd)
suite=bookworm
[[ $# -gt 0 ]] || set -- 'make demo' 'make demo' 'make test'

skip() {
  echo "fresh_machine: SKIPPED: $*" >&2
  exit 77
}
[[ $EUID -eq 0 ]] || skip 'needs root'
for program in debootstrap apt-get git unshare chroot; do
  command -v "$program" >/dev/null || skip "needs $program"
done
unshare --mount --pid --fork true 2>/dev/null || skip 'needs namespaces (unshare)'

# The package sources are the host's own, as apt sees them: lines "URI RELEASE".
sources=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
  awk -v suite="$suite" '$3 == "main" && ($2 == suite || index($2, suite "-") == 1) { print $1, $2 }' | sort -u)
mirror=$(awk -v suite="$suite" '$2 == suite { print $1; exit }' <<<"$sources")
[[ -n $mirror ]] || skip "this machine has no package source for $suite"

machine=$(mktemp -d "${TMPDIR:-/var/tmp}/bf-fresh.XXXXXX")
chmod 755 "$machine"  # apt's own user reads inside
trap 'rm -rf --one-file-system "$machine"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

echo "== bootstrap: $suite"
# make and git are what it takes to clone and to say "make".
debootstrap --variant=minbase --include=make,git,ca-certificates "$suite" "$machine" "$mirror" >"$machine.log" 2>&1 ||
  { tail -n 20 "$machine.log" >&2; rm -f "$machine.log"; exit 1; }
rm -f "$machine.log"

# What the host needs to reach its sources, the machine needs too: proxies, names, certificates, keys.
awk '{ print "deb", $1, $2, "main" }' <<<"$sources" >"$machine/etc/apt/sources.list"
apt-config dump | grep -E '^Acquire::(http|https|Check-|Retries|ForceIPv)' >"$machine/etc/apt/apt.conf.d/90host" || true
cp -r /etc/apt/auth.conf.d/. "$machine/etc/apt/auth.conf.d/" 2>/dev/null || true
cp -r /etc/apt/trusted.gpg.d/. "$machine/etc/apt/trusted.gpg.d/" 2>/dev/null || true
cp -L /etc/resolv.conf /etc/hosts "$machine/etc/"
cp -r /usr/local/share/ca-certificates/. "$machine/usr/local/share/ca-certificates/" 2>/dev/null || true
# No service starts by being installed.
printf '#!/bin/sh\nexit 101\n' >"$machine/usr/sbin/policy-rc.d"
chmod +x "$machine/usr/sbin/policy-rc.d"

proxies=()
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [[ -z ${!name:-} ]] || proxies+=("$name=${!name}")
done
inside() {
  unshare --mount --pid --fork --kill-child --mount-proc="$machine/proc" \
    chroot "$machine" /usr/bin/env -i HOME=/srv PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    LANG=C.UTF-8 "${proxies[@]}" /bin/bash -euc "$1"
}
inside update-ca-certificates >/dev/null 2>&1

git clone -q --no-local "$repository" "$machine/srv/bf"

for command in "$@"; do
  echo "== $command"
  started=$SECONDS
  # The second line fails when the command left one of bf's programs running.
  inside "cd /srv/bf
$command
! grep -l '^bf-' /proc/[0-9]*/comm"
  echo "== $command: $((SECONDS - started)) s"
done
echo 'fresh_machine: passed'
