"""How long it takes to refuse model files of about 10 MB that are made to take long, and how much memory.

Needs a virtual environment with onnx: python refusals.py build/release/bin/rectifier
"""

import pathlib
import subprocess
import sys
import tempfile

from onnx import TensorProto, helper

NODES = 99_000  # just below the limit
PREFIX = "n" * 30


def chain(op, count=NODES):
    names = ["x"] + [f"{PREFIX}{i}" for i in range(count)]
    return [helper.make_node(op, [a], [b], name=b) for a, b in zip(names, names[1:], strict=False)]


def files():
    """Names, and nodes that end in one that is refused."""
    yield "a chain, refused at its end", [*chain("LeakyRelu"), helper.make_node("LSTM", [f"{PREFIX}{NODES - 1}"], ["y"])]
    yield "refused at every node", [*chain("LSTM"), helper.make_node("Relu", [f"{PREFIX}{NODES - 1}"], ["y"])]
    shapes = [helper.make_node("Size", ["x"], [f"{PREFIX}{i}"], name=f"{PREFIX}{i}") for i in range(NODES)]
    yield "shapes that nobody reads", [*shapes, helper.make_node("LSTM", ["x"], ["y"])]
    cycle = [helper.make_node("Add", [f"{PREFIX}{(i + 1) % NODES}", "x"], [f"{PREFIX}{i}"]) for i in range(NODES)]
    yield "a cycle", [*cycle, helper.make_node("Relu", [f"{PREFIX}0"], ["y"])]
    start = helper.make_node("Constant", [], ["x0"], value_float=1.0)
    constants = [helper.make_node("Neg", ["x0"], [f"{PREFIX}0"])] + [
        helper.make_node("Neg", [f"{PREFIX}{i}"], [f"{PREFIX}{i + 1}"]) for i in range(NODES - 3)
    ]
    yield "constants that are computed", [start, *constants, helper.make_node("LSTM", ["x"], ["y"])]


def main(program):
    print(f"{'file':30} {'MB':>6} {'seconds':>8} {'peak MB':>8}")
    slowest = 0.0
    with tempfile.TemporaryDirectory() as folder:
        for name, nodes in files():
            values = [helper.make_tensor_value_info(v, TensorProto.FLOAT, [None, 4]) for v in ("x", "y")]
            graph = helper.make_graph(nodes, "g", values[:1], values[1:])
            model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)])
            path = pathlib.Path(folder) / "model.onnx"
            path.write_bytes(model.SerializeToString())
            command = ["/usr/bin/time", "-f", "%e %M", program, "check", path]
            result = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
            seconds, kilobytes = result.stderr.splitlines()[-1].split()
            print(f"{name:30} {path.stat().st_size / 1e6:6.1f} {float(seconds):8.2f} {int(kilobytes) / 1e3:8.0f}")
            slowest = max(slowest, float(seconds))
    return 0 if slowest <= 1 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
