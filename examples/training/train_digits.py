#!/usr/bin/python3
"""Trains the sample models on scanned 8x8 digits and writes everything under `examples/`.

One small CNN is trained twice, from the same seed: with LeakyReLU, whose slope is a hyperparameter,
and with per-channel PReLU, whose slopes are learned. The held-out images have no part in it: the
split comes from the seed, the number of epochs is fixed, and the last epoch's weights are exported.

Needs Debian 12's python3-torch (1.13), python3-sklearn, python3-numpy and python3-pil;
examples/README.md says more.
"""

import argparse
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from slope_tables import slope_lines
from threadpoolctl import threadpool_limits
from torch import Tensor, nn

OPSET = 17
HELD_OUT = 360
PNG_COUNT = 64
MAX_PIXEL = 16  # The scans count the "on" pixels of 4x4 blocks.

# He et al. (2015) start PReLU at this slope, and do not decay it.
PRELU_INITIAL_SLOPE = 0.25


@dataclass(frozen=True)
class Digits:
    """Some of scikit-learn's digits, with the rows they have there.

    Pixels are whole numbers from 0 to 16, of shape [N,8,8]; labels are int64.
    """

    pixels: np.ndarray
    labels: np.ndarray
    rows: np.ndarray

    def inputs(self) -> Tensor:
        """The network's input: float32 [N,1,8,8] in [0,1]."""
        return torch.from_numpy((self.pixels / MAX_PIXEL).astype(np.float32)).unsqueeze(1)

    def targets(self) -> Tensor:
        return torch.from_numpy(self.labels)

    def png_pixels(self) -> np.ndarray:
        """Eight-bit pixels; divided by 255 they are the input to within half a grey level."""
        return np.rint(self.pixels / MAX_PIXEL * 255).astype(np.uint8)


@dataclass(frozen=True)
class Result:
    name: str
    network: nn.Sequential
    logits: np.ndarray
    correct: int
    png_agree: int


def load_split(seed: int) -> tuple[Digits, Digits]:
    """The training part and the held-out part, with the classes in equal shares."""
    data = load_digits()
    training, held_out = train_test_split(
        np.arange(len(data.target)), test_size=HELD_OUT, stratify=data.target, random_state=seed
    )

    def part(rows: np.ndarray) -> Digits:
        return Digits(data.images[rows], data.target[rows].astype(np.int64), rows)

    return part(training), part(held_out)


def build_network(activation: Callable[[int], nn.Module]) -> nn.Sequential:
    """`activation(channels)` makes one layer.

    It follows a convolution, a batch normalisation and a dense layer, the places that matter to
    whoever fuses it.
    """
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 32, kernel_size=3, padding=1),
            act1=activation(32),
            conv2=nn.Conv2d(32, 32, kernel_size=3, padding=1, bias=False),
            bn2=nn.BatchNorm2d(32),
            act2=activation(32),
            pool2=nn.MaxPool2d(2),
            conv3=nn.Conv2d(32, 64, kernel_size=3, padding=1),
            act3=activation(64),
            pool3=nn.MaxPool2d(2),
            flatten=nn.Flatten(),
            dense4=nn.Linear(64 * 2 * 2, 32),
            act4=activation(32),
            dense5=nn.Linear(32, 10),
        )
    )


def augment(images: Tensor, generator: torch.Generator) -> Tensor:
    """Turns each image by up to 10 degrees, scales it by up to 10 %, moves it by up to a pixel."""

    def uniform(limit: float) -> Tensor:
        return (torch.rand(len(images), generator=generator) * 2 - 1) * limit

    angle, scale = uniform(np.pi / 18), 1 + uniform(0.1)
    one_pixel = 2 / images.shape[-1]  # grid_sample's coordinates run from -1 to 1.
    cos, sin = scale * torch.cos(angle), scale * torch.sin(angle)
    row_x = torch.stack([cos, -sin, uniform(one_pixel)], dim=1)
    row_y = torch.stack([sin, cos, uniform(one_pixel)], dim=1)
    grid = nn.functional.affine_grid(
        torch.stack([row_x, row_y], dim=1), images.shape, align_corners=False
    )
    return nn.functional.grid_sample(images, grid, align_corners=False)


def make_optimizer(network: nn.Module) -> torch.optim.Optimizer:
    """Decays kernels and matrices only: decay would pull a PReLU slope towards ReLU."""
    parameters = list(network.parameters())
    return torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.ndim > 1], "weight_decay": 0.01},
            {"params": [p for p in parameters if p.ndim == 1], "weight_decay": 0.0},
        ]
    )


def train(network: nn.Module, data: Digits, epochs: int, generator: torch.Generator) -> None:
    batch_size = 64
    inputs, targets = data.inputs(), data.targets()
    optimizer = make_optimizer(network)
    steps = -(-len(inputs) // batch_size)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, max_lr=3e-3, epochs=epochs, steps_per_epoch=steps
    )
    network.train()
    for _ in range(epochs):
        for batch in torch.randperm(len(inputs), generator=generator).split(batch_size):
            optimizer.zero_grad()
            logits = network(augment(inputs[batch], generator))
            nn.functional.cross_entropy(logits, targets[batch], label_smoothing=0.1).backward()
            optimizer.step()
            schedule.step()
    network.eval()


@torch.no_grad()
def evaluate(name: str, network: nn.Sequential, held_out: Digits) -> Result:
    logits = network(held_out.inputs())
    predicted = logits.argmax(dim=1)
    png_inputs = torch.from_numpy(held_out.png_pixels()[:PNG_COUNT]).unsqueeze(1).float() / 255
    png_predicted = network(png_inputs).argmax(dim=1)
    return Result(
        name,
        network,
        logits.numpy(),
        correct=int((predicted == held_out.targets()).sum()),
        png_agree=int((png_predicted == predicted[:PNG_COUNT]).sum()),
    )


def export_onnx(network: nn.Module, path: Path) -> None:
    """Exports a network that is in evaluation mode.

    PRESERVE keeps BatchNormalization as a node of its own; EVAL would fold it into the convolution.
    PyTorch warns that folding constants may spoil parameters: in evaluation mode it only gives
    PReLU's slopes their shape [C,1,1].
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        network,
        torch.zeros(1, 1, 8, 8),
        str(path),
        opset_version=OPSET,
        training=torch.onnx.TrainingMode.PRESERVE,
        input_names=["image"],
        output_names=["logits"],
        dynamic_axes={"image": {0: "batch"}, "logits": {0: "batch"}},
    )


def write_data(held_out: Digits, folder: Path) -> None:
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for earlier in images.glob("*_label?.png"):  # Another seed gives other names.
        earlier.unlink()
    np.save(folder / "heldout_images.npy", held_out.inputs().numpy())
    np.save(folder / "heldout_labels.npy", held_out.labels)
    lines = [
        f"{i}\t{label}\t{row}\n"
        for i, (label, row) in enumerate(zip(held_out.labels, held_out.rows))
    ]
    (folder / "heldout_labels.tsv").write_text("index\tlabel\tdataset_row\n" + "".join(lines))
    for i, pixels in enumerate(held_out.png_pixels()[:PNG_COUNT]):
        Image.fromarray(pixels).save(images / f"{i:04}_label{held_out.labels[i]}.png")


def slope_layers(network: nn.Sequential) -> list[tuple[str, np.ndarray]]:
    """Every activation's name and slopes: one for LeakyReLU, one per channel for PReLU."""
    found = []
    for name, layer in network.named_children():
        if isinstance(layer, nn.LeakyReLU):
            found.append((name, np.array([layer.negative_slope])))
        elif isinstance(layer, nn.PReLU):
            found.append((name, layer.weight.detach().numpy()))
    return found


def format_table(results: list[Result], training_size: int) -> str:
    lines = [
        "# Digits: accuracy and slopes",
        "",
        "Written by `examples/training/train_digits.py`; "
        f"{training_size} training images, {HELD_OUT} held out.",
        "",
        "| model | parameters | held-out accuracy | correct | PNG files with the same answer |",
        "|---|---|---|---|---|",
    ]
    for result in results:
        parameters = sum(p.numel() for p in result.network.parameters())
        lines.append(
            f"| {result.name} | {parameters} | {result.correct / HELD_OUT:.2%} "
            f"| {result.correct} of {HELD_OUT} | {result.png_agree} of {PNG_COUNT} |"
        )
    lines += slope_lines({result.name: slope_layers(result.network) for result in results})
    return "\n".join(lines) + "\n"


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Trains and exports the digits sample models.")
    parser.add_argument(
        "--output",
        metavar="DIR",
        type=Path,
        default=Path(__file__).resolve().parents[1],
        help="where models/ and data/ are written (default: the examples folder)",
    )
    parser.add_argument(
        "--leaky-slope", type=float, default=0.1, help="LeakyReLU's slope (default: %(default)s)"
    )
    parser.add_argument("--epochs", type=int, default=80, help="default: %(default)s")
    parser.add_argument(
        "--seed", type=int, default=0, help="of the split and the training (default: %(default)s)"
    )
    return parser.parse_args()


def main() -> None:
    arguments = parse_arguments()
    # Another number of threads would round differently. PyTorch's setting leaves the BLAS out.
    torch.set_num_threads(1)
    threadpool_limits(limits=1)
    torch.use_deterministic_algorithms(True)

    training, held_out = load_split(arguments.seed)
    folder = arguments.output / "data" / "digits"
    write_data(held_out, folder)

    activations = {
        "digits_leaky_relu": lambda channels: nn.LeakyReLU(arguments.leaky_slope),
        "digits_prelu": lambda channels: nn.PReLU(
            num_parameters=channels, init=PRELU_INITIAL_SLOPE
        ),
    }
    results = []
    for name, activation in activations.items():
        torch.manual_seed(arguments.seed)  # The same initial weights for both.
        network = build_network(activation)
        train(network, training, arguments.epochs, torch.Generator().manual_seed(arguments.seed))
        result = evaluate(name, network, held_out)
        np.save(folder / f"{name}.logits.npy", result.logits)
        export_onnx(network, arguments.output / "models" / name / "1" / "model.onnx")
        results.append(result)

    table = format_table(results, len(training.labels))
    (folder / "table.md").write_text(table)
    print(table, end="")


if __name__ == "__main__":
    main()
