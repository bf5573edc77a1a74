#!/usr/bin/env python3
"""Writes files that must be refused, each with the words that the error must hold: refused/NAME/expected.txt.

expected.txt has a line for each of them. Needs Keras 3.
"""

import argparse
import json
import pathlib
import shutil
import zipfile

import h5py
import keras_files

FOLDER = pathlib.Path(__file__).resolve().parent / "refused"


def _dense(keras):
    x = keras.Input((5,), name="x")
    return keras.Model(x, keras.layers.Dense(3, name="head")(keras.layers.Dense(4, name="hidden")(x)))


def _saved(suffix, layer, shape, *words):
    """A model whose one layer is refused."""

    def write(keras, folder):
        x = keras.Input(shape, name="x")
        keras_files.save(keras.Model(x, layer(keras)(x)), folder / f"model.{suffix}", packed=True)
        return words

    return write


def _lambda(keras):
    return keras.layers.Lambda(lambda x: 2 * x, name="code")


def _custom(keras):
    @keras.saving.register_keras_serializable(package="own")
    class Doubled(keras.layers.Layer):
        def call(self, x):
            return 2 * x

    return Doubled(name="twice")


def custom_in_h5(keras, folder):
    x = keras.Input((5,), name="x")
    keras_files.save(keras.Model(x, _custom(keras)(x)), folder / "model.h5")
    # Files of this type have the name under which the class was registered.
    return ("twice (own>Doubled)",)


def nested_recurrent(keras, folder):
    inner = keras.Sequential([keras.Input((4, 3), name="in"), keras.layers.GRU(2, name="gru")], name="encoder")
    x = keras.Input((4, 3), name="x")
    keras_files.save(keras.Model(x, keras.layers.Dense(2)(inner(x))), folder / "model.keras", packed=True)
    return ("encoder/gru (GRU)",)


def weights_only(keras, folder):
    """As save_weights of Keras 2 writes it: what is in a model's file under model_weights, and no more."""
    whole = folder / "whole.h5"
    keras_files.save(_dense(keras), whole)
    with h5py.File(whole) as source, h5py.File(folder / "model.h5", "w") as target:
        group = source["model_weights"]
        for name in group:
            source.copy(group[name], target)
        for name, value in group.attrs.items():
            target.attrs[name] = value
    whole.unlink()
    return ("weights only",)


def missing_weight_in_h5(keras, folder):
    keras_files.save(_dense(keras), folder / "model.h5")
    with h5py.File(folder / "model.h5", "r+") as file:
        del file["model_weights/head/head/bias"]
    return ("head", "bias")


def missing_name_in_h5(keras, folder):
    """The bias is neither there nor listed."""
    keras_files.save(_dense(keras), folder / "model.h5")
    with h5py.File(folder / "model.h5", "r+") as file:
        group = file["model_weights/head"]
        del group["head/bias"]
        names = [name for name in group.attrs["weight_names"] if not name.endswith("bias")]
        del group.attrs["weight_names"]
        group.attrs["weight_names"] = names
    return ("head (Dense)", "bias")


def wrong_shape_in_h5(keras, folder):
    keras_files.save(_dense(keras), folder / "model.h5")
    with h5py.File(folder / "model.h5", "r+") as file:
        group = file["model_weights/head/head"]
        kernel = group["kernel"][:]
        del group["kernel"]
        group["kernel"] = kernel[:, :2]
    return ("head (Dense)", "kernel")


def _edited(folder, keras, edit_weights=None, edit_config=None):
    path = folder / "model.keras"
    keras_files.save(_dense(keras), path)
    weights = folder / "weights.h5"
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    if edit_weights:
        weights.write_bytes(members["model.weights.h5"])
        with h5py.File(weights, "r+") as file:
            edit_weights(file)
        members["model.weights.h5"] = weights.read_bytes()
        weights.unlink()
    if edit_config:
        config = json.loads(members["config.json"])
        edit_config(config)
        members["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, keras_files.DATE), content, zipfile.ZIP_DEFLATED)


def missing_weight(keras, folder):
    def edit(file):
        del file["layers/dense_1/vars/1"]

    _edited(folder, keras, edit_weights=edit)
    return ("head (Dense)", "bias")


def missing_layer_weights(keras, folder):
    def edit(file):
        del file["layers/dense_1"]

    _edited(folder, keras, edit_weights=edit)
    return ("head (Dense)", "kernel")


def wrong_shape(keras, folder):
    def edit(file):
        variables = file["layers/dense_1/vars"]
        kernel = variables["0"][:]
        del variables["0"]
        variables["0"] = kernel.T

    _edited(folder, keras, edit_weights=edit)
    return ("head (Dense)", "kernel")


def unknown_class(keras, folder):
    def edit(config):
        config["config"]["layers"][2]["class_name"] = "DenseOfTomorrow"

    _edited(folder, keras, edit_config=edit)
    return ("head (DenseOfTomorrow)",)


def unknown_activation(keras, folder):
    def edit(config):
        config["config"]["layers"][2]["config"]["activation"] = "activation_of_tomorrow"

    _edited(folder, keras, edit_config=edit)
    return ("head (Dense)", "activation_of_tomorrow")


def unknown_input(keras, folder):
    def edit(config):
        node = config["config"]["layers"][2]["inbound_nodes"][0]
        node["args"][0]["config"]["keras_history"][0] = "nobody"

    _edited(folder, keras, edit_config=edit)
    return ("head", "nobody")


def no_config(keras, folder):
    path = folder / "model.keras"
    keras_files.save(_dense(keras), path)
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist() if "config" not in info.filename}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, keras_files.DATE), content, zipfile.ZIP_DEFLATED)
    return ("config.json",)


def truncated(keras, folder):
    path = folder / "model.keras"
    keras_files.save(_dense(keras), path)
    path.write_bytes(path.read_bytes()[:4000])
    return ("model.keras",)


CASES = {
    "lambda": _saved("keras", _lambda, (5,), "code (Lambda)"),
    "lambda_in_h5": _saved("h5", _lambda, (5,), "code (Lambda)"),
    "custom_layer": _saved("keras", _custom, (5,), "twice (Doubled)"),
    "lstm": _saved("keras", lambda keras: keras.layers.LSTM(2, name="lstm"), (4, 3), "lstm (LSTM)", "recurrent"),
    "gru_in_h5": _saved("h5", lambda keras: keras.layers.GRU(2, name="gru"), (4, 3), "gru (GRU)", "recurrent"),
    "simple_rnn": _saved(
        "keras", lambda keras: keras.layers.SimpleRNN(2, name="rnn"), (4, 3), "rnn (SimpleRNN)", "recurrent"
    ),
    **{
        write.__name__: write
        for write in (
            custom_in_h5,
            nested_recurrent,
            weights_only,
            missing_weight,
            missing_weight_in_h5,
            missing_name_in_h5,
            missing_layer_weights,
            wrong_shape,
            wrong_shape_in_h5,
            unknown_class,
            unknown_activation,
            unknown_input,
            no_config,
            truncated,
        )
    },
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=FOLDER, metavar="DIR", help="default: %(default)s")
    arguments = parser.parse_args()
    keras = keras_files.load_keras("keras3")
    shutil.rmtree(arguments.output, ignore_errors=True)
    for name, write in CASES.items():
        folder = arguments.output / name
        folder.mkdir(parents=True)
        keras_files.reset(keras)
        words = write(keras, folder)
        (folder / "expected.txt").write_text("".join(f"{word}\n" for word in words))
    size = sum(path.stat().st_size for path in arguments.output.rglob("*") if path.is_file())
    print(f"{arguments.output}: {len(CASES)} files, {size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
