#!/usr/bin/env python3
"""How long a large Keras file takes to load, beside the same network as ONNX.

Needs the environment of tests/keras/requirements.txt and onnx. Writes a perceptron of about --megabytes into a temporary
folder as .h5, .keras and .onnx, and asks `rectifier check` to load, compile and try each, in turn. Prints the median of the
times, and what parsing alone took of those of Keras: the parser's process, as the importer starts it, read to its end.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import tempfile
import time

os.environ["KERAS_BACKEND"] = "jax"

import keras  # noqa: E402
import onnx  # noqa: E402
from onnx import helper, numpy_helper  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parents[2]
LAYERS = 4


def perceptron(megabytes):
    width = int((megabytes * 1e6 / 4 / LAYERS) ** 0.5)
    x = y = keras.Input((width,), name="x")
    for _ in range(LAYERS):
        y = keras.layers.PReLU()(keras.layers.Dense(width)(y))
    return keras.Model(x, y)


def as_onnx(model):
    nodes, weights, last = [], [], "x"
    for layer in model.layers[1:]:
        names = [f"{layer.name}.{i}" for i in range(len(layer.weights))]
        weights += [numpy_helper.from_array(w.numpy(), name) for w, name in zip(layer.weights, names)]
        op = "Gemm" if isinstance(layer, keras.layers.Dense) else "PRelu"
        nodes.append(helper.make_node(op, [last, *names], [layer.name]))
        last = layer.name
    shape = ["N", model.inputs[0].shape[1]]
    ports = [helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape) for name in ("x", last)]
    graph = helper.make_graph(nodes, "perceptron", ports[:1], ports[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def seconds(command, **options):
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.PIPE, **options)
    return time.perf_counter() - start


def parse_seconds(program, file):
    limits = [1 << 31, 100_000, 100_000, 4_000_000, 4 << 30, 8]
    arguments = ["h5" if file.suffix == ".h5" else "keras", file.stat().st_size, *limits, file.name]
    with file.open("rb") as data:
        return seconds([program, "--parse-keras-file", *map(str, arguments)], stdin=data)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/bin/rectifier")
    parser.add_argument("--megabytes", type=float, default=50)
    parser.add_argument("--rounds", type=int, default=7)
    arguments = parser.parse_args()
    model = perceptron(arguments.megabytes)
    with tempfile.TemporaryDirectory() as folder:
        files = [pathlib.Path(folder) / f"model.{suffix}" for suffix in ("h5", "keras", "onnx")]
        model.save(files[0])
        model.save(files[1])
        onnx.save(as_onnx(model), files[2])
        loads, parses = {file: [] for file in files}, {file: [] for file in files}
        for _ in range(arguments.rounds):
            for file in files:
                loads[file].append(seconds([arguments.program, "check", file]))
                if file.suffix != ".onnx":
                    parses[file].append(parse_seconds(arguments.program, file))
        for file in files:
            line = f"{file.suffix:7} {file.stat().st_size / 1e6:6.1f} MB  check {statistics.median(loads[file]):.3f} s"
            if parses[file]:
                line += f", of which parsing {statistics.median(parses[file]):.3f} s"
            print(line)


if __name__ == "__main__":
    main()
