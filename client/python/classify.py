#!/usr/bin/env python3
"""Classifies pictures with a Rectifier server, through NVIDIA's tritonclient as it comes.

Nothing here is Rectifier's own: any client of the Open Inference Protocol v2 works.

    classify.py --model digits_prelu 0007_label3.png        # needs Pillow
    classify.py --model digits_prelu heldout_images.npy     # float32, as the model takes them
"""

import argparse
import os
import sys
from pathlib import Path

import numpy as np
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", default=os.environ.get("RECTIFIER_SERVER", "127.0.0.1:8001"))
    parser.add_argument("--model", required=True)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--timeout", type=float, default=30.0, help="seconds for one request")
    parser.add_argument("pictures", nargs="+", type=Path, metavar="FILE", help="pictures or .npy")
    return parser.parse_args()


def read_pictures(path: Path, shape: list[int]) -> np.ndarray:
    """float32. A picture file is brought to the model's `shape`, of either layout, and to [0,1]."""
    if path.suffix == ".npy":
        return np.load(path).astype(np.float32)
    from PIL import Image  # only picture files need it

    channels_last = shape[1] not in (1, 3)
    _, height, width, channels = shape if channels_last else (shape[0], *shape[2:], shape[1])
    picture = Image.open(path).convert({1: "L", 3: "RGB"}[channels]).resize((width, height))
    pixels = np.asarray(picture, dtype=np.float32) / 255
    pixels = pixels.reshape(1, height, width, channels)
    return pixels if channels_last else pixels.transpose(0, 3, 1, 2)


def softmax(logits: np.ndarray) -> np.ndarray:
    exponentials = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def infer(
    client: triton.InferenceServerClient,
    model: str,
    names: tuple[str, str],
    batch: np.ndarray,
    timeout: float,
) -> np.ndarray:
    """The model's logits for a batch; `names` are its input's and its output's."""
    tensor = triton.InferInput(names[0], list(batch.shape), "FP32")
    tensor.set_data_from_numpy(np.ascontiguousarray(batch))
    wanted = [triton.InferRequestedOutput(names[1])]
    return client.infer(model, [tensor], outputs=wanted, client_timeout=timeout).as_numpy(names[1])


def main() -> None:
    arguments = parse_arguments()
    client = triton.InferenceServerClient(arguments.server)
    metadata = client.get_model_metadata(arguments.model, client_timeout=arguments.timeout)
    names = metadata.inputs[0].name, metadata.outputs[0].name
    for path in arguments.pictures:
        pictures = read_pictures(path, list(metadata.inputs[0].shape))
        for start in range(0, len(pictures), arguments.batch_size):
            batch = pictures[start : start + arguments.batch_size]
            logits = infer(client, arguments.model, names, batch, arguments.timeout)
            for offset, row in enumerate(softmax(logits)):
                place = f"{path.name}[{start + offset}]" if path.suffix == ".npy" else path.name
                print(f"{place}  {row.argmax()}  {row.max():.1%}")


if __name__ == "__main__":
    try:
        main()
    except (InferenceServerException, OSError, ValueError) as error:
        sys.exit(f"classify.py: {error}")
