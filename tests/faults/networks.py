"""The networks that the faults are tried on: what matters of each is how long it takes and how large its messages are."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "networks"))
from graph_writer import GraphWriter  # noqa: E402

OPSET = 17


def _conv(graph, x, channels, outputs):
    weights = graph.random.normal(size=(outputs, channels, 3, 3)) / (3 * channels**0.5)
    return graph.node("LeakyRelu", graph.node("Conv", [x, graph.weight(weights)], pads=[1, 1, 1, 1]), alpha=0.1)


def _classifier(name, size, widths):
    """Convolutions of a picture of 8 channels, then the mean of each channel."""
    graph = GraphWriter(name, OPSET, seed=1)
    x = graph.input("x", ["N", 8, *size])
    channels = 8
    for width in widths:
        x = _conv(graph, x, channels, width)
        channels = width
    graph.output(graph.node("Flatten", graph.node("GlobalAveragePool", x)), "y", ["N", channels])
    return graph.model()


def light():
    """Next to no work."""
    return _classifier("light", (16, 16), [8])


def heavy():
    """At least 8 ms of work (overload.py checks that) on 8 KiB."""
    return _classifier("heavy", (16, 16), [256] * 8)


def long():
    """As long as the picture is large: seconds for one of 128 x 128 and more."""
    return _classifier("long", ("H", "W"), [256] * 10)


def wide():
    """1 KiB in, 8 MiB out."""
    graph = GraphWriter("wide", OPSET, seed=1)
    x = _conv(graph, graph.input("x", ["N", 1, 16, 16]), 1, 8)
    graph.output(graph.upscale(x, [1, 1, 32, 32]), "y", ["N", 8, 512, 512])
    return graph.model()


def write(repository, *builders):
    for build in builders:
        folder = pathlib.Path(repository) / build.__name__ / "1"
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(build().SerializeToString())
