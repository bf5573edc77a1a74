#!/usr/bin/env python3
"""Sends the same calls to Rectifier and to a real Triton, and says where their answers differ.

    .deps/test-venv/bin/python tests/compatibility/triton_differences.py --triton-python VENV/bin/python [--only WORD]

Triton is the one that nvidia-pytriton brings, with ONNX Runtime behind its Python backend. VENV is made with Debian's
own Python: `/usr/bin/python3 -m venv VENV && VENV/bin/pip install nvidia-pytriton onnxruntime numpy`.

For each call the status code and what came are printed, first Rectifier's, then Triton's. A mark stands before those
where the status code differs (`!`), or both are OK and what came differs (`~`). The texts of errors always differ, and
are not compared. Exit code 0 when every call was answered by both within its time: differences are the result.
"""

import argparse
import contextlib
import pathlib
import sys
import tempfile

import calls
import grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "bench" / "serving"))
import contenders  # noqa: E402

SERVERS = ("Rectifier", "Triton")


def mark(ours, theirs):
    if ours.code != theirs.code:
        return "!"
    return "~" if ours.compared() != theirs.compared() else " "


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--triton-python", required=True, help="of the environment that has nvidia-pytriton")
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--only", default="", help="only the calls whose name contains this")
    arguments = parser.parse_args()

    counts = {"!": 0, "~": 0, " ": 0}
    silent = 0
    repository = ROOT / "examples" / "models"
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        model = repository / calls.MODEL / "1" / "model.onnx"
        triton, _ = stack.enter_context(contenders.triton(arguments.triton_python, [model], scratch))
        ours, _ = stack.enter_context(contenders.rectifier(arguments.bin_dir, repository, scratch))
        channels = [
            stack.enter_context(grpc.insecure_channel(address, options=[("grpc.enable_http_proxy", 0)]))
            for address in (ours["grpc"], triton)
        ]
        print("; ".join(calls.version(channel) for channel in channels))
        for name, call in calls.CALLS.items():
            if arguments.only not in name:
                continue
            answers = [calls.answer(call, channel) for channel in channels]
            verdict = mark(*answers)
            counts[verdict] += 1
            silent += sum(answer.silent for answer in answers)
            print(f"{verdict} {name}")
            for server, answer in zip(SERVERS, answers, strict=True):
                print(f"    {server:9} {answer.code}: {answer.came}", flush=True)
    total = sum(counts.values())
    print(f"{total} calls: {counts['!']} differ in the code, {counts['~']} in what came, {counts[' ']} agree")
    if silent:
        sys.exit(f"{silent} calls were not answered within {calls.SECONDS} s")


if __name__ == "__main__":
    main()
