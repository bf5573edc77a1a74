"""Models in half precision, compared with the same in float32 with the rounded weights.

Every weight is a number of the narrow type. Rectifier computes in float32 what Keras would have rounded after every
layer, so the reference is computed in float32, too; only what the output is rounded to is left to tolerate.
"""

from cases import Case

FLOAT16, BFLOAT16 = 2e-3, 1e-2


def _dense(keras, dtype, last):
    x = keras.Input((6,), name="x")
    y = keras.layers.Dense(5, activation="leaky_relu", dtype=dtype)(x)
    y = keras.layers.PReLU(dtype=dtype)(y)
    return keras.Model(x, keras.layers.Dense(3, dtype=last)(y))


def _conv(keras, dtype, last):
    x = keras.Input((7, 6, 3), name="x")
    y = keras.layers.Conv2D(4, 3, padding="same", dtype=dtype)(x)
    y = keras.layers.BatchNormalization(dtype=dtype)(y)
    y = keras.layers.PReLU(shared_axes=[1, 2], dtype=dtype)(y)
    y = keras.layers.GlobalAveragePooling2D(dtype=dtype)(y)
    return keras.Model(x, keras.layers.Dense(3, dtype=last)(y))


def _nested(keras, dtype, last):
    x, inner = keras.Input((6,), name="x"), keras.Input((6,), name="inner_in")
    y = keras.layers.ReLU(negative_slope=0.1, dtype=dtype)(keras.layers.Dense(4, dtype=dtype)(inner))
    model = keras.Model(inner, y, name="inner")
    return keras.Model(x, keras.layers.Dense(3, dtype=last)(model(x)))


def _case(kind, build, dtype, last, tolerance):
    name = f"precision_{kind}_{dtype}" + ("_throughout" if last == dtype else "")
    return Case(
        name,
        dtype,
        lambda keras: build(keras, dtype, last),
        tolerance,
        reference=lambda keras: build(keras, "float32", "float32"),
        precision=dtype.removeprefix("mixed_"),
    )


BUILDERS = {"dense": _dense, "conv": _conv, "nested": _nested}

CASES = [
    _case(kind, build, dtype, last, BFLOAT16 if "bfloat16" in dtype else FLOAT16)
    for kind, build in BUILDERS.items()
    for dtype in ("mixed_float16", "float16", "mixed_bfloat16", "bfloat16")
    for last in ("float32", dtype)
    # NumPy's files do not know bfloat16.
    if not ("bfloat16" in dtype and last == dtype)
]
