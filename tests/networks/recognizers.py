"""Face recognition: MobileFaceNet (Chen et al., 2018) and ArcFace's iresnet18 (Deng et al., 2019)."""

import layers
import numpy as np


def mobilefacenet(g, stem, bottlenecks, head, embedding, size):
    """`bottlenecks`: expansion, channels, repetitions and first stride of each group. As PyTorch exports it, with the
    embedding normalised by F.normalize."""

    def block(x, inputs, outputs, kernel, stride=1, pad=None, groups=1, linear=False, gain=1.0):
        x = layers.conv(g, x, inputs, outputs, kernel, stride, pad, groups, bias=False)
        x = layers.batch_norm(g, x, outputs, gain)
        return x if linear else layers.prelu(g, x, outputs)

    def bottleneck(x, inputs, outputs, expansion, stride):
        inner = inputs * expansion
        residual = stride == 1 and inputs == outputs
        y = block(x, inputs, inner, 1)
        y = block(y, inner, inner, 3, stride, groups=inner)
        y = block(y, inner, outputs, 1, linear=True, gain=0.5 if residual else 1.0)
        return g.node("Add", [x, y]) if residual else y

    x = g.input("face", ["N", 3, size, size])
    x = block(x, 3, stem, 3, stride=2)
    x = block(x, stem, stem, 3, groups=stem)
    channels = stem
    for expansion, width, repetitions, stride in bottlenecks:
        for i in range(repetitions):
            x = bottleneck(x, channels, width, expansion, stride if i == 0 else 1)
            channels = width
    x = block(x, channels, head, 1)
    x = block(x, head, head, size // 16, pad=0, groups=head, linear=True)
    x = block(x, head, embedding, 1, linear=True)
    x = g.node("Flatten", x, axis=1)
    length = g.clip(g.reduce("ReduceL2", x, [1]), low=1e-12)
    x = g.node("Div", [x, g.node("Expand", [length, g.node("Shape", x)])])
    g.output(x, "embedding", ["N", embedding])


def iresnet18(g, widths, embedding, size):
    """As InsightFace's PyTorch code exports it."""
    x = g.input("face", ["N", 3, size, size])
    _iresnet18(g, x, widths, embedding, size, layers.prelu)


def iresnet18_mxnet(g, widths, embedding, size):
    """As InsightFace's MXNet files are: pixels are scaled inside, and slopes have no axes for height and width.

    No feature map may be as wide as it has channels: such a slope would rightly belong to the width.
    """
    x = g.input("data", ["N", 3, size, size])
    x = g.node("Sub", [x, g.weight(np.array([127.5]), "mean_pixel")])
    x = g.node("Mul", [x, g.weight(np.array([0.0078125]), "scale")])
    _iresnet18(g, x, widths, embedding, size, layers.prelu_raw)


def _iresnet18(g, x, widths, embedding, size, prelu):
    def block(x, inputs, outputs, stride):
        y = layers.batch_norm(g, x, inputs)
        y = layers.batch_norm(g, layers.conv(g, y, inputs, outputs, 3, bias=False), outputs)
        y = prelu(g, y, outputs)
        y = layers.conv(g, y, outputs, outputs, 3, stride, bias=False)
        y = layers.batch_norm(g, y, outputs, gain=0.5)
        if stride != 1 or inputs != outputs:
            x = layers.batch_norm(g, layers.conv(g, x, inputs, outputs, 1, stride, bias=False), outputs)
        return g.node("Add", [y, x])

    channels = widths[0]
    x = layers.conv(g, x, 3, channels, 3, bias=False)
    x = prelu(g, layers.batch_norm(g, x, channels), channels)
    for width in widths:
        x = block(x, channels, width, 2)
        x = block(x, width, width, 1)
        channels = width
        size = -(-size // 2)
    x = layers.batch_norm(g, x, channels)
    x = g.node("Flatten", x, axis=1)
    x = layers.dense(g, x, channels * size * size, embedding)
    x = layers.batch_norm(g, x, embedding)
    g.output(x, "embedding", ["N", embedding])
