"""Activations that are layers, on their own and as another layer's activation."""

import itertools

from cases import Case, corners, one_layer, snake, variants

SHAPES = {2: (5,), 3: (4, 3), 4: (4, 5, 3), 5: (3, 2, 4, 3)}


def _relu():
    for maximum, slope, threshold in itertools.product((None, 6.0, 1.0), (0.0, 0.1, 1.5), (0.0, 0.5)):
        suffix = f"max_{maximum}_slope_{slope}_threshold_{threshold}".lower().replace(".", "_")
        yield suffix, {"max_value": maximum, "negative_slope": slope, "threshold": threshold}
    yield "default", {}
    yield "max_0", {"max_value": 0.0, "negative_slope": 0.1}
    yield "max_below_threshold", {"max_value": 0.25, "threshold": 0.5, "negative_slope": 0.1}
    yield "max_at_threshold", {"max_value": 0.5, "threshold": 0.5}


def _prelu():
    for rank, shape in SHAPES.items():
        axes = range(1, rank)
        for shared in itertools.chain.from_iterable(itertools.combinations(axes, count) for count in range(rank)):
            suffix = f"rank_{rank}_shared_" + ("_".join(map(str, shared)) or "none")
            yield from variants("PReLU", shape, {}, {suffix: {"shared_axes": list(shared) or None}}, samples=corners)
        for kind, slopes in {"positive": (0.05, 0.4), "negative": (-0.8, -0.1), "above_1": (1.1, 2.5)}.items():
            for where, shared in {"channels": list(range(1, rank - 1)), "all": list(axes)}.items():
                options = {f"rank_{rank}_{where}_{kind}": {"shared_axes": shared or None}}
                yield from variants("PReLU", shape, {}, options, slopes=slopes, samples=corners)


def _softmax(suffix, axis, shape):
    def build(keras):
        return one_layer(keras, "Softmax", shape, {} if axis is None else {"axis": axis})

    return Case(f"softmax_{suffix}", "Softmax", build)


def _wrapped(suffix, layer, shape, options, activation):
    def build(keras):
        return one_layer(keras, layer, shape, options | {"activation": activation})

    return Case(f"{snake(layer)}_with_{suffix}", "layer as activation", build)


def _wrapped_cases():
    conv, dense = {"filters": 4, "kernel_size": 3}, {"units": 4}
    yield _wrapped("leaky_re_lu", "Dense", (5,), dense, lambda keras: keras.layers.LeakyReLU(0.1))
    yield _wrapped("leaky_re_lu_default", "Dense", (5,), dense, lambda keras: keras.layers.LeakyReLU())
    yield _wrapped("prelu", "Dense", (5,), dense, lambda keras: keras.layers.PReLU())
    yield _wrapped("prelu_rank_3", "Dense", (3, 5), dense, lambda keras: keras.layers.PReLU(shared_axes=[1]))
    yield _wrapped("relu", "Dense", (5,), dense, lambda keras: keras.layers.ReLU(0.5, 0.1, 0.25))
    yield _wrapped("softmax", "Dense", (5,), dense, lambda keras: keras.layers.Softmax())
    yield _wrapped("prelu", "Conv2D", (6, 5, 3), conv, lambda keras: keras.layers.PReLU(shared_axes=[1, 2]))
    yield _wrapped("prelu_per_element", "Conv2D", (6, 5, 3), conv, lambda keras: keras.layers.PReLU())
    yield _wrapped("leaky_re_lu", "Conv2D", (6, 5, 3), conv, lambda keras: keras.layers.LeakyReLU(0.2))
    yield _wrapped("elu", "Conv2D", (6, 5, 3), conv, lambda keras: keras.layers.ELU(0.5))
    yield _wrapped("prelu", "Conv1D", (6, 3), conv, lambda keras: keras.layers.PReLU(shared_axes=[1]))
    yield _wrapped("prelu", "Conv2DTranspose", (4, 5, 3), conv, lambda keras: keras.layers.PReLU(shared_axes=[1, 2]))
    yield _wrapped(
        "prelu", "DepthwiseConv2D", (6, 5, 3), {"kernel_size": 3}, lambda keras: keras.layers.PReLU(shared_axes=[1, 2])
    )
    yield _wrapped("prelu", "SeparableConv2D", (6, 5, 3), conv, lambda keras: keras.layers.PReLU(shared_axes=[1, 2]))
    yield _wrapped("leaky_re_lu", "Activation", (5,), {}, lambda keras: keras.layers.LeakyReLU(0.1))
    yield _wrapped("prelu", "Activation", (4, 3), {}, lambda keras: keras.layers.PReLU(shared_axes=[1]))


CASES = [
    *variants("ReLU", (5, 6), {}, dict(_relu()), samples=corners),
    *variants(
        "LeakyReLU",
        (5, 6),
        {},
        {"default": {}, "given": {"negative_slope": 0.05}, "0": {"negative_slope": 0.0}, "1": {"negative_slope": 1.0}}
        | {"above_1": {"negative_slope": 1.75}, "maps": {"shape": (4, 5, 3), "negative_slope": 0.1}},
        samples=corners,
    ),
    *_prelu(),
    *variants(
        "ELU", (5, 6), {}, {"default": {}, "alpha": {"alpha": 0.3}, "maps": {"shape": (3, 4, 2)}}, samples=corners
    ),
    _softmax("default", None, (5,)),
    _softmax("rank_3", None, (4, 5)),
    _softmax("axis_1", 1, (4, 5)),
    _softmax("axis_1_maps", 1, (4, 5, 3)),
    _softmax("axis_minus_2", -2, (4, 5, 3)),
    _softmax("axes", [1, 2], (4, 5, 3)),
    _softmax("all_axes", [1, 2, 3], (4, 5, 3)),
    *_wrapped_cases(),
]
