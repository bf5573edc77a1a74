#!/usr/bin/env bash
# Checks style and finds mistakes without running anything: clang-format, clang-tidy, shellcheck, and the syntax of
# Python, YAML and JSON files. Debian 12's tools (tools/setup.sh lint) decide.
#
# usage: tools/lint.sh [--all]
#
# Looks at the files that differ from origin/main (on main itself: from the commit before), or at all with --all.
# clang-tidy needs a tree that was configured and built (its compile database and the generated headers).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

case ${1:-} in
  '' | --all) ;;
  *) echo "usage: tools/lint.sh [--all]" >&2; exit 2 ;;
esac

# The commit to compare with; empty: there is none, so every file counts as changed.
base_commit() {
  [[ ${1:-} != --all ]] || return 0
  local base
  base=$(git merge-base HEAD origin/main 2>/dev/null || true)
  if [[ -z $base || $base == "$(git rev-parse HEAD)" ]]; then
    base=$(git rev-parse --verify --quiet HEAD~1 || true)
  fi
  printf '%s' "$base"
}

base=$(base_commit "$@")
mapfile -t files < <({
  if [[ -n $base ]]; then git diff --name-only --diff-filter=d "$base"; else git ls-files; fi
  git ls-files --others --exclude-standard
} | sort -u | while IFS= read -r file; do if [[ -f $file ]]; then printf '%s\n' "$file"; fi; done)

# matching REGEX: those of the files, one a line.
matching() { printf '%s\n' "${files[@]}" | grep -E "$1" || true; }

failed=()
# check NAME FILES COMMAND...: runs COMMAND on FILES (one a line), if there are any.
check() {
  local name=$1 list=()
  mapfile -t list < <(printf '%s' "$2")
  shift 2
  [[ ${#list[@]} -gt 0 ]] || return 0
  printf 'lint: %s, %s file(s)\n' "$name" "${#list[@]}"
  "$@" "${list[@]}" || failed+=("$name")
}

parse_python() {
  /usr/bin/python3 - "$@" <<'PYTHON'
import sys
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        compile(file.read(), path, "exec")  # unlike py_compile, leaves no file behind
PYTHON
}

parse_yaml() {
  /usr/bin/python3 - "$@" <<'PYTHON'
import sys
import yaml
for path in sys.argv[1:]:
    with open(path, encoding="utf-8") as file:
        list(yaml.safe_load_all(file))  # JSON is YAML, too
PYTHON
}

# The newest of the compile databases, of a tree made by g++. clang-tidy gets a copy without what only g++ knows.
tidy() {
  local database scratch sources status=0
  database=$(find build -maxdepth 2 -name compile_commands.json -printf '%T@ %p\n' 2>/dev/null | sort -rn |
    sed -n '1s/^[^ ]* //p')
  if [[ -z $database ]]; then
    echo "lint: clang-tidy left out: no tree is configured (cmake --preset release)"
    return 0
  fi
  scratch=$(mktemp -d)
  # A header is checked through the source file of the same name.
  mapfile -t sources < <(/usr/bin/python3 - "$database" "$scratch/compile_commands.json" "$@" <<'PYTHON'
import json
import os
import re
import sys

only_gcc = r" (-fpch-preprocess|-Winvalid-pch|-include \S*cmake_pch\.hxx)(?= )"
database, copy, *changed = sys.argv[1:]
wanted = {os.path.abspath(os.path.splitext(path)[0] + ".cc") for path in changed}
with open(database, encoding="utf-8") as file:
    entries = json.load(file)
for entry in entries:
    entry["command"] = re.sub(only_gcc, "", entry["command"])
with open(copy, "w", encoding="utf-8") as file:
    json.dump(entries, file)
for path in sorted({entry["file"] for entry in entries} & wanted):
    print(path)
PYTHON
  )
  if [[ ${#sources[@]} -gt 0 ]]; then
    # The last two are for g++'s omp.h, which clang does not bring.
    printf '%s\0' "${sources[@]}" |
      xargs -0 -n 1 -P "$(nproc)" clang-tidy --quiet -p "$scratch" --extra-arg=-Wno-unknown-warning-option \
        --extra-arg=-idirafter"$(g++ -print-file-name=include)" '--extra-arg=-D__malloc__(...)=' 2>/dev/null || status=$? # its diagnostics are on the standard output
  fi
  rm -rf "$scratch"
  return "$status"
}

check clang-format "$(matching '\.(cc|h)$')" clang-format --dry-run -Werror
check shellcheck "$(matching '(\.sh|^\.ci/run)$')" shellcheck
check 'Python syntax' "$(matching '\.py$')" parse_python
check 'YAML and JSON syntax' "$(matching '(\.(ya?ml|json)|^\.clang-(format|tidy))$')" parse_yaml
check clang-tidy "$(matching '^(server|client)/.*\.(cc|h)$')" tidy

if [[ ${#failed[@]} -gt 0 ]]; then
  printf 'lint: failed: %s\n' "$(IFS=,; echo "${failed[*]}")" >&2
  exit 1
fi
echo "lint: clean (${#files[@]} file(s) looked at)"
