"""What is measured: networks of tests/networks at their published size, and the trained ones of examples/."""

import dataclasses
import os
import pathlib
import sys

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "networks"))
import catalog  # noqa: E402
import onnx  # noqa: E402
import peer  # noqa: E402

# The networks of the catalog, with sizes of symbolic dimensions where the usual ones are not meant.
CATALOG = {
    "tiny_yolov2": {},
    "yolov3_tiny": {},
    "mobilefacenet": {},
    "arcface_iresnet18": {},
    "srresnet": {},
    "espcn": {},
    "fsrcnn": {},
    "dcgan_generator": {},
    "dcgan_discriminator": {},
    "unet_bilinear": {},
    "unet_instance_norm": {},
    "hifigan": {},
    "conv_tasnet": {},
    "wake_word": {},
    "cascade_pnet": {},
    "cascade_rnet": {},
    "cascade_onet": {},
    "mtcnn_pnet": {"H": 12, "W": 12},  # channels last outside
    "mtcnn_onet": {},
    "perceptron_narrow": {},
    "perceptron": {},
    "perceptron_wide": {},
}
EXAMPLES = ("digits_leaky_relu", "digits_prelu")
NAMES = (*CATALOG, *EXAMPLES)

# Bound by arithmetic: the share of the peak says how good an engine is at them.
ARITHMETIC = ("tiny_yolov2", "arcface_iresnet18", "srresnet")
# Answered within microseconds.
MICROSECONDS = ("perceptron_narrow", "perceptron")


@dataclasses.dataclass
class Case:
    name: str
    batch: int
    model: pathlib.Path
    inputs: dict[str, pathlib.Path]


def write_model(name, folder):
    """The ONNX file of a network, made when it is not there yet."""
    if name in EXAMPLES:
        return ROOT / "examples" / "models" / name / "1" / "model.onnx"
    path = folder / f"{name}.onnx"
    if not path.exists():
        (network,) = catalog.selected([name])
        with open(path, "wb") as file:
            file.write(network.model("full").SerializeToString())
            # Not while the first engine is being timed.
            file.flush()
            os.fsync(file.fileno())
    return path


def write_case(name, batch, folder):
    """A network and a batch of inputs as files."""
    model = write_model(name, folder)
    inputs = {}
    for input_name, array in _inputs(name, onnx.load(model), batch).items():
        inputs[input_name] = folder / f"{name}.{len(inputs)}.{batch}.npy"
        np.save(inputs[input_name], array)
    return Case(name, batch, model, inputs)


def _inputs(name, model, batch):
    if name in EXAMPLES:
        (value,) = model.graph.input
        shape = [batch, *(dim.dim_value for dim in value.type.tensor_type.shape.dim[1:])]
        return {value.name: np.random.RandomState(1).uniform(size=shape).astype(np.float32)}
    (network,) = catalog.selected([name])
    if CATALOG[name]:
        full = dataclasses.replace(network.full, extents=(CATALOG[name],))
        network = dataclasses.replace(network, full=full)
    return peer.make_case(network, "full", model, batch).inputs
