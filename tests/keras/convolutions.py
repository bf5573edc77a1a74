"""Convolutions of every kind."""

from cases import variants

SPATIAL = {
    1: {"shape": (9, 4), "kernel": 3, "other": 2},
    2: {"shape": (7, 8, 4), "kernel": (3, 2), "other": (1, 2)},
    3: {"shape": (5, 6, 4, 4), "kernel": (2, 3, 2), "other": (1, 2, 1)},
}


def _first(shape):
    """The same shape with channels first."""
    return (shape[-1], *shape[:-1])


def _convolution(axes):
    given = SPATIAL[axes]
    shape = given["shape"]
    table = {
        "valid": {},
        "same": {"padding": "same"},
        "no_bias": {"use_bias": False},
        "strides": {"strides": 2},
        "strides_same": {"strides": 2, "padding": "same"},
        "strides_3_same": {"strides": 3, "padding": "same"},
        "stride_above_kernel": {"strides": 3, "kernel_size": 2},
        "dilation": {"dilation_rate": 2, "kernel_size": 2},
        "dilation_same": {"dilation_rate": 2, "padding": "same"},
        "groups": {"groups": 2},
        "groups_as_channels": {"groups": 4, "filters": 8, "padding": "same"},
        "pointwise": {"kernel_size": 1},
        "even_same": {"kernel_size": 4, "padding": "same"},
        "whole_input": {"kernel_size": shape[:-1]},
        "relu": {"activation": "relu"},
        "leaky_relu": {"activation": "leaky_relu", "padding": "same"},
        "elu": {"activation": "elu"},
        "tanh": {"activation": "tanh"},
        "sigmoid": {"activation": "sigmoid", "strides": 2},
        "softmax": {"activation": "softmax"},
        "linear": {"activation": "linear"},
        "channels_first": {"shape": _first(shape), "data_format": "channels_first"},
        "channels_first_same": {
            "shape": _first(shape),
            "data_format": "channels_first",
            "padding": "same",
            "strides": 2,
            "activation": "relu",
        },
        "channels_first_groups": {"shape": _first(shape), "data_format": "channels_first", "groups": 2},
    }
    if axes == 1:
        table |= {
            "causal": {"padding": "causal"},
            "causal_dilation": {"padding": "causal", "dilation_rate": 3},
            "causal_strides": {"padding": "causal", "strides": 2},
            "causal_groups": {"padding": "causal", "groups": 2},
        }
    else:
        table |= {"strides_by_axis": {"strides": given["other"], "padding": "same"}}
        table |= {"dilation_by_axis": {"dilation_rate": given["other"]}}
    base = {"filters": 6, "kernel_size": given["kernel"]}
    return variants(f"Conv{axes}D", shape, base, table)


def _depthwise(axes):
    given = SPATIAL[axes]
    shape = given["shape"]
    kernel = given["kernel"] if axes == 1 else (3, 2)
    table = {
        "valid": {},
        "same": {"padding": "same"},
        "multiplier": {"depth_multiplier": 3, "padding": "same"},
        "strides": {"strides": 2},
        "strides_same": {"strides": 2, "padding": "same", "depth_multiplier": 2},
        "dilation": {"dilation_rate": 2},
        "dilation_same": {"dilation_rate": 2, "padding": "same"},
        "no_bias": {"use_bias": False},
        "relu": {"activation": "relu"},
        "channels_first": {"shape": _first(shape), "data_format": "channels_first", "depth_multiplier": 2},
    }
    return variants(f"DepthwiseConv{axes}D", shape, {"kernel_size": kernel}, table)


def _separable(axes):
    shape = SPATIAL[axes]["shape"]
    table = {
        "valid": {},
        "same": {"padding": "same"},
        "multiplier": {"depth_multiplier": 2},
        "strides": {"strides": 2},
        "strides_same": {"strides": 2, "padding": "same"},
        "dilation": {"dilation_rate": 2},
        "no_bias": {"use_bias": False, "padding": "same"},
        "leaky_relu": {"activation": "leaky_relu"},
        "channels_first": {"shape": _first(shape), "data_format": "channels_first"},
    }
    return variants(f"SeparableConv{axes}D", shape, {"filters": 5, "kernel_size": 3}, table)


def _transposed(axes):
    given = SPATIAL[axes]
    shape = {1: (6, 4), 2: (4, 5, 4), 3: (3, 4, 2, 3)}[axes]
    table = {}
    for padding in ("valid", "same"):
        table |= {
            f"{padding}_stride_1": {"padding": padding},
            f"{padding}_stride_below_kernel": {"padding": padding, "strides": 2},
            f"{padding}_stride_as_kernel": {"padding": padding, "strides": 3},
            f"{padding}_stride_above_kernel": {"padding": padding, "strides": 4},
            f"{padding}_kernel_4_stride_2": {"padding": padding, "strides": 2, "kernel_size": 4},
            f"{padding}_kernel_1_stride_2": {"padding": padding, "strides": 2, "kernel_size": 1},
            f"{padding}_output_padding": {"padding": padding, "strides": 2, "output_padding": 1},
            f"{padding}_output_padding_0": {"padding": padding, "strides": 2, "output_padding": 0},
            f"{padding}_dilation": {"padding": padding, "dilation_rate": 2},
        }
    table |= {
        "same_stride_3_output_padding_2": {"padding": "same", "strides": 3, "output_padding": 2},
        "same_kernel_5_stride_3": {"padding": "same", "strides": 3, "kernel_size": 5},
        "no_bias": {"use_bias": False, "strides": 2, "padding": "same"},
        "relu": {"activation": "relu", "strides": 2, "padding": "same"},
        "channels_first": {"shape": _first(shape), "data_format": "channels_first", "strides": 2, "padding": "same"},
    }
    if axes > 1:
        table |= {
            "same_by_axis": {"strides": given["other"], "kernel_size": given["kernel"], "padding": "same"},
            "valid_by_axis": {"strides": given["other"], "kernel_size": given["kernel"]},
        }
    return variants(f"Conv{axes}DTranspose", shape, {"filters": 3, "kernel_size": 3}, table)


CASES = [
    *(case for axes in (1, 2, 3) for case in _convolution(axes)),
    *(case for axes in (1, 2) for case in _depthwise(axes)),
    *(case for axes in (1, 2) for case in _separable(axes)),
    *(case for axes in (1, 2, 3) for case in _transposed(axes)),
]
