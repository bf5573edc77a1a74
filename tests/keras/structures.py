"""How layers are put together: inputs and outputs, shared layers, models within models, open sizes."""

import numpy as np
from cases import NETWORK_TOLERANCE, Case

IMAGE = (8, 8, 3)


def sequential(keras):
    return keras.Sequential(
        [keras.Input((5,), name="x"), keras.layers.Dense(4, activation="relu"), keras.layers.Dense(3)]
    )


def sequential_without_input(keras):
    model = keras.Sequential([keras.layers.Dense(4), keras.layers.LeakyReLU(), keras.layers.Dense(3)])
    model.build((None, 5))
    return model


def shared_layer(keras):
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    dense = keras.layers.Dense(4)
    slope = keras.layers.PReLU()
    return keras.Model([a, b], keras.layers.Concatenate()([slope(dense(a)), slope(dense(b))]))


def shared_layer_chained(keras):
    x = keras.Input((5,), name="x")
    dense = keras.layers.Dense(5, activation="leaky_relu")
    return keras.Model(x, dense(dense(dense(x))))


def two_inputs_two_outputs(keras):
    a, b = keras.Input((5,), name="a"), keras.Input((4,), name="b")
    y = keras.layers.Concatenate()([keras.layers.Dense(4)(a), b])
    return keras.Model([a, b], [keras.layers.Dense(3, name="left")(y), keras.layers.Dense(2, name="right")(y)])


def dictionaries(keras):
    a, b = keras.Input((5,), name="a"), keras.Input((4,), name="b")
    y = keras.layers.Concatenate()([keras.layers.Dense(4)(a), b])
    outputs = {"first": keras.layers.Dense(3, name="left")(y), "second": keras.layers.Dense(2, name="right")(y)}
    return keras.Model({"one": a, "two": b}, outputs)


def output_inside(keras):
    """An output that other layers read, too, and another that is an input of the model."""
    x = keras.Input((5,), name="x")
    hidden = keras.layers.Dense(4, name="hidden")(x)
    return keras.Model(x, [hidden, keras.layers.Dense(2, name="last")(keras.layers.ReLU()(hidden))])


def outputs_of_one_layer(keras):
    a, b = keras.Input((5,), name="a"), keras.Input((5,), name="b")
    dense = keras.layers.Dense(3, name="dense")
    return keras.Model([a, b], [dense(a), dense(b)])


def unused_branch(keras):
    x = keras.Input((5,), name="x")
    keras.layers.Dense(7, name="unused")(x)
    return keras.Model(x, keras.layers.Dense(2, name="used")(x))


def residual(keras):
    x = keras.Input((6, 6, 4), name="x")
    y = keras.layers.Conv2D(4, 3, padding="same", activation="relu")(x)
    y = keras.layers.Conv2D(4, 3, padding="same")(y)
    return keras.Model(x, keras.layers.PReLU(shared_axes=[1, 2])(keras.layers.Add()([x, y])))


def _features(keras, name="features"):
    return keras.Sequential(
        [
            keras.Input(IMAGE, name=f"{name}_in"),
            keras.layers.Conv2D(4, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.LeakyReLU(name="leaky"),
            keras.layers.GlobalAveragePooling2D(name="pool"),
        ],
        name=name,
    )


def nested_sequential(keras):
    x = keras.Input(IMAGE, name="x")
    return keras.Model(x, keras.layers.Dense(2, name="head")(_features(keras)(x)))


def sequential_of_models(keras):
    head = keras.Sequential([keras.layers.Dense(3), keras.layers.PReLU()], name="head")
    return keras.Sequential([keras.Input(IMAGE, name="x"), _features(keras), head, keras.layers.Softmax()])


def nested_twice(keras):
    a, b = keras.Input(IMAGE, name="a"), keras.Input(IMAGE, name="b")
    features = _features(keras)
    y = keras.layers.Subtract()([features(a), features(b)])
    return keras.Model([a, b], keras.layers.Dense(2)(y))


def _pair(keras, features, name="pair"):
    a, b = keras.Input(IMAGE, name=f"{name}_a"), keras.Input(IMAGE, name=f"{name}_b")
    left, right = features(a), features(b)
    outputs = [keras.layers.Add(name="sum")([left, right]), keras.layers.Multiply(name="product")([left, right])]
    return keras.Model([a, b], outputs, name=name)


def two_deep(keras):
    """A model within a model, each called twice, with lists of inputs and outputs."""
    a, b = keras.Input(IMAGE, name="a"), keras.Input(IMAGE, name="b")
    pair = _pair(keras, _features(keras))
    first, second = pair([a, b]), pair([b, a])
    y = keras.layers.Concatenate()([first[0], second[1], first[1]])
    return keras.Model([a, b], [keras.layers.Dense(2, name="score")(y), second[0]])


def same_layer_names(keras):
    """Layers of the same name in two models of one network."""
    x = keras.Input(IMAGE, name="x")
    left, right = _features(keras, "left"), _features(keras, "right")
    return keras.Model(x, keras.layers.Concatenate()([left(x), right(x)]))


def frozen_inside(keras):
    features = _features(keras)
    features.get_layer("conv").trainable = False
    x = keras.Input(IMAGE, name="x")
    return keras.Model(x, keras.layers.Dense(2)(features(x)))


def frozen_model(keras):
    features = _features(keras)
    features.trainable = False
    x = keras.Input(IMAGE, name="x")
    return keras.Model(x, keras.layers.Dense(2)(features(x)))


def frozen_two_deep(keras):
    features = _features(keras)
    features.get_layer("conv").trainable = False
    pair = _pair(keras, features)
    a, b = keras.Input(IMAGE, name="a"), keras.Input(IMAGE, name="b")
    y = keras.layers.Concatenate()(pair([a, b]))
    return keras.Model([a, b], keras.layers.Dense(2, trainable=False)(y))


def frozen_layers(keras):
    model = sequential(keras)
    model.layers[0].trainable = False
    return model


def nested_activation_layers(keras):
    """Activations with weights of their own inside a frozen layer inside a model."""
    inner = keras.Sequential(
        [
            keras.Input((5,), name="inner_in"),
            keras.layers.Dense(4, activation=keras.layers.PReLU(name="slope"), name="first"),
            keras.layers.Dense(3, activation=keras.layers.LeakyReLU(0.1), name="second"),
        ],
        name="inner",
    )
    inner.get_layer("first").trainable = False
    x = keras.Input((5,), name="x")
    return keras.Model(x, keras.layers.Dense(2)(inner(x)))


def trained_dropout(keras):
    """A model that has run in training, so that its random numbers have a state."""
    x = keras.Input((5,), name="x")
    y = keras.layers.Dropout(0.5)(keras.layers.Dense(4)(x))
    layers = [keras.Input((4,), name="in"), keras.layers.Dense(4), keras.layers.Dropout(0.5)]
    inner = keras.Sequential(layers, name="inner")
    model = keras.Model(x, keras.layers.Dense(2)(keras.layers.BatchNormalization()(inner(y))))
    model(np.zeros((1, 5), np.float32), training=True)
    return model


def open_size(keras):
    x = keras.Input((None, None, 3), name="x")
    y = keras.layers.Conv2D(4, 3, strides=2, padding="same")(x)
    y = keras.layers.PReLU(shared_axes=[1, 2])(y)
    y = keras.layers.Conv2DTranspose(3, 4, strides=2, padding="same")(y)
    return keras.Model(x, keras.layers.UpSampling2D()(y))


def open_size_pooled(keras):
    x = keras.Input((None, None, 3), name="x")
    y = keras.layers.MaxPooling2D(3, 2, padding="same")(keras.layers.ZeroPadding2D(1)(x))
    y = keras.layers.GlobalAveragePooling2D()(keras.layers.LeakyReLU()(y))
    return keras.Model(x, keras.layers.Dense(2)(y))


def open_height(keras):
    x = keras.Input((None, 6, 3), name="x")
    y = keras.layers.AveragePooling2D(2, padding="same")(keras.layers.SeparableConv2D(4, 3)(x))
    return keras.Model(x, keras.layers.Cropping2D(((1, 0), (0, 1)))(y))


def open_length(keras):
    x = keras.Input((None, 3), name="x")
    y = keras.layers.Conv1D(4, 3, padding="causal", dilation_rate=2, activation="leaky_relu")(x)
    y = keras.layers.Conv1DTranspose(3, 4, strides=2)(y)
    return keras.Model(x, keras.layers.LayerNormalization()(y))


def open_size_resized(keras):
    x = keras.Input((None, None, 3), name="x")
    return keras.Model(x, keras.layers.Conv2D(2, 3)(keras.layers.Resizing(6, 5)(x)))


def open_length_dense(keras):
    x = keras.Input((None, 3), name="x")
    y = keras.layers.Dense(4, activation="relu")(x)
    return keras.Model(x, keras.layers.Softmax(axis=1)(y))


def fixed_batch(keras):
    x = keras.Input(batch_shape=(2, 5), name="x")
    return keras.Model(x, keras.layers.Dense(3)(x))


def integer_input(keras):
    x = keras.Input((4, 4, 3), dtype="uint8", name="x")
    return keras.Model(x, keras.layers.Conv2D(2, 3)(keras.layers.Rescaling(1 / 255)(x)))


def only_an_input(keras):
    x = keras.Input((5,), name="x")
    return keras.Model(x, keras.layers.Identity()(x))


def names_with_characters(keras):
    x = keras.Input((5,), name="in-put.1")
    return keras.Model(x, keras.layers.Dense(3, name="block_1-out.put")(x))


FIXED = (
    sequential,
    sequential_without_input,
    shared_layer,
    shared_layer_chained,
    two_inputs_two_outputs,
    dictionaries,
    output_inside,
    outputs_of_one_layer,
    unused_branch,
    residual,
    nested_sequential,
    sequential_of_models,
    nested_twice,
    two_deep,
    same_layer_names,
    frozen_inside,
    frozen_model,
    frozen_two_deep,
    frozen_layers,
    nested_activation_layers,
    trained_dropout,
    fixed_batch,
    only_an_input,
    names_with_characters,
)


def _case(build, **settings):
    kind = "open size" if build.__name__.startswith("open_") else "structure"
    return Case(f"structure_{build.__name__}", kind, build, NETWORK_TOLERANCE, **settings)


CASES = [
    *(_case(build) for build in FIXED),
    _case(integer_input, samples=lambda random, shape: random.randint(0, 256, shape)),
    _case(open_size, sizes=((8, 6), (12, 14))),
    _case(open_size_pooled, sizes=((8, 6), (5, 9))),
    _case(open_height, sizes=((6,), (9,))),
    _case(open_length, sizes=((8,), (13,))),
    _case(open_size_resized, sizes=((8, 6), (3, 9))),
    _case(open_length_dense, sizes=((4,), (7,))),
]
