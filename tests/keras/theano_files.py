"""Files as Keras 2 wrote them on Theano, by hand: kernels of convolutions are stored turned around.

On Theano a convolution turns its kernel around, on all other backends it does not, so Keras turned the kernels of
Conv1D, Conv2D, Conv3D and Conv2DTranspose around when it loaded a file of the other kind, and of no other layers.

The structure is the documented one: attributes `model_config`, `keras_version` and `backend`, and a group
`model_weights` with the names of layers, each of which has the names of its weights in their order.
"""

import json
import zlib

import h5py
import numpy as np
from slow_layers import (
    batch_normalization,
    channels_first,
    channels_last,
    convolution,
    leaky_relu,
    max_pooling,
    softmax,
    transposed_convolution,
)

BATCH = 2
TOLERANCE = 1e-5


def turned(kernel):
    """By 180 degrees over all axes but the last two, which are channels."""
    return np.flip(kernel, axis=tuple(range(kernel.ndim - 2)))


def _weights(name, **shapes):
    random = np.random.RandomState(zlib.crc32(name.encode()))
    drawn = {}
    for key, shape in shapes.items():
        if key.startswith("variance"):
            values = random.uniform(0.5, 1.5, shape)
        elif key.startswith("alpha"):
            values = random.uniform(-0.5, 1.5, shape)
        else:
            values = random.normal(size=shape) * 0.5
        drawn[key] = values.astype(np.float32)
    return drawn


def _layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


def _conv(class_name, name, filters, kernel_size, data_format, padding="valid", strides=1, **more):
    return _layer(
        class_name,
        name,
        filters=filters,
        kernel_size=list(kernel_size),
        strides=[strides] * len(kernel_size),
        padding=padding,
        data_format=data_format,
        use_bias=True,
        **({} if class_name.endswith("Transpose") else {"dilation_rate": [1] * len(kernel_size)}),
        **({"activation": "linear"} | more),
    )


def _dense(name, units, activation):
    return _layer("Dense", name, units=units, activation=activation, use_bias=True)


def _write(folder, config, weights, x, y, output, version="2.1.6", chunks=False, source="x"):
    """`source` is the input's name; `weights` has for each layer, in order, its name and pairs of weight and value."""
    folder.mkdir(parents=True, exist_ok=True)
    with h5py.File(folder / "model.h5", "w") as file:
        file.attrs["keras_version"] = np.bytes_(version)
        file.attrs["backend"] = np.bytes_("theano")
        file.attrs["model_config"] = np.bytes_(json.dumps(config))
        group = file.create_group("model_weights")
        group.attrs["backend"] = np.bytes_("theano")
        group.attrs["keras_version"] = np.bytes_(version)
        _write_names(group, "layer_names", [name for name, _ in weights], chunks)
        for name, pairs in weights:
            layer = group.create_group(name)
            _write_names(layer, "weight_names", [f"{name}/{weight}" for weight, _ in pairs], chunks)
            for weight, value in pairs:
                layer.create_dataset(f"{name}/{weight}", data=value)
    np.save(folder / f"input.{source}.npy", x)
    np.save(folder / f"output.{output}.npy", y.astype(np.float32))
    (folder / "case.json").write_text(json.dumps({"layer": "Theano", "tolerance": TOLERANCE}))


def _write_names(group, attribute, names, chunks):
    """In one attribute, or as Keras does above 64,512 bytes: in several with a number at the end."""
    if not chunks:
        group.attrs[attribute] = np.array(names, dtype="S") if names else np.zeros(0)
        return
    for index in range(0, len(names), 2):
        group.attrs[f"{attribute}{index // 2}"] = np.array(names[index : index + 2], dtype="S")


def conv2d_channels_first(folder, chunks=False):
    """A Sequential whose configuration is the list of its layers, as before Keras 2.2.3."""
    w = _weights("conv2d", kernel=(3, 2, 2, 4), bias=4, alpha=(4, 1, 1), dense=(24, 3), dense_bias=3)
    first = "channels_first"
    layers = [
        _conv("Conv2D", "conv", 4, (3, 2), first, batch_input_shape=[None, 2, 8, 5], dtype="float32"),
        _layer("PReLU", "slope", shared_axes=[2, 3]),
        _layer("MaxPooling2D", "pool", pool_size=[2, 2], strides=[2, 2], padding="valid", data_format=first),
        _layer("Flatten", "flat"),
        _dense("dense", 3, "softmax"),
    ]
    x = np.random.RandomState(1).normal(size=(BATCH, 2, 8, 5)).astype(np.float32)
    y = convolution(channels_last(x), w["kernel"], w["bias"])
    y = np.where(y > 0, y, channels_last(w["alpha"][None]) * y)
    y = channels_first(max_pooling(y, 2)).reshape(BATCH, -1)
    y = softmax(y @ w["dense"] + w["dense_bias"])
    weights = [
        ("conv", [("kernel", turned(w["kernel"])), ("bias", w["bias"])]),
        ("slope", [("alpha", w["alpha"])]),
        ("pool", []),
        ("flat", []),
        ("dense", [("kernel", w["dense"]), ("bias", w["dense_bias"])]),
    ]
    # Keras 2 names the input that it adds after the first layer.
    config = {"class_name": "Sequential", "config": layers}
    _write(folder, config, weights, x, y, "dense", chunks=chunks, source="conv_input")


def names_in_chunks(folder):
    """The same with lists of names that are split over several attributes."""
    conv2d_channels_first(folder, chunks=True)


def _functional(layers, inputs, outputs):
    return {"class_name": "Model", "config": {"name": "model_1", "layers": layers, **inputs, **outputs}}


def _called(layer, *sources):
    nodes = [[[source, 0, 0, {}] for source in sources]] if sources else []
    return layer | {"name": layer["config"]["name"], "inbound_nodes": nodes}


def _input(shape):
    config = {"name": "x", "batch_input_shape": [None, *shape], "dtype": "float32", "sparse": False}
    return {"class_name": "InputLayer", "config": config}


def conv2d_transpose(folder):
    """A functional model: two convolutions, one of them transposed, added and normalised along axis 1."""
    w = _weights(
        "transpose",
        kernel=(3, 3, 2, 3),
        bias=3,
        up=(3, 3, 4, 3),
        up_bias=4,
        side=(1, 1, 2, 4),
        side_bias=4,
        gamma=4,
        beta=4,
        mean=4,
        variance=4,
    )
    first = "channels_first"
    layers = [
        _called(_input((2, 5, 4))),
        _called(_conv("Conv2D", "side", 4, (1, 1), first), "x"),
        _called(_conv("Conv2D", "conv", 3, (3, 3), first, "same", activation="relu"), "x"),
        _called(_layer("UpSampling2D", "larger", size=[2, 2], data_format=first), "side"),
        _called(_conv("Conv2DTranspose", "up", 4, (3, 3), first, strides=2), "conv"),
        _called(_layer("ZeroPadding2D", "padded", padding=[[0, 1], [0, 1]], data_format=first), "larger"),
        _called(_layer("Add", "sum"), "up", "padded"),
        _called(
            _layer("BatchNormalization", "norm", axis=1, momentum=0.99, epsilon=0.001, center=True, scale=True), "sum"
        ),
        _called(_layer("LeakyReLU", "leaky", alpha=0.30000001192092896), "norm"),
    ]
    config = _functional(layers, {"input_layers": [["x", 0, 0]]}, {"output_layers": [["leaky", 0, 0]]})
    x = np.random.RandomState(2).normal(size=(BATCH, 2, 5, 4)).astype(np.float32)
    y = np.maximum(convolution(channels_last(x), w["kernel"], w["bias"], "same"), 0)
    y = transposed_convolution(y, w["up"], w["up_bias"], 2)
    side = convolution(channels_last(x), w["side"], w["side_bias"])
    side = np.pad(side.repeat(2, axis=1).repeat(2, axis=2), [(0, 0), (0, 1), (0, 1), (0, 0)])
    y = batch_normalization(y + side, w["gamma"], w["beta"], w["mean"], w["variance"], 0.001)
    y = channels_first(leaky_relu(y, 0.3))
    weights = [
        ("x", []),
        ("side", [("kernel", turned(w["side"])), ("bias", w["side_bias"])]),
        ("conv", [("kernel", turned(w["kernel"])), ("bias", w["bias"])]),
        ("larger", []),
        ("up", [("kernel", turned(w["up"])), ("bias", w["up_bias"])]),
        ("padded", []),
        ("sum", []),
        (
            "norm",
            [
                ("gamma", w["gamma"]),
                ("beta", w["beta"]),
                ("moving_mean", w["mean"]),
                ("moving_variance", w["variance"]),
            ],
        ),
        ("leaky", []),
    ]
    _write(folder, config, weights, x, y, "leaky", version="2.2.4")


def conv1d(folder):
    """Theano's Conv1D has channels last."""
    w = _weights("conv1d", kernel=(3, 4, 5), bias=5, alpha=(1, 5), dense=(5, 2), dense_bias=2)
    layers = [
        _called(_input((9, 4))),
        _called(_conv("Conv1D", "conv", 5, (3,), "channels_last", "same"), "x"),
        _called(_layer("PReLU", "slope", shared_axes=[1]), "conv"),
        _called(_layer("GlobalMaxPooling1D", "pool"), "slope"),
        _called(_dense("dense", 2, "linear"), "pool"),
    ]
    config = _functional(layers, {"input_layers": [["x", 0, 0]]}, {"output_layers": [["dense", 0, 0]]})
    x = np.random.RandomState(3).normal(size=(BATCH, 9, 4)).astype(np.float32)
    y = convolution(x, w["kernel"], w["bias"], "same")
    y = np.where(y > 0, y, w["alpha"][None] * y).max(axis=1) @ w["dense"] + w["dense_bias"]
    weights = [
        ("x", []),
        ("conv", [("kernel", turned(w["kernel"])), ("bias", w["bias"])]),
        ("slope", [("alpha", w["alpha"])]),
        ("pool", []),
        ("dense", [("kernel", w["dense"]), ("bias", w["dense_bias"])]),
    ]
    _write(folder, config, weights, x, y, "dense")


def conv3d_channels_first(folder):
    w = _weights("conv3d", kernel=(2, 3, 2, 2, 3), bias=3)
    layers = [
        _called(_input((2, 4, 5, 3))),
        _called(_conv("Conv3D", "conv", 3, (2, 3, 2), "channels_first"), "x"),
        _called(_layer("LeakyReLU", "leaky", alpha=0.1), "conv"),
    ]
    config = _functional(layers, {"input_layers": [["x", 0, 0]]}, {"output_layers": [["leaky", 0, 0]]})
    x = np.random.RandomState(4).normal(size=(BATCH, 2, 4, 5, 3)).astype(np.float32)
    y = channels_first(leaky_relu(convolution(channels_last(x), w["kernel"], w["bias"]), 0.1))
    weights = [("x", []), ("conv", [("kernel", turned(w["kernel"])), ("bias", w["bias"])]), ("leaky", [])]
    _write(folder, config, weights, x, y, "leaky")


def conv2d_channels_last(folder):
    w = _weights("last", kernel=(3, 5, 3, 4), bias=4, alpha=(6, 7, 4))
    layers = [
        _called(_input((6, 7, 3))),
        _called(_conv("Conv2D", "conv", 4, (3, 5), "channels_last", "same"), "x"),
        _called(_layer("PReLU", "slope", shared_axes=None), "conv"),
    ]
    config = _functional(layers, {"input_layers": [["x", 0, 0]]}, {"output_layers": [["slope", 0, 0]]})
    x = np.random.RandomState(5).normal(size=(BATCH, 6, 7, 3)).astype(np.float32)
    y = convolution(x, w["kernel"], w["bias"], "same")
    y = np.where(y > 0, y, w["alpha"][None] * y)
    weights = [
        ("x", []),
        ("conv", [("kernel", turned(w["kernel"])), ("bias", w["bias"])]),
        ("slope", [("alpha", w["alpha"])]),
    ]
    _write(folder, config, weights, x, y, "slope", version="2.3.1")


CASES = {
    f"theano_{write.__name__}": write
    for write in (
        conv1d,
        conv2d_channels_first,
        conv2d_channels_last,
        conv2d_transpose,
        conv3d_channels_first,
        names_in_chunks,
    )
}
