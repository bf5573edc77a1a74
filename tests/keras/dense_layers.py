"""Dense and Embedding, and every activation that has a name."""

from cases import Case, corners, extremes, indices, one_layer, variants

# What keras.activations lists, and other names of the same. Not threshold, which has arguments that a name does not
# give, and not glu, which halves an axis where Dense and Activation promise that it stays.
NAMES = (
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
)


def _activation(name):
    def build(keras):
        return one_layer(keras, "Activation", (6, 5), {"activation": name})

    return [
        Case(f"activation_{name}", "Activation", build, samples=corners),
        Case(f"activation_{name}_extremes", "Activation", build, samples=extremes),
    ]


def _embedding(suffix, options, shape=(4,), dtype="int32"):
    def build(keras):
        x = keras.Input(shape, name="x", dtype=dtype)
        return keras.Model(x, keras.layers.Embedding(7, 3, **options)(x))

    return Case(f"embedding_{suffix}", "Embedding", build, samples=indices(7))


CASES = [
    *variants(
        "Dense",
        (5,),
        {"units": 4},
        {
            "rank_2": {},
            "rank_3": {"shape": (3, 5)},
            "rank_4": {"shape": (2, 3, 5)},
            "rank_5": {"shape": (2, 3, 2, 5)},
            "no_bias": {"use_bias": False},
            "no_bias_rank_3": {"use_bias": False, "shape": (3, 5)},
            "one_unit": {"units": 1},
            "softmax_rank_3": {"activation": "softmax", "shape": (3, 5)},
            **{f"{name}": {"activation": name} for name in NAMES},
            **{f"{name}_rank_4": {"activation": name, "shape": (2, 3, 5)} for name in ("leaky_relu", "log_softmax")},
        },
    ),
    *(case for name in NAMES for case in _activation(name)),
    _embedding("int32", {}),
    _embedding("one_index", {}, shape=(1,)),
    _embedding("rank_3", {}, shape=(2, 3)),
    _embedding("float_indices", {}, dtype="float32"),
    _embedding("int64", {}, dtype="int64"),
]
