#!/usr/bin/env bash
# Installs what Rectifier needs on Debian 12 or 13.
#
# usage: tools/setup.sh [SECTION...]
#
# A SECTION is one of tools/packages.txt (build, test, lint, training, runtime, image); the default is build. Only what
# is missing is installed, so a second run needs neither network nor root. Beside Debian's packages:
#   build  on Debian 12: .deps/onednn, the prefix with oneDNN that the CMake presets name
#   test   .deps/test-venv, the Python environment of the tests
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# The Python of Debian, whatever comes first on PATH: other builds may lack what the wheels were built for.
readonly python=/usr/bin/python3
readonly policy=/usr/sbin/policy-rc.d

detect_release() {
  local ID=unknown VERSION_CODENAME='' PRETTY_NAME='an unknown system'
  # shellcheck source=/dev/null
  if [[ -r /etc/os-release ]]; then . /etc/os-release; fi
  if [[ $ID != debian || ! $VERSION_CODENAME =~ ^(bookworm|trixie)$ || $(dpkg --print-architecture) != amd64 ]]; then
    die "only Debian 12 (bookworm) and 13 (trixie) on amd64 are supported; this is $PRETTY_NAME on $(uname -m)"
  fi
  printf '%s' "$VERSION_CODENAME"
}

# Prints the packages of section $1 for release $2.
packages_of() {
  awk -v any="[$1]" -v here="[$1:$2]" '
    { sub(/#.*/, ""); gsub(/[ \t]/, "") }
    /^\[/ { wanted = ($0 == any || $0 == here); next }
    wanted && NF { print }' tools/packages.txt
}

# Prints those of the named packages that are not installed.
missing_of() {
  local installed
  installed=$(dpkg-query --show --showformat='${db:Status-Abbrev}${Package}\n' | sed -n 's/^.i *//p')
  comm -23 <(printf '%s\n' "$@" | sort -u) <(sort -u <<<"$installed")
}

as_root() {
  if [[ $EUID -eq 0 ]]; then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo "$@"
  else
    die "must run as root (or have sudo) to install: ${missing[*]}"
  fi
}

install_packages() {
  local apt=(env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 -y -q)
  say "installing $*"
  # A package source of the machine's owner that cannot be reached is no reason to stop: the installation below decides.
  as_root "${apt[@]}" update || say "apt-get update failed, going on with the lists at hand"
  # No daemon (prometheus, here for its promtool) may start because somebody wanted to run the tests; policy-rc.d is how
  # Debian lets an administrator say so. An existing policy is left alone.
  if [[ ! -e $policy ]]; then
    trap 'as_root rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
    as_root chmod 755 "$policy"
  fi
  as_root "${apt[@]}" install --no-install-recommends "$@" </dev/null || die "apt-get install failed"
}

# Makes the virtual environment $1 from the requirements file $2 with the pip options $3..., unless it was already made
# from the same file by the same Python. The stamp is written last: an interrupted run starts over.
make_venv() {
  local venv=$1 requirements=$2 stamp=$1/.stamp wanted
  shift 2
  wanted="$(sha256sum "$requirements" | cut -d' ' -f1) $("$python" --version)"
  if [[ -f $stamp && $(<"$stamp") == "$wanted" ]]; then return 0; fi
  say "making $venv from $requirements"
  "$python" -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir --no-deps --only-binary=:all: \
    --requirement "$requirements" "$@"
  "$venv/bin/pip" --disable-pip-version-check check >/dev/null || "$venv/bin/pip" check
  finish_venv "$venv"
  printf '%s\n' "$wanted" >"$stamp"
}

# A wheel cannot hold symlinks, so this library comes three times, 54 MB each.
finish_venv() {
  local lib=$1/lib name
  [[ -e $lib/libdnnl.so.3.2 ]] || return 0
  for name in libdnnl.so libdnnl.so.3; do
    if cmp --silent "$lib/$name" "$lib/libdnnl.so.3.2"; then ln -sf libdnnl.so.3.2 "$lib/$name"; fi
  done
}

sections=("$@")
[[ ${#sections[@]} -gt 0 ]] || sections=(build)
release=$(detect_release)

wanted=()
for section in "${sections[@]}"; do
  mapfile -t packages < <(packages_of "$section" "$release")
  [[ ${#packages[@]} -gt 0 ]] || die "no section [$section] in tools/packages.txt"
  wanted+=("${packages[@]}")
done
mapfile -t missing < <(missing_of "${wanted[@]}")
if [[ ${#missing[@]} -gt 0 ]]; then install_packages "${missing[@]}"; fi

mkdir -p .deps
exec {lock}>.deps/lock
flock "$lock" # two set-ups in one tree take turns
for section in "${sections[@]}"; do
  case $section:$release in
    build:bookworm) make_venv .deps/onednn tools/onednn.txt --require-hashes ;;
    test:*) make_venv .deps/test-venv tests/requirements.txt ;;
  esac
done
say "ready: ${sections[*]}"
