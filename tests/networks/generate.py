#!/usr/bin/env python3
"""Writes whole networks, structured as published, with generated weights: NAME.onnx each."""

import argparse
import pathlib

import catalog


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, required=True, metavar="DIR")
    catalog.add_arguments(parser)
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    for network in catalog.selected(arguments.only):
        path = arguments.output / f"{network.name}.onnx"
        path.write_bytes(network.model(arguments.scale).SerializeToString(deterministic=True))
        print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
