"""Layers that move, repeat, add or drop elements, and those that do nothing at inference."""

from cases import Case, snake, variants

FIRST = {"data_format": "channels_first"}
SHAPES = {1: (6, 3), 2: (5, 6, 3), 3: (4, 5, 6, 2)}

# Both ends of each axis.
PADS = {1: (1, 2), 2: ((1, 2), (0, 3)), 3: ((1, 2), (0, 1), (2, 0))}
SYMMETRIC = {2: (1, 2), 3: (1, 0, 2)}


def _edges(class_name, option, axes):
    shape = SHAPES[axes]
    first = {"shape": (shape[-1], *shape[:-1]), **FIRST}
    table = {"default": {}, "number": {option: 1}, "both_ends": {option: PADS[axes]}}
    if axes == 1:
        table |= {"one_end": {option: (0, 2)}, "other_end": {option: (3, 0)}}
        # Cropping1D has no data_format.
        if class_name == "ZeroPadding1D":
            table |= {"channels_first": first | {option: (1, 2)}}
    else:
        table |= {"by_axis": {option: SYMMETRIC[axes]}, "channels_first": first | {option: PADS[axes]}}
    return variants(class_name, shape, {}, table)


def _idle(class_name, options, shape):
    return variants(class_name, shape, options, {"default": {}})


def _between_dense(class_name, options):
    def build(keras):
        x = keras.Input((5,), name="x")
        y = keras.layers.Dense(6, activation="relu")(x)
        y = getattr(keras.layers, class_name)(**options)(y)
        return keras.Model(x, keras.layers.Dense(3)(y))

    return Case(f"{snake(class_name)}_between_dense", class_name, build)


CASES = [
    *(case for axes in (1, 2, 3) for case in _edges(f"ZeroPadding{axes}D", "padding", axes)),
    *(case for axes in (1, 2, 3) for case in _edges(f"Cropping{axes}D", "cropping", axes)),
    *variants(
        "Flatten",
        (3, 4, 2),
        {},
        {
            "default": {},
            "rank_2": {"shape": (5,)},
            "rank_3": {"shape": (3, 4)},
            "rank_5": {"shape": (2, 3, 2, 2)},
            "channels_first": FIRST,
            "channels_first_rank_3": {"shape": (3, 4), **FIRST},
        },
    ),
    *variants(
        "Reshape",
        (4, 6),
        {},
        {
            "flat": {"target_shape": (24,)},
            "open": {"target_shape": (-1,)},
            "open_first": {"target_shape": (-1, 3)},
            "open_last": {"target_shape": (2, -1)},
            "rank_4": {"target_shape": (2, 3, 4)},
            "open_middle": {"target_shape": (2, -1, 4)},
            "from_flat": {"shape": (24,), "target_shape": (4, 3, 2)},
        },
    ),
    *variants(
        "Permute",
        (3, 4, 2),
        {},
        {
            "swap": {"dims": (2, 1, 3)},
            "channels_first": {"dims": (3, 1, 2)},
            "channels_last": {"dims": (2, 3, 1)},
            "same": {"dims": (1, 2, 3)},
            "rank_3": {"shape": (3, 4), "dims": (2, 1)},
            "rank_5": {"shape": (2, 3, 4, 2), "dims": (4, 2, 1, 3)},
        },
    ),
    *variants("RepeatVector", (5,), {}, {"3": {"n": 3}, "1": {"n": 1}}),
    *_idle("Dropout", {"rate": 0.5}, (5,)),
    *_idle("SpatialDropout1D", {"rate": 0.5}, (4, 3)),
    *_idle("SpatialDropout2D", {"rate": 0.5}, (4, 3, 2)),
    *_idle("SpatialDropout3D", {"rate": 0.5}, (2, 3, 2, 2)),
    *_idle("GaussianNoise", {"stddev": 0.5}, (5,)),
    *_idle("GaussianDropout", {"rate": 0.5}, (5,)),
    *_idle("AlphaDropout", {"rate": 0.5}, (5,)),
    *_idle("ActivityRegularization", {"l1": 0.1, "l2": 0.1}, (5,)),
    *_idle("Identity", {}, (5,)),
    *_idle("RandomContrast", {"factor": 0.3}, (4, 5, 3)),
    *_idle("RandomFlip", {}, (4, 5, 3)),
    *_idle("RandomRotation", {"factor": 0.2}, (4, 5, 3)),
    *_idle("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.2}, (4, 5, 3)),
    *_idle("RandomZoom", {"height_factor": 0.2}, (4, 5, 3)),
    *_idle("MixUp", {}, (4, 5, 3)),
    *_idle("RandomErasing", {}, (4, 5, 3)),
    *_idle("RandomShear", {}, (4, 5, 3)),
    *variants("Dropout", (5,), {}, {"seed": {"rate": 0.5, "seed": 3}, "0": {"rate": 0.0}}),
    *(_between_dense(name, {"rate": 0.3, "seed": 1}) for name in ("Dropout", "GaussianDropout", "AlphaDropout")),
    _between_dense("Identity", {}),
]
