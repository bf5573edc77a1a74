"""Object detectors: tiny YOLOv2 and YOLOv3-tiny (Redmon and Farhadi, 2016 and 2018; Darknet's .cfg files), and the
MTCNN cascade (Zhang et al., 2016) as Keras has it, exported with tf2onnx."""

import layers
import numpy as np


def tiny_yolov2(g, widths, outputs, size):
    """As in the ONNX model zoo: the image is scaled inside, and padding is left to auto_pad."""
    x = g.input("image", ["N", 3, size, size])
    x = g.node("Mul", [x, g.weight(np.array([1 / 128]), "scale")])
    x = g.node("Add", [x, g.weight(np.array([-0.95, -0.9, -0.8]).reshape(3, 1, 1), "shift")])
    channels = 3
    for i, width in enumerate(widths):
        x = layers.conv(g, x, channels, width, 3, bias=False, auto_pad="SAME_UPPER")
        x = layers.leaky_relu(g, layers.batch_norm(g, x, width), 0.1)
        if i < 5:
            x = layers.max_pool(g, x, 2, 2)
        elif i == 5:
            x = layers.max_pool(g, x, 2, 1, auto_pad="SAME_UPPER")
        channels = width
    x = layers.conv(g, x, channels, outputs, 1, auto_pad="SAME_UPPER")
    g.output(x, "grid", ["N", outputs, size // 32, size // 32])


def yolov3_tiny(g, widths, classes, size):
    """A fixed image size, upsampling by a constant factor, the grids as the convolutions leave them."""
    coarse, fine = _yolov3_tiny(
        g, g.input("images", ["N", 3, size, size]), widths, classes, lambda x, _: g.upscale(x, [1, 1, 2, 2])
    )
    g.output(coarse, "coarse", ["N", 3 * (5 + classes), size // 32, size // 32])
    g.output(fine, "fine", ["N", 3 * (5 + classes), size // 16, size // 16])


def yolov3_tiny_dynamic(g, widths, classes):
    """Any image size: upsampling to the size of what it is concatenated with, and grids in the order [N, anchor, H, W,
    value], by arithmetic on shapes."""

    def upsample_to(x, like):
        outer = g.slice(g.node("Shape", x), 0, 2)
        inner = g.slice(g.node("Shape", like), 2, 4)
        sizes = g.node("Concat", [outer, g.node("Cast", inner, to=7)], axis=0)
        return g.resize_to(x, sizes)

    def by_anchor(x):
        batch, height, width = (g.dimension(x, axis) for axis in (0, 2, 3))
        x = g.reshape(x, g.shape([batch, 3, 5 + classes, height, width]))
        return g.node("Transpose", x, perm=[0, 1, 3, 4, 2])

    coarse, fine = _yolov3_tiny(g, g.input("images", ["N", 3, "H", "W"]), widths, classes, upsample_to)
    g.output(by_anchor(coarse), "coarse", ["N", 3, "H/32", "W/32", 5 + classes])
    g.output(by_anchor(fine), "fine", ["N", 3, "H/16", "W/16", 5 + classes])


def _yolov3_tiny(g, x, widths, classes, upsample):
    def block(x, inputs, outputs, kernel=3):
        x = layers.conv(g, x, inputs, outputs, kernel, bias=False)
        return layers.leaky_relu(g, layers.batch_norm(g, x, outputs), 0.1)

    *backbone, last = widths
    channels = 3
    for width in backbone[:-1]:
        x = before_pool = block(x, channels, width)
        x = layers.max_pool(g, x, 2, 2)
        channels = width
    route, route_channels = before_pool, channels
    x = block(x, channels, backbone[-1])
    # PyTorch's rendering of Darknet's pooling of stride 1: zeros, where SAME_UPPER would have minus infinity.
    x = layers.max_pool(g, g.pad(x, [0, 0, 0, 0, 0, 0, 1, 1]), 2, 1)
    x = block(x, backbone[-1], last)
    x = neck = block(x, last, route_channels, 1)
    values = 3 * (5 + classes)
    coarse = layers.conv(g, block(x, route_channels, backbone[-1]), backbone[-1], values, 1)
    half = route_channels // 2
    x = upsample(block(neck, route_channels, half, 1), route)
    x = g.node("Concat", [x, route], axis=1)
    fine = layers.conv(g, block(x, half + route_channels, route_channels), route_channels, values, 1)
    return coarse, fine


def mtcnn_pnet(g, widths):
    """The proposal network: channels last outside, any image size."""
    x = g.input("image", ["N", "H", "W", 3])
    first, second, third = widths
    x = _keras_prelu(g, _keras_conv(g, x, 3, first, 3), first)
    x = _keras_max_pool(g, x, 2, "SAME_UPPER")
    x = _keras_prelu(g, _keras_conv(g, x, first, second, 3), second)
    x = _keras_prelu(g, _keras_conv(g, x, second, third, 3), third)
    face = g.node("Softmax", _keras_conv(g, x, third, 2, 1), axis=3)
    g.output(face, "face", ["N", "H/2", "W/2", 2])
    g.output(_keras_conv(g, x, third, 4, 1), "box", ["N", "H/2", "W/2", 4])


def mtcnn_onet(g, widths, hidden, size):
    """The output network: channels last outside, three answers, PReLU in the five nodes that Keras makes of it."""
    x = g.input("face_image", ["N", size, size, 3])
    first, second, third, fourth = widths
    x = _keras_prelu(g, _keras_conv(g, x, 3, first, 3), first)
    x = _keras_max_pool(g, x, 3, "SAME_UPPER")
    x = _keras_prelu(g, _keras_conv(g, x, first, second, 3), second)
    x = _keras_max_pool(g, x, 3, "VALID")
    x = _keras_prelu(g, _keras_conv(g, x, second, third, 3), third)
    x = _keras_max_pool(g, x, 2, "SAME_UPPER")
    x = _keras_prelu(g, _keras_conv(g, x, third, fourth, 2), fourth)
    size = -(-(size - 2) // 2)
    size = (size - 2 - 3) // 2 + 1
    size = -(-(size - 2) // 2) - 1
    # Flatten, in TensorFlow's words: the batch from the shape, the rest counted.
    batch = g.node("Gather", [g.node("Shape", x), g.weight(np.array([0], np.int64), "axis")], axis=0)
    flat = g.node("Concat", [batch, g.weight(np.array([size * size * fourth], np.int64), "features")], axis=0)
    x = g.reshape(x, flat)
    x = _keras_prelu(g, layers.matmul(g, x, size * size * fourth, hidden), hidden, rank=2)
    face = layers.matmul(g, x, hidden, 2, gain=0.2)  # so that the probabilities are neither 0 nor 1
    g.output(g.node("Softmax", face, axis=1), "face", ["N", 2])
    g.output(layers.matmul(g, x, hidden, 4), "box", ["N", 4])
    g.output(layers.matmul(g, x, hidden, 10), "landmarks", ["N", 10])


def cascade_pnet(g, widths, size):
    """The proposal network on one window, channels first, as PyTorch exports it: PRelu, poolings that round up."""
    x = g.input("window", ["N", 3, size, size])
    first, second, third = widths
    x = _cascade_conv(g, x, 3, first, 3)
    x = layers.max_pool(g, x, 2, 2, ceil_mode=True)
    x = _cascade_conv(g, x, first, second, 3)
    x = _cascade_conv(g, x, second, third, 3)
    side = -(-(size - 2) // 2) - 4
    g.output(g.node("Softmax", layers.conv(g, x, third, 2, 1), axis=1), "face", ["N", 2, side, side])
    g.output(layers.conv(g, x, third, 4, 1), "box", ["N", 4, side, side])


def cascade_rnet(g, widths, hidden, size):
    """The refinement network."""
    x = g.input("window", ["N", 3, size, size])
    first, second, third = widths
    x = layers.max_pool(g, _cascade_conv(g, x, 3, first, 3), 3, 2, ceil_mode=True)
    x = layers.max_pool(g, _cascade_conv(g, x, first, second, 3), 3, 2, ceil_mode=True)
    x = _cascade_conv(g, x, second, third, 2)
    side = -(-(size - 2 - 3) // 2) + 1
    side = -(-(side - 2 - 3) // 2)
    _cascade_head(g, x, third * side * side, hidden, {"face": 2, "box": 4})


def cascade_onet(g, widths, hidden, size):
    """The output network."""
    x = g.input("window", ["N", 3, size, size])
    first, second, third, fourth = widths
    x = layers.max_pool(g, _cascade_conv(g, x, 3, first, 3), 3, 2, ceil_mode=True)
    x = layers.max_pool(g, _cascade_conv(g, x, first, second, 3), 3, 2, ceil_mode=True)
    x = layers.max_pool(g, _cascade_conv(g, x, second, third, 3), 2, 2, ceil_mode=True)
    x = _cascade_conv(g, x, third, fourth, 2)
    side = -(-(size - 2 - 3) // 2) + 1
    side = -(-(side - 2 - 3) // 2) + 1
    side = -(-(side - 2 - 2) // 2)
    _cascade_head(g, x, fourth * side * side, hidden, {"face": 2, "box": 4, "landmarks": 10})


def _cascade_conv(g, x, inputs, outputs, kernel):
    return layers.prelu(g, layers.conv(g, x, inputs, outputs, kernel, pad=0), outputs)


def _cascade_head(g, x, features, hidden, outputs):
    """In the order that the weights converted from Caffe want: width before height before channels."""
    x = g.node("Flatten", g.node("Transpose", x, perm=[0, 3, 2, 1]), axis=1)
    x = layers.prelu(g, layers.dense(g, x, features, hidden), hidden, dims=0)
    for name, values in outputs.items():
        # So that the probabilities are neither 0 nor 1.
        y = layers.dense(g, x, hidden, values, gain=0.05 if name == "face" else 1.0)
        g.output(g.node("Softmax", y, axis=1) if name == "face" else y, name, ["N", values])


def _channels_first(g, x, op):
    x = op(g.node("Transpose", x, perm=[0, 3, 1, 2]))
    return g.node("Transpose", x, perm=[0, 2, 3, 1])


def _keras_conv(g, x, inputs, outputs, kernel):
    return _channels_first(g, x, lambda x: layers.conv(g, x, inputs, outputs, kernel, auto_pad="VALID"))


def _keras_max_pool(g, x, kernel, padding):
    return _channels_first(g, x, lambda x: layers.max_pool(g, x, kernel, 2, auto_pad=padding))


def _keras_prelu(g, x, channels, rank=4):
    """relu(x) + -slope * relu(-x), with a slope that Keras shares over height and width."""
    slope = g.weight(-layers.learned_slopes(g, channels).reshape(*[1] * (rank - 2), channels), "negated_slope")
    negative = g.node("Mul", [slope, g.node("Relu", g.node("Neg", x))])
    return g.node("Add", [g.node("Relu", x), negative])
