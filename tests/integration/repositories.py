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


def _field(number, value):
    """A field of a protobuf message: a number, or bytes with their length."""
    if isinstance(value, int):
        return _varint(number << 3) + _varint(value)
    return _varint(number << 3 | 2) + _varint(len(value)) + value


def _varint(value):
    head = bytearray()
    while value >= 0x80:
        head.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(head) + bytes([value])


# ONNX's numbers of the protocol's types.
ELEMENT_TYPES = {
    "FP32": 1,
    "UINT8": 2,
    "INT8": 3,
    "UINT16": 4,
    "INT16": 5,
    "INT32": 6,
    "INT64": 7,
    "BYTES": 8,
    "BOOL": 9,
    "FP16": 10,
    "FP64": 11,
    "UINT32": 12,
    "UINT64": 13,
    "BF16": 16,
}


def identities(datatype, pairs):
    """A model that gives each input ?x3 of `pairs` back as the output that is paired with it."""

    def tensor(name):
        dims = _field(1, _field(2, b"batch")) + _field(1, _field(1, 3))
        kind = _field(1, ELEMENT_TYPES[datatype]) + _field(2, dims)
        return _field(1, name.encode()) + _field(2, _field(1, kind))

    graph = _field(2, b"identities")
    for given, answered in pairs.items():
        node = _field(1, given.encode()) + _field(2, answered.encode()) + _field(4, b"Identity")
        graph += _field(1, node) + _field(11, tensor(given)) + _field(12, tensor(answered))
    opset = _field(1, b"") + _field(2, 17)
    return _field(1, 8) + _field(7, graph) + _field(8, opset)  # IR version, graph, opset
