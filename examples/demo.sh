#!/usr/bin/env bash
# Shows Rectifier at work: builds it, serves examples/models, classifies scanned digits with all four networks and
# prints their accuracy and some metrics. Ends by itself; exit code 0 only if every step, the server's clean stop
# included, worked. A second run builds nothing and needs no network.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly bin=build/release/bin
readonly data=examples/data/digits
readonly start_seconds=60 stop_seconds=40

step() { printf '\n== %s\n' "$*"; }
die() { printf 'demo: %s\n' "$*" >&2; exit 1; }

work=$(mktemp -d)
server=''
clean_up() {
  local status=$?
  if [[ -n $server ]]; then kill -KILL "$server" 2>/dev/null || true; fi
  if [[ $status -ne 0 && -s $work/server.log ]]; then
    printf 'demo: the last lines of the server:\n' >&2
    tail -n 20 "$work/server.log" >&2
  fi
  rm -rf "$work"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

build() {
  # The tests need packages that the demo does not ask for. A tree that already has them configured keeps them.
  local options=()
  if ! grep -qs 'RECTIFIER_BUILD_TESTS:BOOL=ON' build/release/CMakeCache.txt; then
    options=(-DRECTIFIER_BUILD_TESTS=OFF)
  fi
  cmake --preset release "${options[@]}" >"$work/configure.log" || { cat "$work/configure.log"; return 1; }
  cmake --build --preset release --target rectifier rectifier-client
}

# Prints what the server answers to "GET $1". Bash speaks TCP itself, so that no curl is needed.
http_get() {
  local connection
  exec {connection}<>"/dev/tcp/${http%:*}/${http##*:}"
  printf 'GET %s HTTP/1.0\r\nHost: %s\r\n\r\n' "$1" "$http" >&"$connection"
  timeout 10 cat <&"$connection"
  exec {connection}>&-
}

address() { sed -n "s/^$1=//p" "$work/ports"; }
server_runs() { kill -0 "$server" 2>/dev/null; }

step "Set-up and build"
tools/setup.sh build
build

step "Start the server"
"$bin/rectifier" serve --model-repository examples/models --grpc-port 0 --http-port 0 --port-file "$work/ports" \
  >"$work/server.log" 2>&1 &
server=$!
deadline=$((SECONDS + start_seconds))
until [[ -s $work/ports ]]; do
  server_runs || die "the server ended early"
  [[ $SECONDS -lt $deadline ]] || die "the server was not ready after $start_seconds s"
  sleep 0.1
done
grpc=$(address grpc) http=$(address http)
timeout 60 "$bin/rectifier-client" ready --server "$grpc" --wait 30
printf 'gRPC on %s, HTTP on %s\n' "$grpc" "$http"

step "Classify five scanned digits with the PReLU network"
images=("$data"/images/*.png)
timeout 60 "$bin/rectifier-client" classify --server "$grpc" --model digits_prelu --show 2 "${images[@]:0:5}"

for model in digits_leaky_relu digits_prelu digits_keras_leaky_relu digits_keras_prelu; do
  step "Classify the whole held-out split with $model"
  timeout 120 "$bin/rectifier-client" classify --server "$grpc" --model "$model" \
    --labels "$data/heldout_labels.npy" --images "$data/heldout_images.npy" --concurrency 64 --show 0 \
    --min-accuracy 0.98
done

step "What the server counted (GET /metrics)"
http_get /metrics >"$work/metrics"
grep -m 8 -E '^rectifier_[a-z_]*(_total|_count)\{.*\} [1-9]' "$work/metrics" || die "no counters in /metrics"

step "Stop the server (SIGTERM)"
kill -TERM "$server"
deadline=$((SECONDS + stop_seconds))
while server_runs; do
  [[ $SECONDS -lt $deadline ]] || die "the server still ran $stop_seconds s after SIGTERM"
  sleep 0.1
done
status=0
wait "$server" || status=$?
server=''
[[ $status -eq 0 ]] || die "the server ended with exit code $status"
printf 'It drained and ended with exit code 0.\n'
