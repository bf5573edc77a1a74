#!/usr/bin/env bash
# Collects the root file system of the container image (called by the Dockerfile, on Debian).
#
# usage: tools/rootfs.sh PROGRAMS_DIR OUT_DIR
#
# OUT_DIR gets the programs of PROGRAMS_DIR in /usr/bin, the shared libraries they need and the loader, the copyright
# and package records of the packages these come from (image scanners read /var/lib/dpkg/status.d), the users root and
# rectifier, and an empty /models.
set -euo pipefail

[[ $# -eq 2 ]] || { echo "usage: tools/rootfs.sh PROGRAMS_DIR OUT_DIR" >&2; exit 2; }
programs=$1 out=$2
source_root=$(dirname "${BASH_SOURCE[0]}")/..

install -d "$out"/{etc,models,usr/bin,usr/lib/x86_64-linux-gnu,lib64,var/lib/dpkg/status.d,usr/share/doc/rectifier}
install -m 755 "$programs"/* "$out/usr/bin/"
install -m 644 "$source_root/LICENSE" "$out/usr/share/doc/rectifier/copyright"

# "libx.so.1 => /path (0x…)" or "/path (0x…)" for the loader; the line of the kernel's own object has no path.
dependencies=$(ldd "$programs"/*)
if grep 'not found' <<<"$dependencies" >&2; then exit 1; fi
mapfile -t libraries < <(sed -nE 's/^.*[[:space:]](\/[^ ]+) \(0x[0-9a-f]+\)$/\1/p' <<<"$dependencies" | sort -u)

for library in "${libraries[@]}"; do
  case $library in
    # The programs name the loader by its full path; every other library is found in the default folder by its name.
    */ld-linux-*) target=$out$library ;;
    *) target=$out/usr/lib/x86_64-linux-gnu/${library##*/} ;;
  esac
  install -m 755 "$library" "$target"
  # dpkg knows a file by its real path, without the links of a merged /usr.
  package=$(dpkg-query --search "$(realpath "$library")" | cut -d: -f1 | head -n 1)
  dpkg-query --status "$package" >"$out/var/lib/dpkg/status.d/$package"
  install -D -m 644 "/usr/share/doc/$package/copyright" "$out/usr/share/doc/$package/copyright"
done

printf 'root:x:0:0:root:/:/sbin/nologin\nrectifier:x:65532:65532:rectifier:/:/sbin/nologin\n' >"$out/etc/passwd"
printf 'root:x:0:\nrectifier:x:65532:\n' >"$out/etc/group"
printf 'rootfs: %s libraries, %s\n' "${#libraries[@]}" "$(du -sh --apparent-size "$out" | cut -f1)"
