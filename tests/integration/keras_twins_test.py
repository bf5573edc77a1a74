"""A network that Keras saved and the same network that tf2onnx exported are the same graph after the passes."""

import re

import numpy as np
import pytest
import serving

TWINS = serving.ROOT / "tests" / "keras" / "twins"
NAMES = sorted(folder.name for folder in TWINS.iterdir())


def graph(model):
    """The lines of the graph that is compiled."""
    result = serving.run("inspect", "--graph", "after", model)
    assert result.returncode == 0, result.stderr
    lines = result.stdout.splitlines()
    return lines[lines.index("graph after the passes") + 1 :]


NAME = re.compile(r'%(?:"[^"]*"|[A-Za-z0-9_.:/-]+)')


def canonical(lines):
    """The same text for the same graph: values are numbered in the order in which nodes use them.

    What only names the network and its nodes goes, and so do the numbers of f32 constants, which are compared by what
    they compute. tf2onnx takes PReLU apart, so that there it is recognised what here was learned.
    """
    numbers = {}
    constants = {}
    text = []
    for line in lines:
        line = re.sub(r' @"[^"]*"', "", line)
        line = re.sub(r'(, )?(origin|form) = "[^"]*"', "", line).replace(" {}", "")
        if line.startswith("const "):
            name, rest = re.match(r"const (%\S+): (.*)", line).groups()
            constants[name] = rest if rest.startswith("i64") else rest.split(" = ")[0]
        elif not line.startswith("graph "):
            # A definition ends with the colon of its type.
            line = re.sub(r"^((?:input )?%\S+):", r"\1 :", line)
            line = re.sub(r'^output (?:"[^"]*" = )?', "output ", line)
            text.append(NAME.sub(lambda match: numbers.setdefault(match.group(0), f"%{len(numbers)}"), line))
    return sorted(f"{numbers[name]}: {rest}" for name, rest in constants.items() if name in numbers) + text


def model_of_keras(folder):
    (model,) = (path for path in folder.glob("model.*") if path.suffix != ".onnx")
    return model


@pytest.mark.parametrize("name", NAMES)
def test_both_files_become_the_same_graph(name):
    folder = TWINS / name
    ours = canonical(graph(model_of_keras(folder)))
    theirs = canonical(graph(folder / "model.onnx"))
    assert ours == theirs


@pytest.mark.parametrize("name", NAMES)
def test_both_files_compute_the_same(tmp_path, name):
    folder = TWINS / name
    (line,) = (line for line in graph(folder / "model.onnx") if line.startswith("input "))
    input_name, dims = re.match(r"input %(\S+): f32\[\?, (.*)\]", line).groups()
    shape = [2, *map(int, dims.split(", "))]
    np.save(tmp_path / "x.npy", np.random.default_rng(1).standard_normal(shape).astype(np.float32))
    outputs = []
    for model in (model_of_keras(folder), folder / "model.onnx"):
        out = tmp_path / model.suffix.removeprefix(".")
        result = serving.run("run", model, "--input", f"{input_name}={tmp_path / 'x.npy'}", "--output-dir", out)
        assert result.returncode == 0, result.stderr
        (path,) = out.glob("*.npy")
        outputs.append((path.name, np.load(path)))
    (our_name, ours), (their_name, theirs) = outputs
    assert our_name == their_name
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-5 * np.abs(theirs).max())
