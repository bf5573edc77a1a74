"""Layers with several inputs."""

from cases import Case, snake

MAPS = (4, 5, 3)


def _merge(class_name, suffix, shapes, **options):
    def build(keras):
        inputs = [keras.Input(shape, name="abcd"[i]) for i, shape in enumerate(shapes)]
        return keras.Model(inputs, getattr(keras.layers, class_name)(**options)(inputs))

    return Case(f"{snake(class_name)}_{suffix}", class_name, build)


def _elementwise(class_name):
    yield _merge(class_name, "2", (MAPS, MAPS))
    yield _merge(class_name, "rank_2", ((5,), (5,)))
    yield _merge(class_name, "broadcast_channels", (MAPS, (1, 1, 3)))
    yield _merge(class_name, "broadcast_first", ((1, 5, 1), MAPS))
    yield _merge(class_name, "broadcast_both", ((4, 1, 3), (1, 5, 3)))
    # Without the batch, the shorter one is on the right.
    yield _merge(class_name, "rank_differs", ((4, 3), (3,)))
    if class_name != "Subtract":
        yield _merge(class_name, "3", (MAPS, MAPS, MAPS))
        yield _merge(class_name, "4_broadcast", (MAPS, (1, 1, 3), MAPS, (4, 5, 1)))


def _twice(class_name):
    """The same tensor on both sides."""

    def build(keras):
        x = keras.Input((4,), name="x")
        return keras.Model(x, getattr(keras.layers, class_name)()([x, x]))

    return Case(f"{snake(class_name)}_twice", class_name, build)


ELEMENTWISE = ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")

CASES = [
    *(case for class_name in ELEMENTWISE for case in (*_elementwise(class_name), _twice(class_name))),
    _merge("Concatenate", "default", (MAPS, (4, 5, 2))),
    _merge("Concatenate", "rank_2", ((5,), (3,), (2,))),
    _merge("Concatenate", "axis_1", (MAPS, (2, 5, 3)), axis=1),
    _merge("Concatenate", "axis_2", (MAPS, (4, 1, 3)), axis=2),
    _merge("Concatenate", "axis_minus_2", (MAPS, (4, 1, 3)), axis=-2),
    _merge("Concatenate", "4", (MAPS, MAPS, MAPS, MAPS)),
    _merge("Concatenate", "rank_3", ((4, 3), (4, 2))),
    _twice("Concatenate"),
    _merge("Dot", "vectors", ((5,), (5,)), axes=1),
    _merge("Dot", "vectors_minus_1", ((5,), (5,)), axes=-1),
    _merge("Dot", "vectors_normalize", ((5,), (5,)), axes=1, normalize=True),
    _merge("Dot", "matrices_1", ((4, 3), (4, 5)), axes=1),
    _merge("Dot", "matrices_2", ((4, 3), (5, 3)), axes=2),
    _merge("Dot", "matrices_2_1", ((4, 3), (3, 5)), axes=(2, 1)),
    _merge("Dot", "matrices_1_2", ((3, 4), (5, 3)), axes=(1, 2)),
    _merge("Dot", "matrices_minus_1", ((4, 3), (5, 3)), axes=-1),
    _merge("Dot", "matrices_normalize", ((4, 3), (5, 3)), axes=2, normalize=True),
    _merge("Dot", "matrix_vector", ((4, 3), (3,)), axes=(2, 1)),
    _merge("Dot", "vector_matrix", ((4,), (4, 3)), axes=(1, 1)),
    _merge("Dot", "rank_4", ((2, 3, 4), (2, 4, 5)), axes=(3, 2)),
]
