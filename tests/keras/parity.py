#!/usr/bin/env python3
"""Compares `rectifier run` with Keras over every case, in each format it was saved in.

The difference of two outputs is max |ours - theirs| / max |theirs|; NaN and infinities have to be at the same places.
Cases that unsupported.py names have to be refused, with the words that it has.
Without --folder the cases of Keras 3 and of Theano are generated first, and with --keras2 PYTHON (an interpreter that
has tf_keras) those of Keras 2.
"""

import argparse
import collections
import dataclasses
import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
import unsupported

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
SECONDS = 120
# Below this an output counts as 0, and its difference is absolute.
SMALLEST = 1e-6


@dataclasses.dataclass
class Row:
    """A line of the table: a layer in one dialect and format."""

    cases: set = dataclasses.field(default_factory=set)
    runs: int = 0
    passed: int = 0
    refused: int = 0
    largest: float = 0.0


def arrays(folder, prefix=""):
    """The .npy files of a folder, by what follows the prefix in their names."""
    return {path.stem.removeprefix(prefix): np.load(path) for path in folder.glob(f"{prefix}*.npy")}


def file_name(name):
    """As `rectifier run` names the file of an output."""
    return re.sub(r"[^A-Za-z0-9._-]", "_", name)


def run_rectifier(program, model_file, folder):
    """Outputs by name, and what went wrong or None."""
    with tempfile.TemporaryDirectory(prefix="rectifier-") as scratch:
        options = []
        for path in sorted(folder.glob("input.*.npy")):
            options += ["--input", f"{path.stem.removeprefix('input.')}={path}"]
        command = [program, "run", model_file, *options, "--output-dir", scratch]
        result = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
        if result.returncode != 0:
            return {}, result.stderr.strip() or f"exit code {result.returncode}"
        return arrays(pathlib.Path(scratch)), None


def difference(ours, theirs):
    """The number, and where it is not one, why."""
    if ours.dtype != theirs.dtype:
        return np.inf, f"{ours.dtype} instead of {theirs.dtype}"
    if ours.shape != theirs.shape:
        return np.inf, f"shape {ours.shape} instead of {theirs.shape}"
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    finite = np.isfinite(theirs)
    if not np.array_equal(ours[~finite], theirs[~finite], equal_nan=True) or not np.isfinite(ours[finite]).all():
        return np.inf, "NaN or infinity at other places"
    if not finite.any():
        return 0.0, None
    distance = np.abs(ours[finite] - theirs[finite])
    return float(distance.max() / max(SMALLEST, np.abs(theirs[finite]).max())), None


def compare(program, model_file, folder, tolerance):
    """The largest difference over all outputs and the verdict, None when it is good."""
    expected = {file_name(name): array for name, array in arrays(folder, "output.").items()}
    ours, failure = run_rectifier(program, model_file, folder)
    if failure:
        return np.inf, failure
    if ours.keys() != expected.keys():
        return np.inf, f"outputs {sorted(ours)} instead of {sorted(expected)}"
    largest, verdict = 0.0, None
    for name, theirs in expected.items():
        number, why = difference(ours[name], theirs)
        largest = max(largest, number)
        if number > tolerance:
            verdict = f"{name}: {why or worst(ours[name], theirs)}"
    return largest, verdict


def worst(ours, theirs):
    distance = np.abs(ours.astype(np.float64) - theirs.astype(np.float64))
    where = np.unravel_index(np.nanargmax(distance), distance.shape)
    return f"at {tuple(map(int, where))} ours {ours[where]:.7g} theirs {theirs[where]:.7g}"


def dialect_of(name):
    return name.split("_")[0] if name.startswith(("keras2_", "theano_")) else "keras3"


def compare_all(program, cases, only):
    """Compares everything; returns the table and the failures."""
    table = collections.defaultdict(Row)
    failures = []
    for folder in sorted(path.parent for path in cases.glob("*/case.json")):
        if only and only not in folder.name:
            continue
        case = json.loads((folder / "case.json").read_text())
        sets = [folder, *sorted(path for path in folder.iterdir() if path.is_dir())]
        for model_file in sorted(folder.glob("model.*")):
            row = table[case["layer"], dialect_of(folder.name), model_file.suffix]
            row.cases.add(folder.name)
            words = unsupported.refusal(folder.name)
            for inputs in sets:
                largest, verdict = compare(program, model_file, inputs, case["tolerance"])
                row.runs += 1
                row.passed += verdict is None
                if words and verdict and words in verdict:
                    row.refused += 1
                    continue
                if words and not verdict:
                    verdict = "it is computed, though unsupported.py names it"
                if np.isfinite(largest):
                    row.largest = max(row.largest, largest)
                if verdict:
                    where = f"{inputs.relative_to(cases)} {model_file.name} [{case['layer']}]"
                    failures.append(f"{where}: {largest:.2g}: {verdict}")
                    print(failures[-1], flush=True)
    return table, failures


def print_table(table):
    print(f"\n{'layer':24} {'dialect':8} {'format':7} cases  runs passed refused  largest difference")
    for (layer, dialect, suffix), row in sorted(table.items()):
        mark = "" if row.passed + row.refused == row.runs else "  FAILED"
        counts = f"{len(row.cases):5} {row.runs:5} {row.passed:6} {row.refused:7}"
        print(f"{layer:24} {dialect:8} {suffix:7} {counts}  {row.largest:.1e}{mark}")
    cases = len(set().union(*(row.cases for row in table.values())))
    counts = [(row.runs, row.passed, row.refused) for row in table.values()]
    runs, passed, refused = (sum(column) for column in zip(*counts, strict=True))
    print(f"{'all':24} {'':8} {'':7} {cases:5} {runs:5} {passed:6} {refused:7}")


def generate(arguments, folder):
    interpreters = {"keras3": sys.executable, "theano": sys.executable}
    if arguments.keras2:
        interpreters["keras2"] = arguments.keras2
    for dialect, interpreter in interpreters.items():
        command = [interpreter, HERE / "generate.py", "--output", folder, "--dialect", dialect]
        command += ["--only", arguments.only, "--scale", arguments.scale]
        subprocess.run(command, check=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--program",
        type=pathlib.Path,
        default=ROOT / "build" / "release" / "bin" / "rectifier",
        help="default: %(default)s",
    )
    parser.add_argument("--folder", type=pathlib.Path, metavar="DIR", help="what generate.py has written")
    parser.add_argument("--keras2", metavar="PYTHON", help="generate the cases of Keras 2 with this interpreter, too")
    parser.add_argument("--only", default="", metavar="NAME", help="cases whose name has this in it")
    parser.add_argument("--scale", choices=("sweep", "small"), default="sweep", help="default: %(default)s")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rectifier-") as scratch:
        folder = arguments.folder or pathlib.Path(scratch)
        if not arguments.folder:
            generate(arguments, folder)
        table, failures = compare_all(arguments.program, folder, arguments.only)
    if not table:
        sys.exit("no case")
    print_table(table)
    if failures:
        sys.exit(f"{len(failures)} failed")


if __name__ == "__main__":
    main()
