"""Operations of keras.ops and Python's operators on tensors of a functional model."""

import numpy as np
from cases import Case, corners, normal

SHAPE = (4, 3)
ROW = np.array([0.1, -0.3, 1.4], np.float32)


def positive(random, shape):
    return random.uniform(0.2, 3, shape)


# ops and x to what becomes the model's output.
UNARY = {
    "relu": lambda ops, x: ops.relu(x),
    "relu6": lambda ops, x: ops.relu6(x),
    "leaky_relu": lambda ops, x: ops.leaky_relu(x),
    "leaky_relu_slope": lambda ops, x: ops.leaky_relu(x, negative_slope=0.05),
    "elu": lambda ops, x: ops.elu(x, alpha=0.5),
    "celu": lambda ops, x: ops.celu(x, alpha=0.5),
    "selu": lambda ops, x: ops.selu(x),
    "gelu": lambda ops, x: ops.gelu(x),
    "gelu_exact": lambda ops, x: ops.gelu(x, approximate=False),
    "silu": lambda ops, x: ops.silu(x),
    "swish": lambda ops, x: ops.swish(x),
    "hard_sigmoid": lambda ops, x: ops.hard_sigmoid(x),
    "hard_swish": lambda ops, x: ops.hard_swish(x),
    "sigmoid": lambda ops, x: ops.sigmoid(x),
    "log_sigmoid": lambda ops, x: ops.log_sigmoid(x),
    "tanh": lambda ops, x: ops.tanh(x),
    "softplus": lambda ops, x: ops.softplus(x),
    "softsign": lambda ops, x: ops.softsign(x),
    "softmax": lambda ops, x: ops.softmax(x),
    "softmax_axis_1": lambda ops, x: ops.softmax(x, axis=1),
    "log_softmax": lambda ops, x: ops.log_softmax(x),
    "abs": lambda ops, x: ops.abs(x),
    "absolute": lambda ops, x: ops.absolute(x),
    "python_abs": lambda ops, x: abs(x),
    "negative": lambda ops, x: ops.negative(x),
    "python_negative": lambda ops, x: -x,
    "square": lambda ops, x: ops.square(x),
    "exp": lambda ops, x: ops.exp(x),
    "sign": lambda ops, x: ops.sign(x),
    "floor": lambda ops, x: ops.floor(x),
    "ceil": lambda ops, x: ops.ceil(x),
    "round": lambda ops, x: ops.round(x),
    "identity": lambda ops, x: ops.stop_gradient(x),
    "clip": lambda ops, x: ops.clip(x, -0.5, 1.0),
    "clip_integers": lambda ops, x: ops.clip(x, -1, 2),
    "cast": lambda ops, x: ops.cast(x > 0, "float32"),
}

OF_POSITIVE = {
    "sqrt": lambda ops, x: ops.sqrt(x),
    "rsqrt": lambda ops, x: ops.rsqrt(x),
    "log": lambda ops, x: ops.log(x),
    "reciprocal": lambda ops, x: ops.reciprocal(x),
    "power": lambda ops, x: ops.power(x, 1.5),
    "power_of_scalar": lambda ops, x: ops.power(2.0, x),
    "python_power": lambda ops, x: x**0.5,
    "python_power_integer": lambda ops, x: x**2,
    "python_power_of_scalar": lambda ops, x: 2.0**x,
    "divide_scalar": lambda ops, x: ops.divide(1.0, x),
    "python_divide_scalar": lambda ops, x: 1.0 / x,
}

WITH_CONSTANTS = {
    "add": lambda ops, x: ops.add(x, 1.5),
    "add_to_scalar": lambda ops, x: ops.add(1.5, x),
    "python_add": lambda ops, x: x + 1,
    "python_add_to_scalar": lambda ops, x: 1 + x,
    "subtract": lambda ops, x: ops.subtract(x, 1.5),
    "subtract_from_scalar": lambda ops, x: ops.subtract(1.5, x),
    "python_subtract": lambda ops, x: x - 0.5,
    "python_subtract_from_scalar": lambda ops, x: 0.5 - x,
    "multiply": lambda ops, x: ops.multiply(x, 1.5),
    "multiply_scalar": lambda ops, x: ops.multiply(1.5, x),
    "python_multiply": lambda ops, x: x * 3,
    "python_multiply_scalar": lambda ops, x: 3.0 * x,
    "divide": lambda ops, x: ops.divide(x, 1.5),
    "true_divide": lambda ops, x: ops.true_divide(x, 1.5),
    "python_divide": lambda ops, x: x / 3,
    "maximum": lambda ops, x: ops.maximum(x, 0.5),
    "maximum_of_scalar": lambda ops, x: ops.maximum(0.5, x),
    "minimum": lambda ops, x: ops.minimum(x, 0.5),
    "minimum_of_scalar": lambda ops, x: ops.minimum(0.5, x),
    "multiply_row": lambda ops, x: x * ROW,
    "row_first": lambda ops, x: ops.multiply(ROW, x),
    "add_row": lambda ops, x: ops.add(x, ops.convert_to_tensor(ROW)),
    "where_scalar": lambda ops, x: ops.where(x > 0.25, x, -1.0),
    "where_two_scalars": lambda ops, x: ops.where(x > 0.25, 1.0, -1.0),
    "where_less": lambda ops, x: ops.where(ops.less(x, 0.0), x, 0.5),
    "where_both": lambda ops, x: ops.where(ops.logical_and(x > -1, x < 1), x, 0.0),
    "where_either": lambda ops, x: ops.where(ops.logical_or(x < -1, x > 1), x, 0.0),
    "where_not": lambda ops, x: ops.where(ops.logical_not(x <= 0.25), x, 0.0),
    "where_equal": lambda ops, x: ops.where(ops.equal(x, 0.25), 5.0, x),
    "where_not_equal": lambda ops, x: ops.where(ops.not_equal(x, 0.25), 5.0, x),
    "matmul_constant": lambda ops, x: ops.matmul(x, np.arange(6, dtype=np.float32).reshape(3, 2)),
    "dot_constant": lambda ops, x: ops.dot(x, np.arange(6, dtype=np.float32).reshape(3, 2)),
}

SHAPING = {
    "mean": lambda ops, x: ops.mean(x, axis=1),
    "mean_keepdims": lambda ops, x: ops.mean(x, axis=-1, keepdims=True),
    "mean_axes": lambda ops, x: ops.mean(x, axis=(1, 2)),
    "sum": lambda ops, x: ops.sum(x, axis=2),
    "sum_axes_keepdims": lambda ops, x: ops.sum(x, axis=[1, 2], keepdims=True),
    "max": lambda ops, x: ops.max(x, axis=1),
    "max_keepdims": lambda ops, x: ops.max(x, axis=(1, 2), keepdims=True),
    "min": lambda ops, x: ops.min(x, axis=1),
    "amax": lambda ops, x: ops.amax(x, axis=1),
    "amin": lambda ops, x: ops.amin(x, axis=-1),
    "prod": lambda ops, x: ops.prod(x, axis=-1),
    "var": lambda ops, x: ops.var(x, axis=1),
    "std": lambda ops, x: ops.std(x, axis=1, keepdims=True),
    "reshape": lambda ops, x: ops.reshape(x, (-1, 12)),
    "reshape_open": lambda ops, x: ops.reshape(x, (-1, 2, 6)),
    "transpose": lambda ops, x: ops.transpose(x, (0, 2, 1)),
    "swapaxes": lambda ops, x: ops.swapaxes(x, 1, 2),
    "moveaxis": lambda ops, x: ops.moveaxis(x, 1, -1),
    "concatenate": lambda ops, x: ops.concatenate([x, ops.relu(x)], axis=-1),
    "concatenate_axis_1": lambda ops, x: ops.concatenate([x, x, x], axis=1),
    "stack": lambda ops, x: ops.stack([x, ops.relu(x)], axis=1),
    "stack_last": lambda ops, x: ops.stack([x, x], axis=-1),
    "split": lambda ops, x: ops.split(x, 3, axis=2)[1],
    "split_and_add": lambda ops, x: ops.add(*ops.split(x, 2, axis=1)),
    "split_at": lambda ops, x: ops.split(x, [1], axis=1)[1],
    "expand_dims": lambda ops, x: ops.expand_dims(x, 1),
    "expand_dims_last": lambda ops, x: ops.expand_dims(x, -1),
    "expand_dims_axes": lambda ops, x: ops.expand_dims(x, (1, -1)),
    "squeeze": lambda ops, x: ops.squeeze(ops.expand_dims(x, 1), 1),
    "squeeze_last": lambda ops, x: ops.squeeze(ops.mean(x, axis=-1, keepdims=True), axis=-1),
    "matmul": lambda ops, x: ops.matmul(x, ops.transpose(x, (0, 2, 1))),
    "python_matmul": lambda ops, x: ops.transpose(x, (0, 2, 1)) @ x,
    "einsum": lambda ops, x: ops.einsum("bij,bkj->bik", x, x),
    "pad": lambda ops, x: ops.pad(x, [[0, 0], [1, 2], [0, 1]]),
    "pad_value": lambda ops, x: ops.pad(x, [[0, 0], [1, 0], [0, 0]], constant_values=2.0),
    "pad_reflect": lambda ops, x: ops.pad(x, [[0, 0], [2, 1], [0, 0]], mode="reflect"),
    "pad_edge": lambda ops, x: ops.pad(x, [[0, 0], [2, 1], [0, 0]], mode="edge"),
    "tile": lambda ops, x: ops.tile(x, [1, 2, 1]),
    "repeat": lambda ops, x: ops.repeat(x, 2, axis=1),
    "flip": lambda ops, x: ops.flip(x, axis=1),
    "roll": lambda ops, x: ops.roll(x, 1, axis=1),
    "slice": lambda ops, x: x[:, 1:3],
    "slice_step": lambda ops, x: x[:, ::2, :2],
    "slice_reversed": lambda ops, x: x[:, ::-1],
    "index": lambda ops, x: x[:, 1],
    "index_last": lambda ops, x: x[..., -1],
    "new_axis": lambda ops, x: x[:, None, 1:, :],
    "normalize": lambda ops, x: ops.normalize(x, axis=-1),
    "argmax": lambda ops, x: ops.argmax(x, axis=-1),
    "max_pool": lambda ops, x: ops.max_pool(x, (2,), (2,)),
    "average_pool": lambda ops, x: ops.average_pool(x, 2, 1, padding="same"),
    "broadcast": lambda ops, x: x - ops.mean(x, axis=1, keepdims=True),
    "standardize": lambda ops, x: (x - ops.mean(x, axis=1, keepdims=True)) / ops.std(x, axis=1, keepdims=True),
    "zeros_like": lambda ops, x: ops.maximum(x, ops.zeros_like(x)),
}

# LeakyReLU and PReLU written by hand; each of them is to become one activation.
SPELLINGS = {
    "two_relus": lambda ops, x: ops.relu(x) - 0.3 * ops.relu(-x),
    "two_relus_above_1": lambda ops, x: ops.relu(x) - 1.7 * ops.relu(-x),
    "two_relus_negative": lambda ops, x: ops.relu(x) - -0.4 * ops.relu(-x),
    "plus_negated_relu": lambda ops, x: ops.relu(x) + 0.3 * (-ops.relu(-x)),
    "theano": lambda ops, x: ops.relu(x) + 0.3 * (x - ops.abs(x)) * 0.5,
    "theano_operators": lambda ops, x: ops.relu(x) + 0.3 * (x - abs(x)) * 0.5,
    "maximum": lambda ops, x: ops.maximum(x, 0.1 * x),
    "maximum_mirrored": lambda ops, x: ops.maximum(0.1 * x, x),
    "maximum_divided": lambda ops, x: ops.maximum(x, x / 5),
    "maximum_negative": lambda ops, x: ops.maximum(x, -0.4 * x),
    "minimum_above_1": lambda ops, x: ops.minimum(x, 1.8 * x),
    "minimum_below_1": lambda ops, x: ops.minimum(x, 0.5 * x),
    "where": lambda ops, x: ops.where(x > 0, x, 0.2 * x),
    "where_or_equal": lambda ops, x: ops.where(x >= 0, x, x * 0.2),
    "where_less": lambda ops, x: ops.where(x < 0, 0.2 * x, x),
    "clips": lambda ops, x: ops.clip(x, 0, 1e9) + 0.25 * ops.clip(x, -1e9, 0),
    "maximum_and_minimum": lambda ops, x: ops.maximum(x, 0.0) + 0.25 * ops.minimum(x, 0.0),
    "half_sums": lambda ops, x: 0.6 * x + 0.4 * ops.abs(x),
    "relu_of_rest": lambda ops, x: 0.2 * x + 0.8 * ops.relu(x),
    "row_two_relus": lambda ops, x: ops.relu(x) - ops.multiply(ROW, ops.relu(-x)),
    "row_theano": lambda ops, x: ops.relu(x) + ops.multiply(x - ops.abs(x), ROW) * 0.5,
    "row_where": lambda ops, x: ops.where(x > 0, x, ops.multiply(ROW, x)),
    "row_maximum": lambda ops, x: ops.maximum(x, ops.multiply(x, ROW * 0.5)),
}


def _case(layer, prefix, name, function, sample):
    def build(keras):
        x = keras.Input(SHAPE, name="x")
        return keras.Model(x, function(keras.ops, x))

    return Case(f"{prefix}_{name}", layer, build, samples=sample)


def _two_inputs(name, function):
    def build(keras):
        a, b = keras.Input(SHAPE, name="a"), keras.Input(SHAPE[1:], name="b")
        return keras.Model([a, b], function(keras.ops, a, keras.layers.RepeatVector(SHAPE[0])(b)))

    return Case(f"ops_{name}_of_tensors", "operation", build, samples=positive)


def _after_dense(name, function):
    """The same behind a layer with weights, as it stands in networks."""

    def build(keras):
        x = keras.Input((5,), name="x")
        y = function(keras.ops, keras.layers.Dense(3)(x))
        return keras.Model(x, keras.layers.Dense(2)(y))

    return Case(f"spelling_{name}_between_dense", "slope written by hand", build)


TABLES = (
    ("operation", "ops", UNARY, corners),
    ("operation", "ops", OF_POSITIVE, positive),
    ("operation", "ops", WITH_CONSTANTS, corners),
    ("operation", "ops", SHAPING, normal),
    ("slope written by hand", "spelling", SPELLINGS, corners),
)

CASES = [
    *(
        _case(layer, prefix, name, function, sample)
        for layer, prefix, table, sample in TABLES
        for name, function in table.items()
    ),
    _two_inputs("add", lambda ops, a, b: a + b),
    _two_inputs("subtract", lambda ops, a, b: a - b),
    _two_inputs("multiply", lambda ops, a, b: ops.multiply(a, b)),
    _two_inputs("divide", lambda ops, a, b: ops.divide(a, b)),
    _two_inputs("maximum", lambda ops, a, b: ops.maximum(a, b)),
    _two_inputs("minimum", lambda ops, a, b: ops.minimum(a, b)),
    _two_inputs("power", lambda ops, a, b: ops.power(a, b)),
    _two_inputs("where", lambda ops, a, b: ops.where(a > b, a, b)),
    _two_inputs("keywords", lambda ops, a, b: ops.subtract(x1=b, x2=a)),
    *(_after_dense(name, function) for name, function in SPELLINGS.items()),
]
