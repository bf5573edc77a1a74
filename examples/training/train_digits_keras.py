#!/usr/bin/env python3
"""Trains the digits networks in Keras and writes them under `examples/`, as Keras saves them.

The same two networks as train_digits.py's, with LeakyReLU and with per-channel PReLU, on the same
images, in Keras's own layout (channels last). The held-out rows are those that train_digits.py
wrote down; they have no part in the training, whose number of epochs is fixed.

Needs a virtual environment outside the project, of Python 3.11, with keras==3.15.1, jax==0.10.2 and
scikit-learn==1.9.1 (for the scans); examples/README.md says more.
"""

import argparse
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# One thread: another number of them would round differently. Both are read on import.
os.environ["KERAS_BACKEND"] = "jax"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import keras  # noqa: E402
import numpy as np  # noqa: E402
from keras import layers  # noqa: E402
from sklearn.datasets import load_digits  # noqa: E402
from slope_tables import slope_lines  # noqa: E402

EXAMPLES = Path(__file__).resolve().parents[1]
PNG_COUNT = 64
MAX_PIXEL = 16  # The scans count the "on" pixels of 4x4 blocks.
BATCH_SIZE = 64
PEAK_LEARNING_RATE = 3e-3

# He et al. (2015) start PReLU at this slope, and do not decay it.
PRELU_INITIAL_SLOPE = 0.25


@dataclass(frozen=True)
class Digits:
    """Pixels are whole numbers from 0 to 16, of shape [N,8,8]; labels are int64."""

    pixels: np.ndarray
    labels: np.ndarray

    def inputs(self) -> np.ndarray:
        """The network's input: float32 [N,8,8,1] in [0,1]."""
        return (self.pixels / MAX_PIXEL).astype(np.float32)[..., np.newaxis]

    def targets(self) -> np.ndarray:
        return keras.utils.to_categorical(self.labels, 10)

    def png_inputs(self) -> np.ndarray:
        """What the PNG files give: eight-bit pixels / 255."""
        pixels = np.rint(self.pixels / MAX_PIXEL * 255).astype(np.uint8)
        return (pixels / np.float32(255)).astype(np.float32)[..., np.newaxis]


@dataclass(frozen=True)
class Result:
    name: str
    file: str
    network: keras.Sequential
    correct: int
    png_agree: int


def load_split(data_folder: Path) -> tuple[Digits, Digits]:
    """The training part and the part that train_digits.py held out, in its order."""
    data = load_digits()
    table = np.loadtxt(data_folder / "heldout_labels.tsv", dtype=np.int64, skiprows=1)
    held_out_rows = table[:, 2]
    training_rows = np.setdiff1d(np.arange(len(data.target)), held_out_rows)

    def part(rows: np.ndarray) -> Digits:
        return Digits(data.images[rows], data.target[rows].astype(np.int64))

    training, held_out = part(training_rows), part(held_out_rows)
    images = np.load(data_folder / "heldout_images.npy")
    if not np.array_equal(held_out.inputs().reshape(images.shape), images):
        raise ValueError(f"the scans of {data_folder} are not scikit-learn's")
    return training, held_out


def build_network(activation: Callable[..., layers.Layer]) -> keras.Sequential:
    """`activation(name, shared_axes)` makes one layer.

    Batch normalisation has PyTorch's momentum and epsilon, as in train_digits.py.
    """
    plane = [1, 2]  # One slope a channel: shared along height and width.
    return keras.Sequential(
        [
            keras.Input((8, 8, 1), name="image"),
            layers.Conv2D(32, 3, padding="same", name="conv1"),
            activation("act1", plane),
            layers.Conv2D(32, 3, padding="same", use_bias=False, name="conv2"),
            layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name="bn2"),
            activation("act2", plane),
            layers.MaxPooling2D(2, name="pool2"),
            layers.Conv2D(64, 3, padding="same", name="conv3"),
            activation("act3", plane),
            layers.MaxPooling2D(2, name="pool3"),
            layers.Flatten(name="flatten"),
            layers.Dense(32, name="dense4"),
            activation("act4", None),
            layers.Dense(10, name="logits"),
        ],
        name="digits",
    )


def augment(images: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Turns each image by up to 10 degrees, scales it by up to 10 %, moves it by up to a pixel."""

    def uniform(limit: float) -> np.ndarray:
        return random.uniform(-limit, limit, len(images))

    angle, scale = uniform(np.pi / 18), 1 + uniform(0.1)
    cos, sin = scale * np.cos(angle), scale * np.sin(angle)
    centre = (images.shape[1] - 1) / 2
    zero = np.zeros(len(images))
    # Pixel (x, y) of the result is taken from (cos x - sin y, sin x + cos y) around the centre.
    rows = [
        *(cos, -sin, centre - (cos - sin) * centre + uniform(1)),
        *(sin, cos, centre - (sin + cos) * centre + uniform(1)),
        *(zero, zero),
    ]
    transforms = np.stack(rows, axis=1).astype(np.float32)
    return np.asarray(keras.ops.image.affine_transform(images, transforms))


class AugmentedBatches(keras.utils.PyDataset):
    """One epoch of shuffled batches, other ones each time."""

    def __init__(self, data: Digits, seed: int) -> None:
        super().__init__()
        self._inputs, self._targets = data.inputs(), data.targets()
        self._random = np.random.default_rng(seed)
        self._order = self._random.permutation(len(self._inputs))

    def __len__(self) -> int:
        return -(-len(self._inputs) // BATCH_SIZE)

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        rows = self._order[index * BATCH_SIZE : (index + 1) * BATCH_SIZE]
        return augment(self._inputs[rows], self._random), self._targets[rows]

    def on_epoch_end(self) -> None:
        self._order = self._random.permutation(len(self._inputs))


def train(network: keras.Sequential, data: Digits, epochs: int, seed: int) -> None:
    batches = AugmentedBatches(data, seed)
    steps = epochs * len(batches)
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=PEAK_LEARNING_RATE / 25,
        warmup_target=PEAK_LEARNING_RATE,
        warmup_steps=int(0.3 * steps),
        decay_steps=steps - int(0.3 * steps),
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=0.01, epsilon=1e-8)
    # Decay would pull a PReLU slope towards ReLU.
    optimizer.exclude_from_weight_decay(var_names=["alpha", "bias", "beta", "gamma"])
    loss = keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.1)
    network.compile(optimizer, loss)
    network.fit(batches, epochs=epochs, shuffle=False, verbose=0)


def slope_layers(network: keras.Sequential) -> list[tuple[str, np.ndarray]]:
    """Every activation's name and slopes: one for LeakyReLU, one per channel for PReLU."""
    found = []
    for layer in network.layers:
        if isinstance(layer, layers.LeakyReLU):
            found.append((layer.name, np.array([layer.negative_slope])))
        elif isinstance(layer, layers.PReLU):
            found.append((layer.name, layer.get_weights()[0].ravel()))
    return found


def format_table(results: list[Result], training_size: int, held_out_size: int) -> str:
    lines = [
        "# Digits in Keras: accuracy and slopes",
        "",
        "Written by `examples/training/train_digits_keras.py`; "
        f"{training_size} training images, {held_out_size} held out.",
        "",
        "| model | file | parameters | held-out accuracy | correct "
        "| PNG files with the same answer |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        # Running means and variances are no parameters.
        parameters = sum(int(np.prod(w.shape)) for w in result.network.trainable_weights)
        lines.append(
            f"| {result.name} | {result.file} | {parameters} "
            f"| {result.correct / held_out_size:.2%} | {result.correct} of {held_out_size} "
            f"| {result.png_agree} of {PNG_COUNT} |"
        )
    lines += slope_lines({result.name: slope_layers(result.network) for result in results})
    return "\n".join(lines) + "\n"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains the digits sample models in Keras.")
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=EXAMPLES,
        help="where models/ and data/ are written (default: the examples folder)",
    )
    parser.add_argument(
        "--leaky-slope", type=float, default=0.1, help="LeakyReLU's slope (default: %(default)s)"
    )
    parser.add_argument("--epochs", type=int, default=80, help="default: %(default)s")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the training (default: %(default)s)"
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    training, held_out = load_split(EXAMPLES / "data" / "digits")
    folder = arguments.output / "data" / "digits"
    folder.mkdir(parents=True, exist_ok=True)

    def leaky_relu(name: str, shared_axes: list[int] | None) -> layers.Layer:
        del shared_axes  # One slope for all.
        return layers.LeakyReLU(negative_slope=arguments.leaky_slope, name=name)

    def prelu(name: str, shared_axes: list[int] | None) -> layers.Layer:
        initial = keras.initializers.Constant(PRELU_INITIAL_SLOPE)
        return layers.PReLU(alpha_initializer=initial, shared_axes=shared_axes, name=name)

    results = []
    for name, file, activation in (
        ("digits_keras_leaky_relu", "model.keras", leaky_relu),
        ("digits_keras_prelu", "model.h5", prelu),
    ):
        keras.utils.set_random_seed(arguments.seed)  # The same initial weights for both.
        trained = build_network(activation)
        train(trained, training, arguments.epochs, arguments.seed)
        # The optimizer's state, which is not needed, would treble the file.
        network = build_network(activation)
        network.set_weights(trained.get_weights())

        logits = network.predict(held_out.inputs(), verbose=0)
        answers = logits.argmax(axis=1)
        png_answers = network.predict(held_out.png_inputs()[:PNG_COUNT], verbose=0).argmax(axis=1)
        np.save(folder / f"{name}.logits.npy", logits)
        path = arguments.output / "models" / name / "1" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        network.save(path)
        correct = int((answers == held_out.labels).sum())
        png_agree = int((png_answers == answers[:PNG_COUNT]).sum())
        results.append(Result(name, file, network, correct, png_agree))

    table = format_table(results, len(training.labels), len(held_out.labels))
    (folder / "table_keras.md").write_text(table)
    print(table, end="")


if __name__ == "__main__":
    main()
