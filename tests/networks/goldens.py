#!/usr/bin/env python3
"""Records what ONNX Runtime answers for every small network at batch 2, for tests that run without it."""

import argparse
import pathlib
import shutil

import catalog
import numpy as np
import peer

FOLDER = pathlib.Path(__file__).resolve().parent / "goldens"
BATCH = 2


def write_golden(network, folder):
    model = network.model("small")
    case = peer.make_case(network, "small", model, BATCH)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(model.SerializeToString(deterministic=True))
    for name, array in case.inputs.items():
        np.save(folder / f"input.{name}.npy", array)
    for name, array in peer.Peer(model).run(case.inputs).items():
        np.save(folder / f"output.{name}.npy", array)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, default=FOLDER, metavar="DIR", help="default: %(default)s")
    catalog.add_arguments(parser, with_scale=False)
    arguments = parser.parse_args()
    for network in catalog.selected(arguments.only):
        write_golden(network, arguments.output / network.name)
    if not arguments.only:
        names = {network.name for network in catalog.NETWORKS}
        for left_over in arguments.output.iterdir():
            if left_over.name not in names:
                shutil.rmtree(left_over)
    size = sum(path.stat().st_size for path in arguments.output.rglob("*") if path.is_file())
    print(f"{arguments.output}: {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
