"""Cases in the dialect of Keras 2: those of Keras 3 that it has, too, and what only it writes."""

import dataclasses
import re

from cases import NETWORK_TOLERANCE, Case, corners, one_layer, variants

# Layers that Keras 2 does not have, or whose options it names otherwise: those are below.
LACKING_LAYERS = ("operation", "slope written by hand", "RMSNormalization", "LeakyReLU")

# Activations that Keras 3 has added, options that it has added, and what TensorFlow does not compute on a CPU.
LACKING = re.compile(
    r"(dense|activation)_(celu|hard_shrink|hard_silu|hard_swish|hard_tanh|log_sigmoid|soft_shrink|sparse_plus"
    r"|sparse_sigmoid|sparsemax|squareplus|tanh_shrink)(_extremes)?"
    r"|layer_normalization_rms_scaling|zero_padding1d_channels_first"
    r"|(conv|separable_conv|depthwise_conv1|(max|average)_pooling2)\w*_channels_first(_same)?"
    r"|resizing_\w*(pad|pad_value|antialias|channels_first)|center_crop_channels_first"
    r"|conv1d_transpose_\w*dilation|(mix_up|random_erasing|random_shear)_\w*"
)


def _has(case):
    return case.layer not in LACKING_LAYERS and not LACKING.fullmatch(case.name)


# What tf and its Keras make of x.
UNARY = {
    "leaky_relu": lambda tf, x: tf.nn.leaky_relu(x),
    "leaky_relu_alpha": lambda tf, x: tf.nn.leaky_relu(x, alpha=0.1),
    "relu": lambda tf, x: tf.nn.relu(x),
    "relu6": lambda tf, x: tf.nn.relu6(x),
    "elu": lambda tf, x: tf.nn.elu(x),
    "selu": lambda tf, x: tf.nn.selu(x),
    "swish": lambda tf, x: tf.nn.swish(x),
    "softplus": lambda tf, x: tf.nn.softplus(x),
    "softsign": lambda tf, x: tf.nn.softsign(x),
    "gelu": lambda tf, x: tf.nn.gelu(x),
    "nn_sigmoid": lambda tf, x: tf.nn.sigmoid(x),
    "nn_tanh": lambda tf, x: tf.nn.tanh(x),
    "softmax": lambda tf, x: tf.nn.softmax(x),
    "softmax_axis_1": lambda tf, x: tf.nn.softmax(x, axis=1),
    "log_softmax": lambda tf, x: tf.nn.log_softmax(x),
    "sigmoid": lambda tf, x: tf.math.sigmoid(x),
    "tanh": lambda tf, x: tf.math.tanh(x),
    "exp": lambda tf, x: tf.math.exp(x),
    "abs": lambda tf, x: tf.math.abs(x),
    "python_abs": lambda tf, x: abs(x),
    "negative": lambda tf, x: tf.math.negative(x),
    "python_negative": lambda tf, x: -x,
    "square": lambda tf, x: tf.math.square(x),
    "sqrt": lambda tf, x: tf.math.sqrt(tf.math.abs(x)),
    "rsqrt": lambda tf, x: tf.math.rsqrt(tf.math.abs(x) + 1.0),
    "log": lambda tf, x: tf.math.log(tf.math.abs(x) + 1.0),
    "pow": lambda tf, x: tf.math.pow(x, 2.0),
    "python_power": lambda tf, x: x**2.0,
    "clip": lambda tf, x: tf.clip_by_value(x, -0.5, 1.0),
    "add": lambda tf, x: tf.math.add(x, 1.5),
    "tf_add": lambda tf, x: tf.add(1.5, x),
    "python_add": lambda tf, x: x + 1.5,
    "python_add_to_scalar": lambda tf, x: 1.5 + x,
    "python_subtract": lambda tf, x: x - 0.5,
    "python_subtract_from_scalar": lambda tf, x: 0.5 - x,
    "python_multiply": lambda tf, x: x * 3.0,
    "python_multiply_scalar": lambda tf, x: 3.0 * x,
    "python_divide": lambda tf, x: x / 3.0,
    "divide_scalar": lambda tf, x: tf.math.divide(3.0, tf.math.abs(x) + 1.0),
    "add_tensors": lambda tf, x: x + tf.nn.relu(x),
    "add_n": lambda tf, x: tf.math.add_n([x, x, x]),
    "multiply_tensors": lambda tf, x: tf.multiply(x, x),
    "maximum": lambda tf, x: tf.math.maximum(x, 0.5),
    "minimum": lambda tf, x: tf.minimum(0.5, x),
    "where": lambda tf, x: tf.where(x > 0.25, x, -x),
    "where_greater": lambda tf, x: tf.where(tf.math.greater(x, 0.25), x, 2.0),
    "cast": lambda tf, x: tf.cast(x > 0.0, tf.float32),
    "concat": lambda tf, x: tf.concat([x, tf.nn.relu(x)], axis=-1),
    "concat_axis_1": lambda tf, x: tf.concat([x, x, x], 1),
    "stack": lambda tf, x: tf.stack([x, tf.nn.relu(x)], axis=1),
    "split": lambda tf, x: tf.split(x, 3, axis=2)[1],
    "reshape": lambda tf, x: tf.reshape(x, [-1, 12]),
    "transpose": lambda tf, x: tf.transpose(x, [0, 2, 1]),
    "expand_dims": lambda tf, x: tf.expand_dims(x, 1),
    "squeeze": lambda tf, x: tf.squeeze(tf.expand_dims(x, 1), axis=1),
    "reduce_mean": lambda tf, x: tf.reduce_mean(x, axis=1),
    "reduce_mean_keepdims": lambda tf, x: tf.math.reduce_mean(x, axis=[1, 2], keepdims=True),
    "reduce_sum": lambda tf, x: tf.reduce_sum(x, axis=-1),
    "reduce_max": lambda tf, x: tf.reduce_max(x, axis=1),
    "reduce_min": lambda tf, x: tf.reduce_min(x, axis=1),
    "matmul": lambda tf, x: tf.matmul(x, tf.transpose(x, [0, 2, 1])),
    "matmul_transposed": lambda tf, x: tf.matmul(x, x, transpose_b=True),
    "slice": lambda tf, x: x[:, 1:3],
    "index": lambda tf, x: x[:, 1],
    "new_axis": lambda tf, x: x[:, tf.newaxis, 1:],
    "pad": lambda tf, x: tf.pad(x, [[0, 0], [1, 2], [0, 0]]),
    "tile": lambda tf, x: tf.tile(x, [1, 2, 1]),
    "l2_normalize": lambda tf, x: tf.math.l2_normalize(x, axis=-1),
    "backend_relu": lambda tf, x: tf.keras.backend.relu(x),
    "backend_relu_alpha": lambda tf, x: tf.keras.backend.relu(x, alpha=0.2),
    "backend_relu_max_value": lambda tf, x: tf.keras.backend.relu(x, alpha=0.2, max_value=3.0),
    "backend_relu_threshold": lambda tf, x: tf.keras.backend.relu(x, alpha=0.2, threshold=0.5),
    "backend_abs": lambda tf, x: tf.keras.backend.abs(x),
    "backend_mean": lambda tf, x: tf.keras.backend.mean(x, axis=1),
    "backend_concatenate": lambda tf, x: tf.keras.backend.concatenate([x, x], axis=-1),
    "backend_sigmoid": lambda tf, x: tf.keras.backend.sigmoid(x),
    "activation_function": lambda tf, x: tf.keras.activations.relu(x, alpha=0.1),
}

SPELLINGS = {
    "two_relus": lambda tf, x: tf.nn.relu(x) - 0.3 * tf.nn.relu(-x),
    "theano": lambda tf, x: tf.nn.relu(x) + 0.3 * (x - tf.abs(x)) * 0.5,
    "maximum": lambda tf, x: tf.maximum(x, 0.1 * x),
    "maximum_mirrored": lambda tf, x: tf.maximum(0.1 * x, x),
    "minimum_above_1": lambda tf, x: tf.minimum(x, 1.8 * x),
    "where": lambda tf, x: tf.where(x > 0.0, x, 0.2 * x),
}


def _operation(layer, prefix, name, function):
    def build(keras):
        import tensorflow

        x = keras.Input((4, 3), name="x")
        return keras.Model(x, function(tensorflow, x))

    return Case(f"{prefix}_{name}", layer, build, samples=corners)


def _leaky(suffix, **options):
    def build(keras):
        return one_layer(keras, "LeakyReLU", (5, 6), options)

    return Case(f"leaky_re_lu_{suffix}", "LeakyReLU", build, samples=corners)


def plain_sequential(keras):
    """As tutorials write it: the first layer knows the shape of the input."""
    return keras.Sequential(
        [
            keras.layers.Conv2D(4, 3, input_shape=(8, 8, 1)),
            keras.layers.LeakyReLU(alpha=0.1),
            keras.layers.Conv2D(4, 3, activation=keras.layers.LeakyReLU()),
            keras.layers.Flatten(),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )


def input_layer(keras):
    return keras.Sequential([keras.layers.InputLayer((5,)), keras.layers.Dense(3), keras.layers.PReLU()])


def function_as_activation(keras):
    import tensorflow

    x = keras.Input((5,), name="x")
    y = keras.layers.Dense(4, activation=tensorflow.nn.leaky_relu)(x)
    return keras.Model(x, keras.layers.Activation(tensorflow.nn.relu6)(y))


def operations_in_a_nested_model(keras):
    import tensorflow

    inner_in, x = keras.Input((5,), name="inner_in"), keras.Input((5,), name="x")
    y = keras.layers.Dense(4, name="first")(inner_in)
    inner = keras.Model(inner_in, tensorflow.nn.relu(y) - 0.2 * tensorflow.nn.relu(-y), name="inner")
    return keras.Model(x, keras.layers.Dense(2)(inner(x) + inner(2.0 * x)))


def thresholded_relu(keras):
    return one_layer(keras, "ThresholdedReLU", (5, 6), {"theta": 0.5})


OWN = (
    _leaky("alpha_default"),
    _leaky("alpha", alpha=0.05),
    _leaky("alpha_above_1", alpha=1.5),
    Case("thresholded_re_lu", "ThresholdedReLU", thresholded_relu, samples=corners),
    Case("structure_plain_sequential", "structure", plain_sequential, NETWORK_TOLERANCE),
    Case("structure_input_layer", "structure", input_layer, NETWORK_TOLERANCE),
    Case("structure_function_as_activation", "structure", function_as_activation, samples=corners),
    Case("structure_operations_in_a_nested_model", "structure", operations_in_a_nested_model, NETWORK_TOLERANCE),
    *variants("UpSampling2D", (4, 5, 3), {}, {"area": {"interpolation": "area"}}),
    *(_operation("operation of TensorFlow", "tf", name, function) for name, function in UNARY.items()),
    *(_operation("slope written by hand", "spelling", name, function) for name, function in SPELLINGS.items()),
)


def _as_tensorflow_computes(case):
    """It takes the weights of bicubic interpolation from a table of 1,024 entries."""
    return dataclasses.replace(case, tolerance=2e-3) if "bicubic" in case.name else case


def cases(known):
    return [*map(_as_tensorflow_computes, filter(_has, known.values())), *OWN]
