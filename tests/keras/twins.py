#!/usr/bin/env python3
"""Writes networks twice: as Keras saves them, and as tf2onnx exports them to ONNX.

Rectifier reads both into the same graph; tests/integration/keras_twins_test.py compares the text. Needs the virtual
environment of Keras 2 (requirements-keras2.txt) and tf2onnx.
"""

import argparse
import os
import pathlib
import shutil

os.environ["TF_USE_LEGACY_KERAS"] = "1"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
import tf2onnx  # noqa: E402
import tf_keras as keras  # noqa: E402

L = keras.layers
FOLDER = pathlib.Path(__file__).resolve().parent / "twins"
OPSET = 13


def detector():
    """The beginning and the end of tiny YOLOv2: LeakyReLU, BatchNormalization, pooling that keeps the size."""
    x = y = keras.Input((32, 32, 3), name="image")
    for filters in (4, 8):
        y = L.Conv2D(filters, 3, padding="same", use_bias=False)(y)
        y = L.LeakyReLU(0.1)(L.BatchNormalization()(y))
        y = L.MaxPooling2D()(y)
    return keras.Model(x, L.Conv2D(5, 1)(y))


def recognizer():
    """A face network in small: PReLU per channel, depthwise convolutions, strides, an embedding."""
    x = keras.Input((24, 24, 3), name="face")
    y = L.PReLU(shared_axes=[1, 2])(L.Conv2D(8, 3, strides=2, padding="same")(x))
    y = L.PReLU(shared_axes=[1, 2])(L.DepthwiseConv2D(3, padding="same")(y))
    y = L.Add()([L.Conv2D(8, 1)(y), y])
    return keras.Model(x, L.Dense(6)(L.Flatten()(y)))


def perceptron():
    """Rows of a table: PReLU per feature, a softmax."""
    x = y = keras.Input((12,), name="row")
    for units in (16, 8):
        y = L.PReLU()(L.Dense(units)(y))
    return keras.Model(x, L.Softmax()(L.Dense(3)(y)))


def segmenter():
    """Down and up again: a skip connection, a transposed convolution, two activations, a sigmoid."""
    x = keras.Input((16, 16, 2), name="picture")
    top = L.LeakyReLU(0.2)(L.Conv2D(4, 3, padding="same")(x))
    y = L.LeakyReLU(0.2)(L.Conv2D(8, 3, padding="same")(L.MaxPooling2D()(top)))
    y = L.ReLU()(L.Conv2DTranspose(4, 2, strides=2)(y))
    y = L.Concatenate()([top, y])
    return keras.Model(x, L.Conv2D(2, 1, activation="sigmoid")(y))


def classifier():
    """Two slopes, average pooling, strides, a softmax."""
    x = keras.Input((20, 20, 3), name="digit")
    y = L.LeakyReLU(0.05)(L.Conv2D(4, 5, strides=2)(x))
    y = L.LeakyReLU(0.3)(L.Conv2D(8, 3, padding="same")(L.AveragePooling2D()(y)))
    return keras.Model(x, L.Dense(10, activation="softmax")(L.Flatten()(y)))


NETWORKS = {
    "classifier": classifier,
    "detector": detector,
    "perceptron": perceptron,
    "recognizer": recognizer,
    "segmenter": segmenter,
}


def fill(model, seed):
    """Weights as training might leave them: none is 0 or 1, variances are positive."""
    generator = np.random.default_rng(seed)
    for variable in model.weights:
        values = generator.uniform(0.1, 0.5, variable.shape)
        if "variance" not in variable.name:
            values *= generator.choice([-1, 1], variable.shape)
        variable.assign(values.astype(np.float32))


def write(name, build, folder):
    keras.backend.clear_session()
    model = build()
    fill(model, seed=len(name))
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    # Both formats in turn.
    model.save(folder / ("model.keras" if len(name) % 2 else "model.h5"))
    signature = [tf.TensorSpec(i.shape, i.dtype, name=i.name) for i in model.inputs]
    tf2onnx.convert.from_keras(model, signature, opset=OPSET, output_path=str(folder / "model.onnx"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=pathlib.Path, default=FOLDER, metavar="DIR", help="default: %(default)s")
    arguments = parser.parse_args()
    for name, build in NETWORKS.items():
        write(name, build, arguments.output / name)


if __name__ == "__main__":
    main()
