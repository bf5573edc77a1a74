"""What ONNX Runtime answers, and what it is asked."""

import dataclasses

import numpy as np
import onnx
import onnxruntime


@dataclasses.dataclass(frozen=True)
class Case:
    """One batch of inputs, by name."""

    batch: int
    inputs: dict[str, np.ndarray]

    @property
    def shape(self):
        return " ".join("x".join(map(str, array.shape)) for array in self.inputs.values())


def make_case(network, scale, model, batch, which_extents=0):
    """Inputs drawn for this shape alone, the same ones each time."""
    extents = network.size(scale).extents
    sizes = {"N": batch} | (extents[which_extents] if extents else {})
    random = np.random.RandomState(network.seed % 2**31 + 1000 * which_extents + batch)

    def normal(random, shape):
        return random.normal(size=shape)

    inputs = {}
    for name, shape in _input_shapes(model).items():
        sample = network.samples.get(name, normal)
        shape = tuple(sizes.get(dimension, dimension) for dimension in shape)
        inputs[name] = np.asarray(sample(random, shape)).astype(np.float32)
    return Case(batch, inputs)


def make_cases(network, scale, model):
    """Batches of 1 and 3, and one that is different in more than the batch where the network allows it."""
    other = 1 if len(network.size(scale).extents) > 1 else 0
    return [
        make_case(network, scale, model, 1),
        make_case(network, scale, model, 3),
        make_case(network, scale, model, 2, other),
    ]


class Peer:
    """ONNX Runtime with one thread and no optimisations: node by node what the file says."""

    def __init__(self, model):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            _with_slopes_per_channel(model).SerializeToString(), options, providers=["CPUExecutionProvider"]
        )

    def run(self, inputs):
        names = [output.name for output in self._session.get_outputs()]
        return dict(zip(names, self._session.run(names, inputs)))


def _input_shapes(model):
    weights = {initializer.name for initializer in model.graph.initializer}
    return {
        value.name: [dim.dim_param or dim.dim_value for dim in value.type.tensor_type.shape.dim]
        for value in model.graph.input
        if value.name not in weights
    }


def _with_slopes_per_channel(model):
    """ONNX Runtime refuses MXNet's slopes of shape (C) on feature maps, so it gets (C,1,1)."""
    if model.graph.name != "arcface_iresnet18_mxnet":
        return model
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    slopes = {node.input[1] for node in copy.graph.node if node.op_type == "PRelu"}
    for weight in copy.graph.initializer:
        if weight.name in slopes:
            weight.dims.extend([1, 1])
    for value in copy.graph.input:
        if value.name in slopes:
            for _ in range(2):
                value.type.tensor_type.shape.dim.add().dim_value = 1
    return copy
