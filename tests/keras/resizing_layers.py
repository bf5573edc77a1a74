"""Layers that change the size of images."""

from cases import Case, one_layer, pixels, variants

MAPS = (4, 5, 3)
# keras.layers.Resizing also lists the last three.
SMOOTH = ("bilinear", "bicubic", "lanczos3", "lanczos5")


def _resizing():
    for interpolation in ("nearest", *SMOOTH):
        for kind, (height, width) in {
            "up": (8, 10),
            "down": (2, 3),
            "odd": (7, 3),
            "same": (4, 5),
            "one": (1, 1),
        }.items():
            yield f"{interpolation}_{kind}", {"height": height, "width": width, "interpolation": interpolation}
    for interpolation in ("nearest", "bilinear"):
        base = {"height": 6, "width": 4, "interpolation": interpolation}
        yield f"{interpolation}_crop", base | {"crop_to_aspect_ratio": True}
        yield f"{interpolation}_pad", base | {"pad_to_aspect_ratio": True}
        yield f"{interpolation}_pad_value", base | {"pad_to_aspect_ratio": True, "fill_value": 0.5}
        yield f"{interpolation}_antialias", base | {"height": 2, "antialias": True}
    yield "channels_first", {"shape": (3, 4, 5), "height": 8, "width": 7, "data_format": "channels_first"}


def _center_crop():
    return {
        "smaller": {"height": 2, "width": 3},
        "odd": {"height": 3, "width": 2},
        "height_only": {"height": 1, "width": 5},
        "same": {"height": 4, "width": 5},
        # What is smaller than the window is resized first.
        "larger": {"height": 6, "width": 7},
        "mixed": {"height": 6, "width": 3},
        "channels_first": {"shape": (3, 4, 5), "height": 2, "width": 3, "data_format": "channels_first"},
    }


def _up_sampling_2d():
    table = {
        "default": {},
        "number": {"size": 3},
        "by_axis": {"size": (3, 2)},
        "one": {"size": 1},
        "channels_first": {"shape": (3, 4, 5), "data_format": "channels_first"},
        "channels_first_bilinear": {
            "shape": (3, 4, 5),
            "data_format": "channels_first",
            "interpolation": "bilinear",
        },
    }
    for interpolation in SMOOTH:
        table |= {
            interpolation: {"interpolation": interpolation},
            f"{interpolation}_by_axis": {"interpolation": interpolation, "size": (3, 2)},
        }
    return table


def _of_whole_numbers(layer, suffix, options):
    def build(keras):
        return one_layer(keras, layer, MAPS, options, dtype="uint8")

    return Case(f"{suffix}_of_whole_numbers", layer, build, samples=pixels)


def _one_pixel(keras):
    return one_layer(keras, "UpSampling2D", (1, 1, 3), {"size": 3, "interpolation": "bilinear"})


CASES = [
    *variants("UpSampling1D", (5, 3), {}, {"default": {}, "3": {"size": 3}, "1": {"size": 1}}),
    *variants("UpSampling2D", MAPS, {}, _up_sampling_2d()),
    Case("up_sampling2d_bilinear_of_one_pixel", "UpSampling2D", _one_pixel),
    *variants(
        "UpSampling3D",
        (2, 3, 4, 2),
        {},
        {
            "default": {},
            "number": {"size": 3},
            "by_axis": {"size": (1, 2, 3)},
            "channels_first": {"shape": (2, 2, 3, 4), "data_format": "channels_first"},
        },
    ),
    *variants("Resizing", MAPS, {}, dict(_resizing())),
    *variants("CenterCrop", MAPS, {}, _center_crop()),
    # Keras 3 gives whole numbers back for them, Keras 2 does not.
    *(
        _of_whole_numbers("Resizing", f"resizing_{interpolation}", {"height": 9, "width": 4, "interpolation": interpolation})
        for interpolation in ("nearest", "bilinear", "bicubic")
    ),
    _of_whole_numbers("UpSampling2D", "up_sampling2d_bilinear", {"interpolation": "bilinear"}),
    _of_whole_numbers("UpSampling2D", "up_sampling2d_nearest", {}),
]
