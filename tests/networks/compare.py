#!/usr/bin/env python3
"""Compares `rectifier run` with ONNX Runtime over every network, at three shapes each.

The difference of two outputs is max |ours - theirs| / max |theirs|: relative to the largest magnitude of that output.
Relative to each element it would be large wherever terms cancel, in both programs alike.
"""

import argparse
import math
import pathlib
import subprocess
import sys
import tempfile

import catalog
import numpy as np
import peer

ROOT = pathlib.Path(__file__).resolve().parents[2]
MAX_DIFFERENCE = 1e-4
SECONDS = 600


class RunFailed(Exception):
    """The program ended without an answer; the text is what it said."""


def run_rectifier(program, model_file, inputs):
    with tempfile.TemporaryDirectory(prefix="rectifier-") as scratch:
        scratch = pathlib.Path(scratch)
        options = []
        for name, array in inputs.items():
            np.save(scratch / f"{name}.npy", array)
            options += ["--input", f"{name}={scratch / name}.npy"]
        command = [program, "run", model_file, *options, "--output-dir", scratch / "outputs"]
        result = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        if result.returncode != 0:
            raise RunFailed(result.stderr.strip() or f"exit code {result.returncode}")
        return {path.stem: np.load(path) for path in (scratch / "outputs").glob("*.npy")}


def difference(ours, theirs):
    """Infinite where dtype or shape are not the same, or NaN or infinity is in one and not in the other."""
    if ours.dtype != theirs.dtype or ours.shape != theirs.shape:
        return math.inf
    if not (np.isfinite(ours).all() and np.isfinite(theirs).all()):
        return 0.0 if np.array_equal(ours, theirs, equal_nan=True) else math.inf
    largest = np.abs(theirs).max(initial=0)
    distance = np.abs(ours.astype(np.float64) - theirs).max(initial=0)
    return float(distance / largest) if largest else float(distance)


def largest_difference(ours, theirs):
    if ours.keys() != theirs.keys():
        return math.inf
    return max(difference(ours[name], theirs[name]) for name in theirs)


def compare_network(program, network, scale, folder):
    """Prints a row for each shape; true when all are close enough."""
    model = network.model(scale)
    model_file = folder / f"{network.name}.onnx"
    model_file.write_bytes(model.SerializeToString(deterministic=True))
    parameters = sum(math.prod(weight.dims) for weight in model.graph.initializer)
    reference = peer.Peer(model)
    close = True
    for case in peer.make_cases(network, scale, model):
        try:
            ours = run_rectifier(program, model_file, case.inputs)
        except RunFailed as failure:
            verdict, close = str(failure), False
        else:
            largest = largest_difference(ours, reference.run(case.inputs))
            verdict = f"{largest:.1e}" + ("" if largest <= MAX_DIFFERENCE else "  TOO LARGE")
            close = close and largest <= MAX_DIFFERENCE
        columns = f"{network.name:24} {network.opset:5} {parameters:10} {len(model.graph.node):5}"
        print(f"{columns}  {case.shape:24}  {verdict}", flush=True)
    return close


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    catalog.add_arguments(parser)
    parser.add_argument(
        "--program",
        type=pathlib.Path,
        default=ROOT / "build" / "release" / "bin" / "rectifier",
        help="default: %(default)s",
    )
    parser.add_argument("--models", type=pathlib.Path, metavar="DIR", help="keep the model files there")
    arguments = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory(prefix="rectifier-") as scratch:
        folder = arguments.models or pathlib.Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        print(f"{'network':24} {'opset':>5} {'parameters':>10} {'nodes':>5}  {'shape':24}  difference")
        for network in catalog.selected(arguments.only):
            if not compare_network(arguments.program, network, arguments.scale, folder):
                failed.append(network.name)
            if not arguments.models:
                (folder / f"{network.name}.onnx").unlink()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
