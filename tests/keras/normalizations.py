"""Normalizations: with statistics of training, of the sample itself, or of data."""

import numpy as np
from cases import Case, pixels, variants

MAPS = (4, 5, 6)


def _adapted(suffix, shape, options):
    """Normalization that has measured its statistics itself; they are weights."""

    def build(keras):
        layer = keras.layers.Normalization(**options)
        data = np.random.RandomState(3).normal(size=(16, *shape)) * 2 + np.arange(shape[-1])
        layer.adapt(data.astype(np.float32))
        x = keras.Input(shape, name="x")
        return keras.Model(x, layer(x))

    return Case(f"normalization_adapted_{suffix}", "Normalization", build)


CASES = [
    *variants(
        "BatchNormalization",
        MAPS,
        {},
        {
            "default": {},
            "rank_2": {"shape": (5,)},
            "rank_3": {"shape": (4, 5)},
            "rank_5": {"shape": (2, 3, 2, 4)},
            "axis_1": {"axis": 1},
            "axis_2": {"axis": 2},
            "axis_1_rank_3": {"axis": 1, "shape": (4, 5)},
            "axis_minus_2": {"axis": -2},
            "no_scale": {"scale": False},
            "no_center": {"center": False},
            "neither": {"scale": False, "center": False},
            "epsilon": {"epsilon": 0.1},
            "not_trainable": {"trainable": False},
        },
    ),
    *variants(
        "LayerNormalization",
        MAPS,
        {},
        {
            "default": {},
            "rank_2": {"shape": (7,)},
            "rank_3": {"shape": (4, 7)},
            "axis_1": {"axis": 1},
            "axis_2": {"axis": 2},
            "axes_1_2": {"axis": [1, 2]},
            "axes_2_3": {"axis": [2, 3]},
            "axes_1_3": {"axis": [1, 3]},
            "axes_3_1": {"axis": [3, 1]},
            "axes_3_2": {"axis": [3, 2]},
            "axes_minus_2_minus_1": {"axis": [-2, -1]},
            "all_axes": {"axis": [1, 2, 3]},
            "no_scale": {"scale": False},
            "no_center": {"center": False},
            "neither": {"scale": False, "center": False},
            "epsilon": {"epsilon": 0.1},
            "rms_scaling": {"rms_scaling": True},
        },
    ),
    *variants(
        "GroupNormalization",
        MAPS,
        {"groups": 2},
        {
            "2_groups": {},
            "3_groups": {"groups": 3},
            "1_group": {"groups": 1},
            "as_channels": {"groups": 6},
            "instance": {"groups": -1},
            "rank_2": {"shape": (6,)},
            "rank_3": {"shape": (5, 6)},
            "rank_5": {"shape": (2, 3, 2, 6)},
            "axis_1": {"axis": 1},
            "axis_2": {"axis": 2, "groups": 5},
            "no_scale": {"scale": False},
            "no_center": {"center": False},
            "neither": {"scale": False, "center": False},
            "epsilon": {"epsilon": 0.1},
        },
    ),
    *variants(
        "UnitNormalization",
        MAPS,
        {},
        {
            "default": {},
            "rank_2": {"shape": (5,)},
            "axis_1": {"axis": 1},
            "axes_1_2": {"axis": [1, 2]},
            "all_axes": {"axis": [1, 2, 3]},
        },
    ),
    *variants(
        "RMSNormalization",
        MAPS,
        {},
        {
            "default": {},
            "rank_2": {"shape": (5,)},
            "axes_2_3": {"axis": [2, 3]},
            "epsilon": {"epsilon": 0.1},
        },
    ),
    *variants(
        "Normalization",
        (3, 4),
        {},
        {
            "numbers": {"axis": None, "mean": 2.0, "variance": 4.0},
            "lists": {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [0.5, 1.0, 2.0, 4.0]},
            "numbers_for_channels": {"mean": 0.5, "variance": 2.0},
            "axis_1": {"axis": 1, "mean": [1.0, 2.0, 3.0], "variance": [0.5, 1.0, 2.0]},
            "axes": {
                "axis": (1, 2),
                "mean": np.arange(12.0).reshape(3, 4),
                "variance": np.arange(1.0, 13.0).reshape(3, 4),
            },
            "invert": {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [0.5, 1.0, 2.0, 4.0], "invert": True},
            "invert_numbers": {"axis": None, "mean": 2.0, "variance": 4.0, "invert": True},
            "variance_0": {"mean": [1.0, 2.0, 3.0, 4.0], "variance": [0.0, 1.0, 0.0, 4.0]},
            "maps": {"shape": (3, 4, 2), "mean": [0.5, 1.5], "variance": [1.0, 2.0]},
        },
    ),
    _adapted("last", (3, 4), {}),
    _adapted("none", (3, 4), {"axis": None}),
    _adapted("axis_1", (3, 4), {"axis": 1}),
    _adapted("axes", (3, 4), {"axis": (1, 2)}),
    _adapted("invert", (3, 4), {"invert": True}),
    _adapted("rank_2", (4,), {}),
    _adapted("maps", (3, 4, 2), {}),
    *variants(
        "Rescaling",
        MAPS,
        {},
        {
            "scale": {"scale": 1 / 255},
            "offset": {"scale": 1 / 127.5, "offset": -1.0},
            "channels": {"shape": (4, 5, 3), "scale": [0.1, 0.2, 0.3], "offset": [1.0, 2.0, 3.0]},
            "scales": {"shape": (4, 5, 3), "scale": [0.1, 0.2, 0.3]},
        },
        samples=pixels,
    ),
]
