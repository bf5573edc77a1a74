"""DCGAN (Radford et al., 2016), pix2pix (Isola et al., 2017) and U-Nets (Ronneberger et al., 2015; Isensee et al.,
2018)."""

import layers
import numpy as np


def dcgan_generator(g, noise, widths):
    """From noise to an image: `widths` of the feature maps of 4x4, 8x8 and so on."""
    x = g.input("noise", ["N", noise, 1, 1])
    channels, size = noise, 4
    for i, width in enumerate(widths):
        stride, pad = (1, 0) if i == 0 else (2, 1)
        x = layers.conv_transpose(g, x, channels, width, 4, stride, pad, bias=False)
        x = g.node("Relu", layers.batch_norm(g, x, width))
        channels, size = width, size * 2
    x = g.node("Tanh", layers.conv_transpose(g, x, channels, 3, 4, 2, 1, bias=False))
    g.output(x, "image", ["N", 3, size, size])


def dcgan_discriminator(g, widths):
    """From an image of 4 * 2^len(widths) pixels to one probability."""
    size = 4 << len(widths)
    x = g.input("image", ["N", 3, size, size])
    channels = 3
    for i, width in enumerate(widths):
        x = layers.conv(g, x, channels, width, 4, 2, 1, bias=False)
        x = layers.batch_norm(g, x, width) if i > 0 else x
        x = layers.leaky_relu(g, x, 0.2)
        channels = width
    x = g.node("Sigmoid", layers.conv(g, x, channels, 1, 4, 1, 0, bias=False))
    x = g.squeeze(g.reshape(x, [-1, 1]), [1])
    g.output(x, "real", ["N"])


def pix2pix_generator(g, widths):
    """Halves the image down to one pixel and doubles it again. What goes into an activation goes to a Concat, too, and
    Dropout is left in the file."""
    size = 1 << len(widths)
    x = layers.conv(g, g.input("image", ["N", 3, size, size]), 3, widths[0], 4, 2, 1)
    channels, skips = widths[0], []
    for i, width in enumerate(widths[1:], 2):
        skips.append((channels, x))
        x = layers.conv(g, layers.leaky_relu(g, x, 0.2), channels, width, 4, 2, 1, bias=False)
        x = layers.batch_norm(g, x, width) if i < len(widths) else x
        channels = width
    for i, (width, skip) in enumerate(reversed(skips)):
        x = layers.conv_transpose(g, g.node("Relu", x), channels, width, 4, 2, 1, bias=False)
        x = layers.batch_norm(g, x, width)
        x = g.node("Dropout", [x, g.constant(0.5, np.float32)]) if 1 <= i <= 3 else x
        x = g.node("Concat", [skip, x], axis=1)
        channels = 2 * width
    x = g.node("Tanh", layers.conv_transpose(g, g.node("Relu", x), channels, 3, 4, 2, 1))
    g.output(x, "painted", ["N", 3, size, size])


def unet_instance_norm(g, widths, classes, size):
    """nnU-Net's kind: strided convolutions down, transposed ones up, instance normalisation, probabilities."""

    def block(x, inputs, outputs, stride=1):
        x = layers.instance_norm(g, layers.conv(g, x, inputs, outputs, 3, stride), outputs)
        return layers.leaky_relu(g, x, 0.01)

    x = g.input("scan", ["N", 1, size, size])
    channels, skips = 1, []
    for i, width in enumerate(widths):
        x = block(x, channels, width, 1 if i == 0 else 2)
        x = block(x, width, width)
        channels = width
        skips.append(x)
    for width, skip in reversed(list(zip(widths[:-1], skips[:-1]))):
        x = layers.conv_transpose(g, x, channels, width, 2, 2)
        x = g.node("Concat", [x, skip], axis=1)
        x = block(block(x, 2 * width, width), width, width)
        channels = width
    x = layers.conv(g, x, channels, classes, 1)
    # Before opset 13 Softmax is one over all axes from its axis on, so exporters put the channels last for it.
    x = g.node("Transpose", x, perm=[0, 2, 3, 1])
    x = g.node("Softmax", x, axis=3)
    x = g.node("Transpose", x, perm=[0, 3, 1, 2])
    g.output(x, "probabilities", ["N", classes, size, size])


def unet_bilinear(g, widths, classes):
    """The U-Net that is most often copied: bilinear upsampling with aligned corners, then padded to the size of what
    it is concatenated with, which sizes that are no power of two need. Any image size."""

    def double_conv(x, inputs, inner, outputs):
        for before, after in ((inputs, inner), (inner, outputs)):
            x = layers.batch_norm(g, layers.conv(g, x, before, after, 3, bias=False), after)
            x = layers.leaky_relu(g, x, 0.01)
        return x

    x = g.input("image", ["N", 3, "H", "W"])
    channels, skips = 3, []
    for i, width in enumerate(widths):
        x = double_conv(layers.max_pool(g, x, 2, 2) if i else x, channels, width, width)
        channels = width
        skips.append((width, x))
    below = [*widths[:1], *widths[:-2]]
    for (width, skip), outputs in reversed(list(zip(skips[:-1], below))):
        x = g.upscale(x, [1, 1, 2, 2], "linear", "align_corners")
        x = g.node("Concat", [skip, _pad_to(g, x, skip)], axis=1)
        x = double_conv(x, channels + width, (channels + width) // 2, outputs)
        channels = outputs
    g.output(layers.conv(g, x, channels, classes, 1), "logits", ["N", classes, "H", "W"])


def _pad_to(g, x, like):
    """F.pad(x, [dx // 2, dx - dx // 2, dy // 2, dy - dy // 2]), as PyTorch's exporter turns its order (innermost
    dimension first, begin and end together) into ONNX's."""
    pads = []
    for axis in (3, 2):
        missing = g.node("Sub", [g.dimension(like, axis), g.dimension(x, axis)])
        before = g.node("Div", [missing, g.integers(2)])
        pads += [before, g.node("Sub", [missing, before])]
    not_padded = g.zeros(4)  # N and C
    pads = g.reshape(g.node("Concat", [g.shape(pads), not_padded], axis=0), [-1, 2])
    backwards = [g.integers(values) for values in ([-1], [-(2**63) + 1], [0], [-1])]
    pads = g.node("Transpose", g.node("Slice", [pads, *backwards]), perm=[1, 0])
    pads = g.node("Cast", g.reshape(pads, [-1]), to=7)
    return g.node("Pad", [x, pads, g.constant(0.0, np.float32)], mode="constant")
