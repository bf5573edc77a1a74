"""Writes ONNX graphs node by node, in the way that the operators of one opset are spelled."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# The oldest IR version of the ONNX release that introduced each opset: what exporters of its time wrote. Below 4
# initializers are listed as inputs, too.
IR_VERSIONS = {7: 3, 8: 3, 9: 4, 10: 5, 11: 6, 12: 7, 13: 7, 14: 7, 15: 8, 16: 8, 17: 8, 18: 8, 19: 9, 20: 9}


class GraphWriter:
    """A graph that grows: methods add nodes and return the name of what they compute.

    `random` is the source of all weights, so a graph follows from its seed.
    """

    def __init__(self, name, opset, seed):
        self.name = name
        self.opset = opset
        self.random = np.random.RandomState(seed)
        self._nodes = []
        self._initializers = []
        self._inputs = []
        self._outputs = []

    # Inputs, weights, outputs

    def input(self, name, shape):
        """A float input; text in the shape is a symbolic dimension."""
        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))
        return name

    def output(self, value, name, shape):
        """Names what a node computed, as exporters do for outputs."""
        for node in self._nodes:
            for names in (node.input, node.output):
                names[:] = [name if old == value else old for old in names]
        self._outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, shape))

    def weight(self, values, hint="weight"):
        """An initializer, float32 unless the values are whole numbers of another type."""
        values = np.asarray(values)
        if values.dtype == np.float64:
            values = values.astype(np.float32)
        name = f"{hint}_{len(self._initializers)}"
        self._initializers.append(numpy_helper.from_array(values, name))
        return name

    def constant(self, values, dtype):
        """A Constant node, which is how PyTorch's exporter writes numbers of the source text."""
        values = np.asarray(values, dtype)
        if self.opset < 9 and values.dtype != np.float32:
            return self.weight(values, "constant")  # Constant was for floats only
        return self.node("Constant", [], value=numpy_helper.from_array(values))

    def integers(self, values):
        return self.constant(values, np.int64)

    # Nodes

    def node(self, op_type, inputs, **attributes):
        inputs = [inputs] if isinstance(inputs, str) else inputs
        output = f"{op_type}_{len(self._nodes)}"
        attributes = {name: value for name, value in attributes.items() if value is not None}
        self._nodes.append(helper.make_node(op_type, inputs, [output], output, **attributes))
        return output

    def unsqueeze(self, x, axes):
        return self._with_axes("Unsqueeze", x, axes, input_since=13)

    def squeeze(self, x, axes):
        return self._with_axes("Squeeze", x, axes, input_since=13)

    def reduce(self, op_type, x, axes):
        """Keeps the reduced dimensions."""
        return self._with_axes(op_type, x, axes, input_since=13 if op_type == "ReduceSum" else 18, keepdims=1)

    def clip(self, x, low=None, high=None):
        if self.opset < 11:
            return self.node("Clip", x, min=low, max=high)
        bounds = ["" if bound is None else self.constant(bound, np.float32) for bound in (low, high)]
        return self.node("Clip", [x, *bounds] if bounds[1] else [x, bounds[0]])

    def slice(self, x, start, end, axis=0):
        if self.opset < 10:
            return self.node("Slice", x, starts=[start], ends=[end], axes=[axis])
        return self.node("Slice", [x, self.integers([start]), self.integers([end]), self.integers([axis])])

    def pad(self, x, pads, mode="constant"):
        """With zeros or with what `mode` says; `pads` as ONNX orders them."""
        if self.opset < 11:
            return self.node("Pad", x, pads=pads, mode=mode, value=0.0)
        return self.node("Pad", [x, self.integers(pads), self.constant(0.0, np.float32)], mode=mode)

    def upscale(self, x, scales, mode="nearest", coordinates="asymmetric"):
        """By constant factors. Only from opset 11 on are there other coordinates than "asymmetric"."""
        scales = np.asarray(scales, np.float32)
        if self.opset < 9:
            return self.node("Upsample", x, scales=scales.tolist(), mode=mode)
        if self.opset == 9:
            return self.node("Upsample", [x, self.weight(scales, "scales")], mode=mode)
        if self.opset == 10:
            return self.node("Resize", [x, self.weight(scales, "scales")], mode=mode)
        return self._resize([x, self._no_region(), self.weight(scales, "scales")], mode, coordinates)

    def resize_to(self, x, sizes, mode="nearest", coordinates="asymmetric"):
        """To computed sizes; from opset 11 on."""
        # Opset 11 has no way to leave the scales out but to give none.
        scales = self.constant([], np.float32) if self.opset < 13 else ""
        return self._resize([x, self._no_region(), scales, sizes], mode, coordinates)

    # Arithmetic on shapes, as PyTorch's exporter writes it for dynamic dimensions

    def dimension(self, x, axis):
        """One dimension as a scalar."""
        return self.node("Gather", [self.node("Shape", x), self.integers(axis)], axis=0)

    def shape(self, dimensions):
        """A shape of numbers and computed scalars."""
        parts = [
            self.integers([part]) if isinstance(part, int) else self.unsqueeze(part, [0]) for part in dimensions
        ]
        return self.node("Concat", parts, axis=0)

    def zeros(self, count):
        """Whole numbers, as many as a computation would say."""
        zero = numpy_helper.from_array(np.zeros(1, np.int64))
        return self.node("ConstantOfShape", self.integers([count]), value=zero)

    def reshape(self, x, shape):
        """To numbers, or to a computed shape."""
        return self.node("Reshape", [x, shape if isinstance(shape, str) else self.integers(shape)])

    # The end

    def model(self):
        ir_version = IR_VERSIONS[self.opset]
        inputs = list(self._inputs)
        if ir_version < 4:
            inputs += [helper.make_tensor_value_info(w.name, w.data_type, w.dims) for w in self._initializers]
        graph = helper.make_graph(self._nodes, self.name, inputs, self._outputs, self._initializers)
        model = helper.make_model(
            graph,
            producer_name="rectifier tests/networks",
            ir_version=ir_version,
            opset_imports=[helper.make_opsetid("", self.opset)],
        )
        onnx.checker.check_model(model, full_check=True)
        return model

    def _with_axes(self, op_type, x, axes, input_since, **attributes):
        if self.opset < input_since:
            return self.node(op_type, x, axes=axes, **attributes)
        return self.node(op_type, [x, self.integers(axes)], **attributes)

    def _no_region(self):
        return "" if self.opset >= 13 else self.constant([], np.float32)

    def _resize(self, inputs, mode, coordinates):
        nearest = "floor" if mode == "nearest" else None
        return self.node(
            "Resize", inputs, mode=mode, coordinate_transformation_mode=coordinates, nearest_mode=nearest
        )
