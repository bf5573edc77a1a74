"""What a case is: a tiny network, its random weights and its random inputs.

A builder is given the module `keras`, so that one case can be written in the dialects of Keras 2 and Keras 3.
"""

import dataclasses
import re
import typing
import zlib

import numpy as np

BATCH = 2
LAYER_TOLERANCE = 1e-5
NETWORK_TOLERANCE = 1e-4
BOTH = ("keras", "h5")


def normal(random, shape):
    return random.normal(size=shape)


# Where activations have corners, and a little to both sides.
CORNERS = (0, -0.0, 0.25, -0.25, 0.5, -0.5, 0.75, 1, -1, 2, -2, 2.5, -2.5, 3, -3, 6, -6, 0.1, -0.1, 7.5)


def corners(random, shape):
    """Normal values of some width; the first are exactly at corners of activations."""
    values = 2 * random.normal(size=shape)
    count = min(values.size, len(CORNERS))
    values.flat[:count] = CORNERS[:count]
    return values


def extremes(random, shape):
    """Values at which a careless exponential overflows or cancels."""
    values = random.normal(size=shape)
    large = np.array([-100, -50, -20, -1e-3, -1e-6, 0, 1e-6, 1e-3, 20, 50, 80, 100])
    values.flat[: large.size] = large
    return values


def indices(count):
    return lambda random, shape: random.randint(0, count, shape)


def pixels(random, shape):
    return random.randint(0, 256, shape)


@dataclasses.dataclass(frozen=True)
class Case:
    """`build(keras)` returns a model that is not compiled; `layer` is the row of the table that it counts for.

    `sizes` are what dimensions that the model leaves open are, once for each set of inputs; `samples` draws inputs
    that are not normally distributed, by their name or all of them. PReLU's slopes are drawn from `slopes`.
    """

    name: str
    layer: str
    build: typing.Callable
    tolerance: float = LAYER_TOLERANCE
    formats: tuple[str, ...] = BOTH
    sizes: tuple[tuple[int, ...], ...] = ((),)
    samples: dict[str, typing.Callable] | typing.Callable = normal
    slopes: tuple[float, float] = (-0.5, 1.5)
    # Builds the same in float32, where that is what answers are compared with.
    reference: typing.Callable | None = None
    # Element type that weights are rounded to.
    precision: str | None = None

    @property
    def seed(self):
        return zlib.crc32(self.name.encode())

    def make_inputs(self, described, which):
        """Arrays for inputs given as (name, shape with None for what is open, dtype)."""
        random = np.random.RandomState((self.seed + 7919 * which) % 2**32)
        arrays = {}
        for name, shape, dtype in described:
            open_sizes = iter(self.sizes[which])
            full = tuple(next(open_sizes) if size is None else size for size in shape[1:])
            sample = self.samples if callable(self.samples) else self.samples.get(name, normal)
            arrays[name] = np.asarray(sample(random, (shape[0] or BATCH, *full))).astype(dtype)
        return arrays


def snake(class_name):
    """As Keras names a layer: Conv2D conv2d, PReLU p_re_lu, LeakyReLU leaky_re_lu."""
    spaced = re.sub(r"(.)([A-Z][a-z0-9]+)", r"\1_\2", class_name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", spaced).lower()


def realized(keras, options):
    """Options whose value is a function get what it makes of the module."""
    return {name: value(keras) if callable(value) else value for name, value in options.items()}


def one_layer(keras, class_name, shape, options, dtype="float32"):
    x = keras.Input(shape, name="x", dtype=dtype)
    return keras.Model(x, getattr(keras.layers, class_name)(**realized(keras, options))(x))


def variants(class_name, shape, base, table, **settings):
    """A case for each entry of the table: a suffix of the name and options beyond `base`; `shape` is one of them."""
    cases = []
    for suffix, options in table.items():
        options = base | options
        input_shape = options.pop("shape", shape)

        def build(keras, options=options, input_shape=input_shape):
            return one_layer(keras, class_name, input_shape, options)

        cases.append(Case(f"{snake(class_name)}_{suffix}", class_name, build, **settings))
    return cases


def _drawn(random, name, shape, slopes):
    if name.startswith("alpha"):
        return random.uniform(*slopes, shape)
    if "gamma" in name or name.startswith("scale"):
        return 1 + 0.3 * random.normal(size=shape)
    if "variance" in name:
        return random.uniform(0.5, 1.5, shape)
    if "kernel" in name and len(shape) > 1:
        # He et al.'s variance; the last axis is about the number of outputs.
        return random.normal(size=shape) * np.sqrt(2 / max(1, np.prod(shape[:-1])))
    if "embedding" in name:
        return random.normal(size=shape)
    return 0.2 * random.normal(size=shape)


def set_weights(case, model):
    """Draws every weight anew, but for what Normalization has measured."""
    random = np.random.RandomState(case.seed)
    for weight in model.weights:
        name = weight.name.split("/")[-1].split(":")[0]
        # Of Normalization; of BatchNormalization they are moving_mean and moving_variance.
        if re.fullmatch(r"(mean|variance|count|seed_generator_state)(_\d+)?", name):
            continue
        values = np.asarray(_drawn(random, name, tuple(weight.shape), case.slopes), np.float32)
        if case.precision:
            values = rounded(values, case.precision)
        weight.assign(values)


def rounded(values, precision):
    import ml_dtypes

    dtype = {"float16": np.float16, "bfloat16": ml_dtypes.bfloat16}[precision]
    return values.astype(dtype).astype(np.float32)
