#!/usr/bin/env python3
"""Measures how long the server takes from the start of its process until it is ready, and compares it with a target.

The server writes --port-file once it is ready, so the file's appearance ends the clock; ServerReady is then asked
through rectifier-client, outside the measured time, to see that the file told the truth. Exit code 0 when the median
is within the target, 1 when not.
"""

import argparse
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SECONDS = 30.0


def start_to_ready(program, client, repository):
    """One start, in seconds."""
    with tempfile.TemporaryDirectory(prefix="rectifier-") as scratch:
        port_file = os.path.join(scratch, "ports")
        command = [program, "serve", "--model-repository", str(repository), "--port-file", port_file]
        command += ["--grpc-port", "0", "--http-port", "0", "--lame-duck-ms", "0", "--log-level", "error"]
        begin = time.perf_counter()
        server = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            while not os.path.exists(port_file):
                if server.poll() is not None or time.perf_counter() - begin > SECONDS:
                    sys.exit(f"the server did not become ready (exit code {server.returncode})")
                time.sleep(0.0005)
            elapsed = time.perf_counter() - begin
            address = pathlib.Path(port_file).read_text().split()[0].removeprefix("grpc=")
            subprocess.run([client, "ready", "--server", address], stdout=subprocess.DEVNULL, check=True)
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=SECONDS)
        finally:
            server.kill()
            server.wait()
    return elapsed


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--model-repository", type=pathlib.Path, default=ROOT / "examples" / "models")
    parser.add_argument("--runs", type=int, default=20, help="after one to warm up; default: 20")
    parser.add_argument("--target-ms", type=float, default=150, help="for the median; default: 150")
    options = parser.parse_args()

    program, client = str(options.bin_dir / "rectifier"), str(options.bin_dir / "rectifier-client")
    start_to_ready(program, client, options.model_repository)
    times = [1e3 * start_to_ready(program, client, options.model_repository) for _ in range(options.runs)]
    median = statistics.median(times)
    print(
        f"start to ready: median {median:.1f} ms, min {min(times):.1f} ms, max {max(times):.1f} ms ({options.runs} runs), "
        f"target {options.target_ms:g} ms: {'met' if median <= options.target_ms else 'MISSED'}"
    )
    sys.exit(0 if median <= options.target_ms else 1)


if __name__ == "__main__":
    main()
