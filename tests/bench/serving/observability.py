#!/usr/bin/env python3
"""Measures what metrics and the access log cost a server of a network that computes next to nothing.

* Metrics cannot be switched off. So everything that is reported of a request is timed apart (observer_cost), with two
  threads that disturb each other all the time, and set against the CPU time that the server takes for a request under
  load. Target: at most 2 %; exit code 1 above it.
* The access log can: servers with it off, at its default, sampled and for all requests are driven in turns. A figure is
  the median of the turns' ratios to the one without, and in brackets their least and greatest. Its lines go to a file.

Needs numpy, onnx, onnxruntime and tritonclient[grpc].
"""

import argparse
import contextlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import contenders
import run

TARGET = 0.02
KINDS = {
    "off": ("--access-log", "off"),
    "errors (default)": (),
    "sampled, 1 of 100": ("--access-log", "sampled"),
    "all, JSON": ("--access-log", "all", "--log-format", "json"),
    "all, text": ("--access-log", "all"),
}


def observer_costs(bin_dir):
    """CPU nanoseconds of a call by benchmark."""
    command = [bin_dir / "observer_cost", "--benchmark_format=json", "--benchmark_min_time=0.3"]
    report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return {entry["name"]: entry["cpu_time"] for entry in report["benchmarks"]}


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(load, server, request, concurrency):
    addresses, process = server
    before = cpu_seconds(process)
    report = load(addresses["grpc"], request, concurrency)
    # The generator's warm-up of half a second takes CPU time, too, at the same rate.
    requests = report["per_second"] * (load.seconds + 0.5)
    return {"per_second": report["per_second"], "cpu_us": (cpu_seconds(process) - before) * 1e6 / requests}


class Load(run.Load):
    def __init__(self, bin_dir, scratch, seconds):
        super().__init__(bin_dir, scratch, seconds)
        self.seconds = seconds


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", type=pathlib.Path, default=run.ROOT / "build" / "release" / "bin")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each server")
    parser.add_argument("--seconds", type=float, default=3, help="of one measurement")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[8, 64])
    options = parser.parse_args()

    costs = observer_costs(options.bin_dir)
    rows = [[name, f"{cost:.0f}"] for name, cost in costs.items()]
    run.table("What is reported of one request, CPU ns", ["call", "ns"], rows)
    counting = costs["CountRequest/real_time/threads:2"]

    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory(prefix="rectifier-bench-"))
        (network,) = run.catalog.selected([run.SMALL])
        model = network.model("full")
        folder = pathlib.Path(scratch) / "models" / network.name / "1"
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(model.SerializeToString())
        request = run.request_for(network, model, typed=False)
        load = Load(options.bin_dir, scratch, options.seconds)
        servers = {}
        for name, settings in KINDS.items():
            log = stack.enter_context(open(pathlib.Path(scratch) / "log", "wb"))
            servers[name] = stack.enter_context(
                contenders.rectifier(
                    options.bin_dir, folder.parents[1], scratch, "--workers", "2", "--log-level", "info", *settings, stderr=log
                )
            )
        shares = []
        for concurrency in options.concurrency:
            turns = {
                name: lambda server=server: measure(load, server, request, concurrency) for name, server in servers.items()
            }
            results = run.in_turns(options.rounds, turns)
            cpu_us = statistics.median(turn["cpu_us"] for turn in results["off"])
            shares.append(counting / 1e3 / cpu_us)
            rows = [
                [
                    name,
                    f"{statistics.median(turn['per_second'] for turn in results[name]):.0f}",
                    f"{statistics.median(turn['cpu_us'] for turn in results[name]):.1f}",
                    run.ratios(results, name, "off", "per_second"),
                    run.ratios(results, name, "off", "cpu_us"),
                ]
                for name in KINDS
            ]
            header = ["access log", "requests/s", "server's CPU µs a request", "throughput", "CPU time"]
            run.table(f"{network.name}, {concurrency} in flight, in parts of the server without an access log", header, rows)
            print(f"\nMetrics: {counting:.0f} ns of {cpu_us:.1f} µs a request, {100 * shares[-1]:.2f} %", flush=True)
    if max(shares) > TARGET:
        sys.exit(f"metrics take {100 * max(shares):.2f} % of the server's CPU time, more than {100 * TARGET:.0f} %")


if __name__ == "__main__":
    main()
