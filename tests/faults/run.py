#!/usr/bin/env python3
"""Does to the real server what it must survive, and prints a figure for each fault beside its target.

The exit code is 1 when a target is missed. The server, its clients and this program share the machine, so nothing else
should run. Needs numpy, onnx, grpcio, grpcio-health-checking and tritonclient[grpc].
"""

import argparse
import os
import pathlib
import sys
import time
import traceback

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--only", nargs="+", metavar="NAME", help="faults, by the names of the first column")
    options = parser.parse_args()
    os.environ["RECTIFIER_BIN"] = str(options.bin_dir / "rectifier")

    import amplification
    import bad_clients
    import overload
    import stopping

    faults = (
        stopping.stop_at_peak_load,
        stopping.stuck_worker,
        overload.queue_overflow,
        overload.overload,
        overload.unwanted_work,
        bad_clients.slow_readers,
        bad_clients.killed_clients,
        bad_clients.connection_age,
        amplification.amplification,
    )
    by_name = {fault.__name__: fault for fault in faults}
    unknown = set(options.only or ()) - set(by_name)
    if unknown:
        parser.error(f"no such fault: {', '.join(sorted(unknown))}; there are {', '.join(by_name)}")

    failed = []
    print("| fault | done | figure | target | |\n|---|---|---|---|---|", flush=True)
    for name in options.only or by_name:
        begin = time.monotonic()
        try:
            rows = by_name[name]()
        except Exception:  # the other faults are still to be tried
            traceback.print_exc()
            print(f"| {name} | | broke off | | FAIL |", flush=True)
            failed.append(name)
            continue
        for row in rows:
            verdict = "pass" if row.passed else "FAIL"
            print(f"| {name} | {row.done} | {row.figure} | {row.target} | {verdict} |", flush=True)
            if not row.passed:
                failed.append(name)
        print(f"{name}: {time.monotonic() - begin:.0f} s", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
