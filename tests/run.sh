#!/usr/bin/env bash
# Builds Rectifier with its tests and runs them all; ctest's summary is the last thing printed.
#
# usage: tests/run.sh [PRESET]        release (default), dev, asan-ubsan or tsan
#
# RECTIFIER_TEST_SECONDS bounds the whole run (default 1200).
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
preset=${1:-release}

tools/setup.sh build test
cmake --preset "$preset"
cmake --build --preset "$preset"
exec timeout --kill-after=10 "${RECTIFIER_TEST_SECONDS:-1200}" ctest --preset "$preset" --output-on-failure
