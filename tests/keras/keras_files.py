"""Saving a model and what Keras answers. Needs Keras: 3 with JAX, or 2 (tf_keras) with TensorFlow."""

import io
import json
import logging
import os
import warnings
import zipfile

import numpy as np
from cases import rounded, set_weights

# The date that stands in the files, so that the same versions write the same bytes.
DATE = (2020, 1, 1, 0, 0, 0)


def load_keras(dialect):
    """The module `keras` of the dialect, quiet."""
    warnings.filterwarnings("ignore")
    logging.getLogger("absl").setLevel(logging.ERROR)
    if dialect == "keras2":
        os.environ |= {"TF_USE_LEGACY_KERAS": "1", "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": ""}
        import tensorflow

        tensorflow.get_logger().setLevel("ERROR")
        return tensorflow.keras
    os.environ["KERAS_BACKEND"] = "jax"
    import keras

    return keras


def reset(keras):
    """Names of layers start anew."""
    keras.backend.clear_session()
    keras.utils.set_random_seed(1)


def _name(tensor):
    history = tensor._keras_history
    return (history.operation if hasattr(history, "operation") else history.layer).name


def described_inputs(model):
    return [(_name(tensor), tuple(tensor.shape), _dtype(tensor)) for tensor in model.inputs]


def _dtype(tensor):
    return tensor.dtype if isinstance(tensor.dtype, str) else tensor.dtype.name


def _functional(model):
    """Keras 3's Sequential has the model that it stands for inside; all others are it themselves."""
    return getattr(model, "_functional", None) or model


def _arguments(model, arrays):
    """Arrays by the names of inputs in the structure that the model is called with."""
    structure = _functional(model).input
    if isinstance(structure, dict):
        return {key: arrays[_name(tensor)] for key, tensor in structure.items()}
    if isinstance(structure, (list, tuple)):
        return [arrays[_name(tensor)] for tensor in structure]
    return arrays[_name(structure)]


def answers(model, arrays):
    """Outputs by their names: the layer's, with _1, _2… for those after the first of one layer."""
    results = model.predict(_arguments(model, arrays), verbose=0)
    structure = _functional(model).output
    if isinstance(structure, dict):
        pairs = [(structure[key], results[key]) for key in sorted(structure)]
    elif isinstance(structure, (list, tuple)):
        pairs = list(zip(structure, results, strict=True))
    else:
        pairs = [(structure, results)]
    named = {}
    for tensor, result in pairs:
        base = _name(tensor)
        names = [base, *(f"{base}_{count}" for count in range(1, len(pairs)))]
        result = np.asarray(result)
        if result.dtype.name == "bfloat16":
            result = result.astype(np.float32)
        named[next(name for name in names if name not in named)] = result
    return named


def built(case, keras, build):
    """A model with the weights of the case."""
    reset(keras)
    model = build(keras)
    inputs = case.make_inputs(described_inputs(model), 0)
    # Only when it is called does an activation that is a layer get its weights.
    if any(hasattr(getattr(layer, "activation", None), "weights") for layer in model._flatten_layers()):
        model.predict(_arguments(model, inputs), verbose=0)
    set_weights(case, model)
    return model


def references(case, keras, model):
    """Names of inputs and outputs to arrays, for each of the case's sets of inputs."""
    judge = built(case, keras, case.reference) if case.reference else model
    sets = []
    for which in range(len(case.sizes)):
        inputs = case.make_inputs(described_inputs(model), which)
        if case.precision:
            inputs = {name: rounded(array, case.precision) for name, array in inputs.items()}
        outputs = answers(judge, inputs)
        if case.reference:
            types = {_name(tensor): _dtype(tensor) for tensor in model.outputs}
            outputs = {
                name: array.astype(kind) for (name, kind), array in zip(types.items(), outputs.values(), strict=True)
            }
        types = {name: dtype for name, _, dtype in described_inputs(model)}
        inputs = {name: array.astype(types[name]) for name, array in inputs.items()}
        sets.append((inputs, outputs))
    return sets


def save(model, path, packed=False):
    """model.keras or model.h5; `packed` compresses the former, which Keras reads as well but does not write."""
    model.save(path)
    if path.suffix == ".keras":
        _rewrite(path, zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED)


def _rewrite(path, compression):
    """Replaces what differs from run to run: dates, and the addresses that objects happened to have."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename: archive.read(info) for info in archive.infolist()}
    metadata = json.loads(members["metadata.json"])
    metadata["date_saved"] = "2020-01-01@00:00:00"
    config = json.loads(members["config.json"])
    _number_shared_objects(config, {})
    members["metadata.json"] = json.dumps(metadata).encode()
    members["config.json"] = json.dumps(config).encode()
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name, DATE), content, compression, 9)
    path.write_bytes(buffer.getvalue())


def _number_shared_objects(config, numbers):
    if isinstance(config, dict):
        if "shared_object_id" in config:
            config["shared_object_id"] = numbers.setdefault(config["shared_object_id"], len(numbers) + 1)
        config = config.values()
    elif not isinstance(config, list):
        return
    for value in config:
        _number_shared_objects(value, numbers)
