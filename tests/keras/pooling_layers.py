"""Pooling over windows and over everything."""

from cases import variants

SHAPES = {1: (9, 3), 2: (7, 8, 3), 3: (5, 6, 4, 3)}


def _first(shape):
    return (shape[-1], *shape[:-1])


def _windows(kind, axes):
    shape = SHAPES[axes]
    table = {
        "default": {},
        "same": {"padding": "same"},
        "3_strides_2": {"pool_size": 3, "strides": 2},
        "3_strides_2_same": {"pool_size": 3, "strides": 2, "padding": "same"},
        "3_strides_1_same": {"pool_size": 3, "strides": 1, "padding": "same"},
        "2_strides_1_same": {"strides": 1, "padding": "same"},
        "2_strides_3": {"strides": 3},
        "channels_first": {"shape": _first(shape), "data_format": "channels_first"},
        "channels_first_same": {
            "shape": _first(shape),
            "data_format": "channels_first",
            "padding": "same",
            "pool_size": 3,
            "strides": 2,
        },
    }
    if axes > 1:
        table |= {
            "by_axis": {"pool_size": (2, 3, 1)[:axes], "strides": (1, 2, 1)[:axes]},
            "by_axis_same": {"pool_size": (2, 3, 1)[:axes], "strides": (1, 2, 1)[:axes], "padding": "same"},
        }
    base = {} if kind == "Max" else {"pool_size": 2}
    return variants(f"{kind}Pooling{axes}D", shape, base, table)


def _everything(kind, axes):
    shape = SHAPES[axes]
    table = {
        "default": {},
        "keepdims": {"keepdims": True},
        "channels_first": {"shape": _first(shape), "data_format": "channels_first"},
        "channels_first_keepdims": {"shape": _first(shape), "data_format": "channels_first", "keepdims": True},
    }
    return variants(f"Global{kind}Pooling{axes}D", shape, {}, table)


CASES = [
    case
    for kind in ("Max", "Average")
    for axes in (1, 2, 3)
    for case in (*_windows(kind, axes), *_everything(kind, axes))
]
