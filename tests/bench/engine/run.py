#!/usr/bin/env python3
"""Measures the engine beside ONNX Runtime and OpenVINO on the networks that Rectifier is for.

The first run makes a virtual environment with the peers, outside the project. Each row is a network, a batch and a
number of threads. The three engines run it in turns, each in a process of its own, and must agree. A row's ratio is the
better peer's time over ours, the median of all turns, with the least and the greatest. The share of the peak is the
network's arithmetic over our best time, in parts of what the cores do in fused multiply-adds on registers, the best
of the same turns: others use the machine too, and the best of both is least theirs. The limit is the time that the arithmetic takes at that peak, or, where that is more, the time to read weights
and inputs and to write outputs from and to memory once, as if no cache held them.

Exit code 1 when the answers differ.
"""

import argparse
import contextlib
import csv
import dataclasses
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import venv

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CACHE = pathlib.Path(os.environ.get("XDG_CACHE_HOME", pathlib.Path.home() / ".cache")) / "rectifier-bench"
PEERS = ("onnxruntime", "openvino")
ENGINES = ("rectifier", *PEERS)
MAX_DIFFERENCE = 1e-4  # in parts of the output's largest magnitude


def enter_environment(folder):
    """Goes on in the virtual environment of the peers, which is made when there is none."""
    python = folder / "bin" / "python"
    wanted = (HERE / "requirements.txt").read_text()
    made_for = folder / "requirements.txt"
    if not made_for.exists() or made_for.read_text() != wanted:
        print(f"making {folder}", file=sys.stderr)
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "-r", HERE / "requirements.txt"], check=True)
        made_for.write_text(wanted)
    if pathlib.Path(sys.prefix).resolve() != folder.resolve():
        os.execv(python, [python, *sys.argv])


class Contestant:
    """A process that has loaded a network and answered once."""

    def __init__(self, engine, case, threads, options):
        command = [options.bin_dir / "contestant"]
        environment = dict(os.environ)
        if engine != "rectifier":
            command = [sys.executable, HERE / "peer_contestant.py", engine]
        if options.isa == "avx2":
            # Reaches Rectifier and OpenVINO, which use oneDNN. ONNX Runtime goes on with what the CPU has.
            environment["ONEDNN_MAX_CPU_ISA"] = "AVX2"
        command += [case.model, "--threads", str(threads)]
        command += [word for name, file in case.inputs.items() for word in ("--input", f"{name}={file}")]
        self.engine = engine
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.start = self._answer()

    def time(self, seconds):
        return self._ask(f"time {seconds}")

    def outputs(self, numpy):
        with tempfile.TemporaryDirectory(prefix="rectifier-bench-") as folder:
            self._process.stdin.write(f"answer {folder}\n")
            self._process.stdin.flush()
            if not self._process.stdout.readline():
                sys.exit(f"{self.engine} ended")
            files = sorted(pathlib.Path(folder).iterdir(), key=lambda path: int(path.stem))
            return [numpy.load(file) for file in files]

    def close(self):
        self._process.stdin.close()
        self._process.wait(timeout=60)

    def _ask(self, command):
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self):
        line = self._process.stdout.readline()
        if not line:
            sys.exit(f"{self.engine} ended with exit code {self._process.wait()}")
        return json.loads(line)


@dataclasses.dataclass
class Row:
    network: str
    batch: int
    threads: int
    gflop: float
    ms: dict  # engine: median of each turn
    best_ms: dict  # engine: of all runs
    peaks: list  # GFLOP/s, of each turn
    gigabytes: float  # weights, inputs and outputs
    bandwidth: float  # GB/s
    starts: dict  # engine: seconds to the first answer, MiB before and after
    difference: float  # greatest, from either peer

    @property
    def better_peer(self):
        return min(PEERS, key=lambda peer: statistics.median(self.ms[peer]))

    @property
    def ratios(self):
        return sorted(theirs / ours for ours, theirs in zip(self.ms["rectifier"], self.ms[self.better_peer], strict=True))

    @property
    def ratio(self):
        return statistics.median(self.ratios)

    @property
    def share(self):
        """Of the machine's peak."""
        return self.gflop / (self.best_ms["rectifier"] / 1e3) / max(self.peaks)

    @property
    def ratio_of_best(self):
        """Of the best runs, with the peer that is best by them."""
        return min(self.best_ms[peer] for peer in PEERS) / self.best_ms["rectifier"]

    @property
    def limit(self):
        """Milliseconds, and what binds."""
        arithmetic = self.gflop / max(self.peaks) * 1e3
        memory = self.gigabytes / self.bandwidth * 1e3
        return (arithmetic, "arithmetic") if arithmetic >= memory else (memory, "memory")

    def median(self, engine):
        return statistics.median(self.ms[engine])


def limits(options, threads, *more):
    """GFLOP/s, and with --memory GB/s."""
    command = [options.bin_dir / "machine_limits", "--threads", str(threads), "--seconds", "0.05", *more]
    command += ["--avx2"] if options.isa == "avx2" else []
    return [float(word) for word in subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()]


def greatest_difference(ours, theirs, numpy):
    worst = 0.0
    for a, b in zip(ours, theirs, strict=True):
        if a.shape != b.shape:
            return float("inf")
        if not (numpy.isfinite(a).all() and numpy.isfinite(b).all()):
            return float("inf")
        largest = numpy.abs(b).max()
        worst = max(worst, float(numpy.abs(a - b).max() / largest) if largest else float(numpy.abs(a).max()))
    return worst


def touch_memory(numpy):
    """Has the machine's host provide memory, which a virtual machine waits for at the first touch.

    The engine that starts first would wait for all.
    """
    numpy.ones(1 << 29, dtype=numpy.uint8)


def measure(case, threads, bandwidth, options, numpy):
    touch_memory(numpy)
    with contextlib.ExitStack() as stack:
        contestants = {}
        for engine in ENGINES:
            contestants[engine] = Contestant(engine, case, threads, options)
            stack.callback(contestants[engine].close)
        outputs = {engine: contestant.outputs(numpy) for engine, contestant in contestants.items()}
        difference = max(greatest_difference(outputs["rectifier"], outputs[peer], numpy) for peer in PEERS)
        ms = {engine: [] for engine in ENGINES}
        best_ms = dict.fromkeys(ENGINES, float("inf"))
        peaks = []
        for turn in range(options.rounds):
            for engine in ENGINES if turn % 2 == 0 else reversed(ENGINES):
                times = contestants[engine].time(options.seconds)
                ms[engine].append(times["median_ms"])
                best_ms[engine] = min(best_ms[engine], times["min_ms"])
            peaks.append(limits(options, threads)[0])
        starts = {engine: contestant.start for engine, contestant in contestants.items()}
        ours = starts["rectifier"]
        gigabytes = ours["bytes"] / 1e9
        return Row(
            case.name, case.batch, threads, ours["flop"] / 1e9, ms, best_ms, peaks, gigabytes, bandwidth, starts, difference
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--environment", type=pathlib.Path, default=CACHE / "peers", help="of Python; default: %(default)s")
    parser.add_argument("--only", nargs="+", metavar="NETWORK")
    parser.add_argument("--batch", type=int, nargs="+", default=[1, 8, 32])
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=7, help="turns of each engine")
    parser.add_argument("--seconds", type=float, default=0.1, help="of one turn, at least one run")
    parser.add_argument("--isa", choices=["native", "avx2"], default="native")
    parser.add_argument("--csv", type=pathlib.Path, metavar="FILE")
    parser.add_argument("--table", type=pathlib.Path, metavar="FILE.md")
    parser.add_argument("--picture", type=pathlib.Path, metavar="FILE.svg")
    options = parser.parse_args()
    enter_environment(options.environment)
    import numpy

    import report
    import suite

    rows = []
    bandwidths = {threads: limits(options, threads, "--memory")[1] for threads in options.threads}
    print("memory: " + ", ".join(f"{threads} threads {rate:.1f} GB/s" for threads, rate in bandwidths.items()))
    if options.isa == "avx2":
        print("ONNX Runtime is not limited to AVX2")
    print(report.header(), flush=True)
    with tempfile.TemporaryDirectory(prefix="rectifier-bench-") as scratch:
        for name in options.only or suite.NAMES:
            for threads in options.threads:
                for batch in options.batch:
                    case = suite.write_case(name, batch, pathlib.Path(scratch))
                    rows.append(measure(case, threads, bandwidths[threads], options, numpy))
                    print(report.line(rows[-1]), flush=True)
    print(report.summary(rows))
    if options.csv:
        with open(options.csv, "w", newline="") as file:
            csv.writer(file).writerows(report.csv_rows(rows))
    if options.table:
        options.table.write_text(report.table(rows))
    if options.picture:
        options.picture.write_text(report.picture(rows))
    wrong = [row for row in rows if not row.difference <= MAX_DIFFERENCE]
    for row in wrong:
        print(f"{row.network}, batch {row.batch}, {row.threads} threads: differs by {row.difference:.1e}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
