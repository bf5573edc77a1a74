"""Every network: how it is built, in which opset, and at which sizes."""

import dataclasses
import typing
import zlib

import audio
import detectors
import image_to_image
import numpy as np
import recognizers
import tabular
import upscalers
from graph_writer import GraphWriter

SCALES = ("small", "full")


@dataclasses.dataclass(frozen=True)
class Size:
    """What the network is built with, and values of its symbolic dimensions other than the batch, the usual ones
    first; none when there are no such dimensions."""

    arguments: dict
    extents: tuple[dict, ...] = ()


@dataclasses.dataclass(frozen=True)
class Network:
    """`small` keeps the structure with few channels, so that a file has less than 100 kB; `full` is as published."""

    name: str
    opset: int
    build: typing.Callable
    small: Size
    full: Size
    # For inputs that are not normally distributed: NumPy's RandomState and a shape to values.
    samples: dict[str, typing.Callable] = dataclasses.field(default_factory=dict)

    @property
    def seed(self):
        return zlib.crc32(self.name.encode())

    def size(self, scale):
        return {"small": self.small, "full": self.full}[scale]

    def model(self, scale):
        writer = GraphWriter(self.name, self.opset, self.seed)
        self.build(writer, **self.size(scale).arguments)
        return writer.model()


def _pixels(random, shape):
    return random.randint(0, 256, shape)


def _edges(random, shape):
    """A few neighbours each; the same in both directions, and every graph node with itself."""
    edges = random.uniform(size=shape) < 4 / shape[-1]
    return edges | edges.transpose(0, 2, 1) | np.eye(shape[-1], dtype=bool)


def _images(*sizes):
    return tuple({"H": height, "W": width} for height, width in sizes)


NETWORKS = (
    Network(
        "tiny_yolov2",
        7,
        detectors.tiny_yolov2,
        Size({"widths": (4, 4, 6, 8, 8, 12, 16, 16), "outputs": 35, "size": 64}),
        Size({"widths": (16, 32, 64, 128, 256, 512, 1024, 1024), "outputs": 125, "size": 416}),
        {"image": _pixels},
    ),
    Network(
        "yolov3_tiny",
        9,
        detectors.yolov3_tiny,
        Size({"widths": (4, 4, 6, 8, 8, 12, 16), "classes": 3, "size": 64}),
        Size({"widths": (16, 32, 64, 128, 256, 512, 1024), "classes": 80, "size": 416}),
    ),
    Network(
        "yolov3_tiny_dynamic",
        11,
        detectors.yolov3_tiny_dynamic,
        Size({"widths": (4, 4, 6, 8, 8, 12, 16), "classes": 3}, _images((64, 96), (88, 56))),
        Size({"widths": (16, 32, 64, 128, 256, 512, 1024), "classes": 80}, _images((416, 416), (328, 248))),
    ),
    Network(
        "mtcnn_pnet",
        15,
        detectors.mtcnn_pnet,
        Size({"widths": (10, 16, 32)}, _images((24, 32), (21, 27))),
        Size({"widths": (10, 16, 32)}, _images((240, 320), (131, 97))),
    ),
    Network(
        "mtcnn_onet",
        13,
        detectors.mtcnn_onet,
        Size({"widths": (6, 8, 8, 12), "hidden": 16, "size": 32}),
        Size({"widths": (32, 64, 64, 128), "hidden": 256, "size": 48}),
    ),
    Network(
        "cascade_pnet",
        11,
        detectors.cascade_pnet,
        Size({"widths": (6, 8, 10), "size": 12}),
        Size({"widths": (10, 16, 32), "size": 12}),
    ),
    Network(
        "cascade_rnet",
        12,
        detectors.cascade_rnet,
        Size({"widths": (6, 8, 10), "hidden": 16, "size": 24}),
        Size({"widths": (28, 48, 64), "hidden": 128, "size": 24}),
    ),
    Network(
        "cascade_onet",
        17,
        detectors.cascade_onet,
        Size({"widths": (6, 8, 8, 10), "hidden": 16, "size": 48}),
        Size({"widths": (32, 64, 64, 128), "hidden": 256, "size": 48}),
    ),
    Network(
        "mobilefacenet",
        12,
        recognizers.mobilefacenet,
        Size(
            {
                "stem": 8,
                "bottlenecks": ((2, 8, 5, 2), (4, 12, 1, 2), (2, 12, 6, 1), (4, 12, 1, 2), (2, 12, 2, 1)),
                "head": 32,
                "embedding": 16,
                "size": 32,
            }
        ),
        Size(
            {
                "stem": 64,
                "bottlenecks": ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2), (2, 128, 2, 1)),
                "head": 512,
                "embedding": 128,
                "size": 112,
            }
        ),
    ),
    Network(
        "arcface_iresnet18",
        11,
        recognizers.iresnet18,
        Size({"widths": (4, 6, 10, 14), "embedding": 24, "size": 32}),
        Size({"widths": (64, 128, 256, 512), "embedding": 512, "size": 112}),
    ),
    Network(
        "arcface_iresnet18_mxnet",
        8,
        recognizers.iresnet18_mxnet,
        Size({"widths": (4, 6, 10, 14), "embedding": 24, "size": 32}),
        Size({"widths": (64, 128, 256, 512), "embedding": 512, "size": 112}),
        {"data": _pixels},
    ),
    Network(
        "srresnet",
        13,
        upscalers.srresnet,
        Size({"width": 4, "blocks": 16, "size": 10}),
        Size({"width": 64, "blocks": 16, "size": 48}),
    ),
    Network(
        "espcn",
        16,
        upscalers.espcn,
        Size({"widths": (8, 6), "factor": 3}, _images((16, 20), (13, 9))),
        Size({"widths": (64, 32), "factor": 3}, _images((96, 96), (67, 85))),
    ),
    Network(
        "espcn_written_out",
        9,
        upscalers.espcn,
        Size({"widths": (8, 6), "factor": 2}, _images((16, 20), (13, 9))),
        Size({"widths": (64, 32), "factor": 2}, _images((96, 96), (67, 85))),
    ),
    Network(
        "fsrcnn",
        10,
        upscalers.fsrcnn,
        Size({"features": 12, "shrunk": 4, "mappings": 4, "factor": 2}, _images((16, 20), (13, 9))),
        Size({"features": 56, "shrunk": 12, "mappings": 4, "factor": 3}, _images((96, 96), (67, 85))),
    ),
    Network(
        "esrgan",
        10,
        upscalers.esrgan,
        Size({"width": 6, "growth": 4, "blocks": 2}, _images((8, 10), (7, 5))),
        Size({"width": 64, "growth": 32, "blocks": 23}, _images((24, 24), (17, 29))),
    ),
    Network(
        "real_esrgan_compact",
        18,
        upscalers.real_esrgan_compact,
        Size({"width": 6, "convolutions": 16, "size": 8}),
        Size({"width": 64, "convolutions": 32, "size": 48}),
    ),
    Network(
        "dcgan_generator",
        14,
        image_to_image.dcgan_generator,
        Size({"noise": 16, "widths": (12, 8, 6)}),
        Size({"noise": 100, "widths": (512, 256, 128, 64)}),
    ),
    Network(
        "dcgan_discriminator",
        8,
        image_to_image.dcgan_discriminator,
        Size({"widths": (6, 8, 12)}),
        Size({"widths": (64, 128, 256, 512)}),
    ),
    Network(
        "pix2pix_generator",
        12,
        image_to_image.pix2pix_generator,
        Size({"widths": (4, 6, 8, 10, 10)}),
        Size({"widths": (64, 128, 256, 512, 512, 512, 512)}),
    ),
    Network(
        "unet_instance_norm",
        9,
        image_to_image.unet_instance_norm,
        Size({"widths": (4, 6, 8, 12), "classes": 3, "size": 32}),
        Size({"widths": (32, 64, 128, 256, 320), "classes": 3, "size": 128}),
    ),
    Network(
        "unet_bilinear",
        13,
        image_to_image.unet_bilinear,
        Size({"widths": (4, 6, 8, 8), "classes": 2}, _images((24, 16), (19, 29))),
        Size({"widths": (64, 128, 256, 512, 512), "classes": 2}, _images((96, 96), (90, 121))),
    ),
    Network(
        "hifigan",
        17,
        audio.hifigan,
        Size(
            {
                "mels": 10,
                "width": 16,
                "rates": (4, 2),
                "kernels": (8, 4),
                "block_kernels": (3, 7),
                "dilations": (1, 3),
            },
            ({"T": 24}, {"T": 17}),
        ),
        Size(
            {
                "mels": 80,
                "width": 128,
                "rates": (8, 8, 2, 2),
                "kernels": (16, 16, 4, 4),
                "block_kernels": (3, 7, 11),
                "dilations": (1, 3, 5),
            },
            ({"T": 32}, {"T": 21}),
        ),
    ),
    Network(
        "melgan",
        19,
        audio.melgan,
        Size({"mels": 10, "width": 24, "rates": (4, 3, 2)}, ({"T": 12}, {"T": 15})),
        Size({"mels": 80, "width": 512, "rates": (8, 8, 2, 2)}, ({"T": 32}, {"T": 21})),
    ),
    Network(
        "conv_tasnet",
        18,
        audio.conv_tasnet,
        Size(
            {
                "filters": 16,
                "length": 8,
                "bottleneck": 8,
                "hidden": 12,
                "skip": 8,
                "layers_per_stack": 3,
                "stacks": 2,
                "speakers": 2,
            },
            ({"T": 160}, {"T": 228}),
        ),
        Size(
            {
                "filters": 512,
                "length": 16,
                "bottleneck": 128,
                "hidden": 512,
                "skip": 128,
                "layers_per_stack": 8,
                "stacks": 3,
                "speakers": 2,
            },
            ({"T": 4000}, {"T": 2504}),
        ),
    ),
    Network(
        "wake_word",
        13,
        audio.wake_word,
        Size({"coefficients": 8, "frames": 41, "widths": (6, 8, 10, 12), "words": 4}),
        Size({"coefficients": 40, "frames": 101, "widths": (16, 24, 32, 48), "words": 12}),
    ),
    Network(
        "graph_attention",
        20,
        tabular.graph_attention,
        Size({"features": 20, "heads": 4, "width": 6, "classes": 5}, ({"V": 15}, {"V": 22})),
        Size({"features": 1433, "heads": 8, "width": 8, "classes": 7}, ({"V": 300}, {"V": 411})),
        {"edges": _edges},
    ),
    Network(
        "perceptron",
        16,
        tabular.perceptron,
        Size({"inputs": 12, "widths": (16, 8), "outputs": 4}),
        Size({"inputs": 64, "widths": (256, 128, 64), "outputs": 10}),
    ),
    Network(
        "perceptron_narrow",
        17,
        tabular.perceptron,
        Size({"inputs": 5, "widths": (8,), "outputs": 3}),
        Size({"inputs": 16, "widths": (32, 16), "outputs": 4}),
    ),
    Network(
        "perceptron_wide",
        9,
        tabular.perceptron,
        Size({"inputs": 12, "widths": (24, 24), "outputs": 4}),
        Size({"inputs": 256, "widths": (1024, 1024, 512), "outputs": 100}),
    ),
    Network(
        "rectifier_spellings",
        9,
        tabular.rectifier_spellings,
        Size({"inputs": 12, "width": 20, "outputs": 4}),
        Size({"inputs": 128, "width": 256, "outputs": 10}),
    ),
)


def selected(only):
    """The networks of these names, or all without names."""
    by_name = {network.name: network for network in NETWORKS}
    return [by_name[name] for name in only] if only else list(NETWORKS)


def add_arguments(parser, with_scale=True):
    names = [network.name for network in NETWORKS]
    parser.add_argument("--only", action="append", choices=names, metavar="NAME", help="one network; may be repeated")
    if with_scale:
        parser.add_argument("--scale", choices=SCALES, default="small", help="default: %(default)s")
