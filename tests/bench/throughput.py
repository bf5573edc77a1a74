#!/usr/bin/env python3
"""Measures requests per second of a sample model over gRPC, with many requests in flight.

Starts a server and runs `rectifier-client classify` against it, one image a request; client and server share the
machine, so the figure is of the two together. The figure that counts is the best of several blocks: the machine may be
busy with something else.
"""

import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
IMAGES = ROOT / "examples" / "data" / "digits" / "heldout_images.npy"
SECONDS = 60.0


def wait_for_ports(server, port_file):
    deadline = time.monotonic() + SECONDS
    while not os.path.exists(port_file):
        if server.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"the server did not become ready (exit code {server.returncode})")
        time.sleep(0.005)
    return pathlib.Path(port_file).read_text().split()[0].removeprefix("grpc=")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--model", default="digits_prelu")
    parser.add_argument("--concurrency", type=int, default=64)
    parser.add_argument("--requests", type=int, default=20_000, help="in one block")
    parser.add_argument("--blocks", type=int, default=3)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory(prefix="rectifier-") as scratch:
        images = np.load(IMAGES)
        np.save(os.path.join(scratch, "images.npy"), np.resize(images, (options.requests, *images.shape[1:])))
        port_file = os.path.join(scratch, "ports")
        command = [options.bin_dir / "rectifier", "serve", "--model-repository", ROOT / "examples" / "models"]
        command += ["--grpc-port", "0", "--http-port", "0", "--lame-duck-ms", "0", "--log-level", "error"]
        server = subprocess.Popen([*command, "--port-file", port_file], stdin=subprocess.DEVNULL)
        try:
            classify = [options.bin_dir / "rectifier-client", "classify"]
            classify += ["--server", wait_for_ports(server, port_file), "--model", options.model, "--show", "0"]
            classify += ["--images", os.path.join(scratch, "images.npy"), "--concurrency", str(options.concurrency)]
            rates = []
            for _ in range(options.blocks):
                begin = time.perf_counter()
                subprocess.run(classify, stdout=subprocess.DEVNULL, check=True)
                rates.append(options.requests / (time.perf_counter() - begin))
            server.send_signal(signal.SIGTERM)
            server.wait(timeout=SECONDS)
        finally:
            server.kill()
            server.wait()
    print(
        f"{options.model}, {options.concurrency} in flight: {max(rates):.0f} requests/s "
        f"(blocks of {options.requests}: {', '.join(f'{rate:.0f}' for rate in rates)})"
    )


if __name__ == "__main__":
    main()
