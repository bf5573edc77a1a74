#!/usr/bin/env python3
"""Compares what `simulator` predicts of the batcher with what the server does.

The server has one worker, so that it and its client do not share a CPU for long. What the Programs cost is read from its
metrics; what lies outside of the workers is what a client alone waits for longer. The simulator is given both, and the
same arrivals: clients that wait for each answer, and requests that come independently of each other at a rate, with
deadlines. Both are run several times; a figure of the server is the median, with the least and the greatest in brackets.

Exit code 1 when a prediction is further off than the tolerance: a fifth of the server's figure (a machine that is shared
differs from itself by as much), of refusals 5 % of the requests. p99 is printed and not judged: in a few seconds it is
made by a few requests. Needs numpy, onnx, onnxruntime and tritonclient[grpc].
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import urllib.request

import contenders
import run

NETWORK = "mobilefacenet"
TOLERANCE = 0.20
REFUSALS = 0.05
CLIENTS = (1, 4, 16, 64)
RATES = (0.5, 0.8, 2.0)  # of what one request after the other comes to
DEADLINES = 25  # times what a request takes alone


def scrape(address):
    """The samples of the metrics page: {(name, labels): value}."""
    with urllib.request.urlopen(f"http://{address}/metrics", timeout=10) as page:
        text = page.read().decode()
    return {(name, labels): float(value) for name, labels, value in re.findall(r"^(\w+)\{(.*)\} (\S+)$", text, re.MULTILINE)}


def program_costs(address):
    """Milliseconds by batch size."""
    return {
        int(re.search(r'batch="(\d+)"', labels)[1]): 1e3 * value
        for (name, labels), value in scrape(address).items()
        if name == "rectifier_program_cost_seconds"
    }


def batches(address):
    """Samples and batches so far."""
    page = scrape(address)
    samples = sum(value for (name, _), value in page.items() if name == "rectifier_batch_samples_sum")
    runs = sum(value for (name, _), value in page.items() if name == "rectifier_batches_closed_total")
    return samples, runs


class Compared:
    def __init__(self, options, addresses, request_file):
        self._options = options
        self._addresses = addresses
        self._request = request_file

    def _program(self, name, *arguments):
        command = [self._options.bin_dir / name, *map(str, arguments)]
        return json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    def _load(self, *arguments):
        before = batches(self._addresses["http"])
        report = self._program("load_generator", "--target", self._addresses["grpc"], "--request", self._request, *arguments)
        samples, runs = (after - b for after, b in zip(batches(self._addresses["http"]), before))
        return report, samples / max(runs, 1)

    def closed(self, clients):
        arguments = ("--concurrency", clients, "--connections", min(clients, 8), "--seconds", self._options.seconds)
        report, batch = self._load(*arguments)
        return {key: report[key] for key in ("per_second", "p50_ms", "p99_ms")} | {"refused": 0.0, "batch": batch}

    def open(self, rate, timeout_ms):
        seconds = self._options.seconds
        # The first half is for the queue to become what it is.
        arguments = ("--phase", f"{rate}:{2 * seconds}", "--window", seconds, "--timeout-ms", timeout_ms, "--connections", 4)
        windows, batch = self._load(*arguments)
        report = windows[1]
        sent = sum(report["codes"].values())
        refused = 1 - report["codes"].get("OK", 0) / sent
        return {key: report[key] for key in ("per_second", "p50_ms", "p99_ms")} | {"refused": refused, "batch": batch}

    def predicted(self, costs, transport_ms, *arguments):
        known = [option for size, cost in costs.items() for option in ("--cost", f"{size}:{cost}")]
        report = self._program("simulator", *known, "--transport-ms", transport_ms, "--seconds", 30, *arguments)
        sent = report["per_second"] + report["refused_per_second"] + report["dropped_per_second"]
        refused = 1 - report["per_second"] / sent
        return {key: report[key] for key in ("per_second", "p50_ms", "p99_ms")} | {"refused": refused, "batch": report["mean_batch"]}


def row(name, predicted, measured):
    """The table's row, and whether the prediction is good."""
    cells, good = [name], True
    for key, digits in (("per_second", 0), ("p50_ms", 1), ("p99_ms", 1), ("batch", 1), ("refused", 2)):
        values = sorted(one[key] for one in measured)
        median = statistics.median(values)
        cells.append(f"{predicted[key]:.{digits}f} / {median:.{digits}f} [{values[0]:.{digits}f}–{values[-1]:.{digits}f}]")
        if key == "refused":
            good &= abs(predicted[key] - median) <= REFUSALS
        elif key in ("per_second", "p50_ms"):
            good &= abs(predicted[key] - median) <= TOLERANCE * median
    return [*cells, "yes" if good else "**no**"], good


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", type=pathlib.Path, default=run.ROOT / "build" / "release" / "bin")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3, help="of one measurement")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rectifier-bench-") as scratch:
        (network,) = run.catalog.selected([NETWORK])
        model = network.model("full")
        folder = pathlib.Path(scratch) / "models" / network.name / "1"
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(model.SerializeToString())
        request_file = pathlib.Path(scratch) / "request"
        request_file.write_bytes(run.request_for(network, model, typed=False))
        with contenders.rectifier(options.bin_dir, folder.parents[1], scratch, "--workers", "1") as (addresses, _):
            compared = Compared(options, addresses, request_file)
            alone = compared.closed(1)
            capacity = 1e3 / program_costs(addresses["http"])[1]
            timeout_ms = DEADLINES * alone["p50_ms"]
            # Of each: the arrivals as the simulator takes them, and how the server is given them.
            cases = {
                f"{n} clients": (("--clients", n), lambda n=n: compared.closed(n)) for n in CLIENTS
            } | {
                f"{times:.1f} × {capacity:.0f}/s": (
                    ("--rate", times * capacity, "--timeout-ms", timeout_ms),
                    lambda times=times: compared.open(times * capacity, timeout_ms),
                )
                for times in RATES
            }
            measured = run.in_turns(options.rounds, {name: measure for name, (_, measure) in cases.items()})
            costs = program_costs(addresses["http"])
            transport_ms = statistics.median(one["p50_ms"] for one in measured["1 clients"]) - costs[1]
            rows, good = [], True
            for name, (arrivals, _) in cases.items():
                cells, as_predicted = row(name, compared.predicted(costs, transport_ms, *arrivals), measured[name])
                rows.append(cells)
                good &= as_predicted
    run.table(
        f"{NETWORK}, one worker; predicted / measured. Programs: "
        + ", ".join(f"{size}: {cost:.1f} ms" for size, cost in sorted(costs.items()))
        + f"; outside of the worker {transport_ms:.1f} ms; deadlines {timeout_ms:.0f} ms",
        ["arrivals", "answers/s", "p50 ms", "p99 ms", "samples a batch", "refused", f"within {TOLERANCE:.0%}"],
        rows,
    )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
