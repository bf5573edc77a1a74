#!/usr/bin/env bash
# Builds and tries out the container image on a Debian machine without a Docker engine (as root): makes the base image
# with debootstrap when it is missing, builds the Dockerfile with buildah, prints the size of the unpacked image, runs
# it with examples/models, and lets the natively built client (build/release) classify against it. Where there is a
# Docker engine, "docker build -t rectifier ." is all it takes.
#
# usage: tools/image.sh [WORK_DIR]        default: /var/tmp/rectifier-image; kept, it holds the base image
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly work=${1:-/var/tmp/rectifier-image}
readonly base=debian:trixie-slim image=rectifier
readonly data=examples/data/digits client=build/release/bin/rectifier-client
readonly limit_mb=120 start_seconds=60 stop_seconds=40

# The images live in WORK_DIR, so that removing it removes everything. "vfs" and "chroot" need no kernel feature.
readonly storage=(--root "$work/storage" --runroot "$work/run" --storage-driver vfs)

step() { printf '\n== %s\n' "$*"; }
die() { printf 'image: %s\n' "$*" >&2; exit 1; }

container='' runner=''
clean_up() {
  if [[ -n $runner ]]; then kill -TERM "$runner" 2>/dev/null || true; fi
  if [[ -n $container ]]; then buildah "${storage[@]}" rm "$container" >/dev/null || true; fi
}
trap clean_up EXIT

# buildah answers SIGTERM by killing what runs in the container, so the server must get it directly: it is the last of
# the chain of processes that starts with $1.
last_descendant() {
  local pid=$1 child
  while child=$(cat "/proc/$pid/task/"*/children 2>/dev/null) && [[ -n $child ]]; do pid=${child%% *}; done
  printf '%s' "$pid"
}

[[ $EUID -eq 0 ]] || die "must run as root"
[[ -x $client ]] || die "$client is missing: build the release preset first"
tools/setup.sh image
mkdir -p "$work"

if ! podman "${storage[@]}" image exists "$base"; then
  step "Make the base image"
  root=$(mktemp -d "$work/debootstrap.XXXXXX")
  chmod 755 "$root" # it becomes "/"
  debootstrap --variant=minbase trixie "$root" >"$work/debootstrap.log" || die "see $work/debootstrap.log"
  tar -C "$root" -c . | podman "${storage[@]}" import --quiet - "$base"
  rm -rf "$root"
fi

step "Build the image"
# The format is Docker's because the other one has no health check.
buildah "${storage[@]}" bud --isolation chroot --pull-never --format docker --tag "$image" .
container=$(buildah "${storage[@]}" from --pull-never "$image")
size_mb=$(($(du -sb "$(buildah "${storage[@]}" mount "$container")" | cut -f1) / 1000000))
printf 'unpacked: %s MB (limit %s MB)\n' "$size_mb" "$limit_mb"
[[ $size_mb -le $limit_mb ]] || die "the image is too large"

step "Run it"
rm -rf "$work/ports"
install -d -o 65532 -g 65532 "$work/ports" # the only place where the container's user can write
buildah "${storage[@]}" run --isolation chroot --volume "$PWD/examples/models:/models:ro" \
  --volume "$work/ports:/ports" "$container" -- \
  /usr/bin/rectifier serve --grpc-port 0 --http-port 0 --port-file /ports/file &
runner=$!
deadline=$((SECONDS + start_seconds))
until [[ -s $work/ports/file ]]; do
  kill -0 "$runner" 2>/dev/null || die "the container ended early"
  [[ $SECONDS -lt $deadline ]] || die "the server was not ready after $start_seconds s"
  sleep 0.1
done
# It listens on every address of the network it shares with this machine.
server=127.0.0.1:$(sed -n 's/^grpc=.*://p' "$work/ports/file")
timeout 60 "$client" ready --server "$server" --wait 30
buildah "${storage[@]}" run --isolation chroot "$container" -- /usr/bin/rectifier-client ready --server "$server"
for model in digits_leaky_relu digits_prelu digits_keras_leaky_relu digits_keras_prelu; do
  timeout 120 "$client" classify --server "$server" --model "$model" \
    --labels "$data/heldout_labels.npy" --images "$data/heldout_images.npy" --min-accuracy 0.99
done

step "Stop it"
kill -TERM "$(last_descendant "$runner")"
deadline=$((SECONDS + stop_seconds))
while kill -0 "$runner" 2>/dev/null; do
  [[ $SECONDS -lt $deadline ]] || die "the container still ran $stop_seconds s after SIGTERM"
  sleep 0.1
done
status=0
wait "$runner" || status=$?
runner=''
[[ $status -eq 0 ]] || die "the server ended with exit code $status"
printf 'image: works, %s MB\n' "$size_mb"
