#!/usr/bin/env python3
"""Writes cases with Keras's own answers: DIR/NAME/model.keras, model.h5, input.<name>.npy, output.<name>.npy.

What a case has more than one set of is in DIR/NAME/1/, DIR/NAME/2/…; case.json says its layer and tolerance.
"""

import argparse
import json
import pathlib
import shutil
import sys
import time

import catalog
import keras_files
import numpy as np
import theano_files


def write_arrays(folder, inputs, outputs):
    folder.mkdir(parents=True, exist_ok=True)
    for kind, arrays in (("input", inputs), ("output", outputs)):
        for name, array in arrays.items():
            np.save(folder / f"{kind}.{name}.npy", array)


def write_case(name, case, keras, folder, formats=None, packed=False, described=True):
    """Returns why a format could not be written, by format; no file at all is an error."""
    model = keras_files.built(case, keras, case.build)
    sets = keras_files.references(case, keras, model)
    shutil.rmtree(folder, ignore_errors=True)
    for which, (inputs, outputs) in enumerate(sets):
        write_arrays(folder / str(which) if which else folder, inputs, outputs)
    for suffix in formats or case.formats:
        keras_files.save(model, folder / f"model.{suffix}", packed)
    if described:
        (folder / "case.json").write_text(json.dumps({"layer": case.layer, "tolerance": case.tolerance}))


def write_cases(dialect, scale, only, output):
    """Prints the cases that Keras could not do; returns their number."""
    if dialect == "theano":
        for name, write in theano_files.CASES.items():
            if not only or only in name:
                write(output / name)
        return 0
    cases = {name: case for name, case in catalog.cases(dialect, scale).items() if not only or only in name}
    keras = keras_files.load_keras(dialect)
    failed = 0
    began = time.monotonic()
    for index, (name, case) in enumerate(cases.items()):
        try:
            write_case(name, case, keras, output / name)
        except Exception as error:  # Keras has many; one case must not end the others.
            shutil.rmtree(output / name, ignore_errors=True)
            print(f"{name}: {type(error).__name__}: {' '.join(str(error).split())[:300]}", flush=True)
            failed += 1
        if index % 50 == 49:
            print(f"{dialect}: {index + 1} of {len(cases)}, {time.monotonic() - began:.0f} s", flush=True)
    print(f"{dialect}: {len(cases) - failed} written, {failed} not, {time.monotonic() - began:.0f} s", flush=True)
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, required=True, metavar="DIR")
    parser.add_argument("--only", default="", metavar="NAME", help="cases whose name has this in it")
    parser.add_argument("--scale", choices=("sweep", "small"), default="sweep", help="default: %(default)s")
    parser.add_argument("--dialect", choices=catalog.DIALECTS, default="keras3", help="default: %(default)s")
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    if write_cases(arguments.dialect, arguments.scale, arguments.only, arguments.output):
        sys.exit(1)


if __name__ == "__main__":
    main()
