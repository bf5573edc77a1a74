#!/usr/bin/env python3
"""Records the small selection of cases for tests that run without Keras: goldens/NAME.

Each dialect is written by the interpreter that has it: run this once for each. Files of type .keras are packed.
"""

import argparse
import pathlib
import shutil
import sys

import catalog
import generate
import keras_files
import selection
import theano_files

FOLDER = pathlib.Path(__file__).resolve().parent / "goldens"


def names_of(dialect):
    known = theano_files.CASES if dialect == "theano" else catalog.cases(dialect, "small")
    return set(known)


def write(dialect, only, output):
    if dialect == "theano":
        for name, write_files in theano_files.CASES.items():
            shutil.rmtree(output / name, ignore_errors=True)
            write_files(output / name)
            (output / name / "case.json").unlink()
        return
    keras = keras_files.load_keras(dialect)
    for name, case in catalog.cases(dialect, "small").items():
        if only in name:
            formats = [selection.GOLDENS[name]]
            generate.write_case(name, case, keras, output / name, formats, packed=True, described=False)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=FOLDER, metavar="DIR", help="default: %(default)s")
    parser.add_argument("--only", default="", metavar="NAME", help="cases whose name has this in it")
    parser.add_argument("--dialect", choices=catalog.DIALECTS, default="keras3", help="default: %(default)s")
    arguments = parser.parse_args()
    known = set().union(*(names_of(dialect) for dialect in catalog.DIALECTS))
    if unknown := selection.GOLDENS.keys() - known:
        sys.exit(f"selection.py names no case: {', '.join(sorted(unknown))}")
    arguments.output.mkdir(parents=True, exist_ok=True)
    write(arguments.dialect, arguments.only, arguments.output)
    for left_over in arguments.output.iterdir():
        if left_over.name not in known:
            shutil.rmtree(left_over)
    size = sum(path.stat().st_size for path in arguments.output.rglob("*") if path.is_file())
    print(f"{arguments.output}: {len(list(arguments.output.iterdir()))} cases, {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
