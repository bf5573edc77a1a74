"""Model repositories made of the sample networks, whole and damaged."""

import pathlib
import shutil

from serving import SAMPLE_REPOSITORY

UNKNOWN_OPERATOR = "Blurr"


def sample_bytes(model="digits_prelu"):
    return (SAMPLE_REPOSITORY / model / "1" / "model.onnx").read_bytes()


def truncated():
    """The first half of a model file: what a copy that was cut off leaves behind."""
    whole = sample_bytes()
    return whole[: len(whole) // 2]


def with_unknown_operator():
    """A model whose node /act1/PRelu is an operator that nobody has.

    A node's operator is field 4 of its message (tag 0x22, then the length); the new name is as long as the old one.
    """
    prelu, unknown = b"\x22\x05PRelu", b"\x22\x05" + UNKNOWN_OPERATOR.encode()
    whole = sample_bytes()
    assert prelu in whole
    return whole.replace(prelu, unknown, 1)


def add_model(repository, name, content, version="1"):
    folder = pathlib.Path(repository) / name / version
    folder.mkdir(parents=True)
    (folder / "model.onnx").write_bytes(content)
    return folder / "model.onnx"


def add_sample(repository, model="digits_prelu", name=None):
    shutil.copytree(SAMPLE_REPOSITORY / model, pathlib.Path(repository) / (name or model))
