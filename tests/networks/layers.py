"""Layers with generated weights, scaled so that activations keep about unit variance.

Functions take the GraphWriter and the name of what goes in, and return the name of what comes out.
"""

import numpy as np


def conv(
    g, x, inputs, outputs, kernel, stride=1, pad=None, groups=1, dilation=1, bias=True, auto_pad=None, dims=2, gain=1.0
):
    """A convolution of `dims` spatial dimensions; `pad` on all sides, by default what keeps the size at stride 1."""
    taps = kernel**dims
    deviation = gain * np.sqrt(2 / (inputs // groups * taps))  # He et al. (2015)
    weight = g.random.normal(0, deviation, (outputs, inputs // groups, *[kernel] * dims))
    pad = (kernel - 1) // 2 * dilation if pad is None else pad
    return g.node(
        "Conv",
        [x, g.weight(weight), *([_bias(g, outputs)] if bias else [])],
        kernel_shape=[kernel] * dims,
        strides=[stride] * dims,
        dilations=[dilation] * dims,
        group=groups,
        pads=None if auto_pad else [pad] * (2 * dims),
        auto_pad=auto_pad,
    )


def conv_transpose(g, x, inputs, outputs, kernel, stride, pad=0, output_padding=0, bias=True, dims=2):
    # Only one of stride^dims taps of the kernel meets an input.
    deviation = np.sqrt(2 * stride**dims / (inputs * kernel**dims))
    weight = g.random.normal(0, deviation, (inputs, outputs, *[kernel] * dims))
    return g.node(
        "ConvTranspose",
        [x, g.weight(weight), *([_bias(g, outputs)] if bias else [])],
        kernel_shape=[kernel] * dims,
        strides=[stride] * dims,
        dilations=[1] * dims,
        group=1,
        pads=[pad] * (2 * dims),
        output_padding=[output_padding] * dims if output_padding else None,
    )


def batch_norm(g, x, channels, gain=1.0):
    r = g.random
    parameters = [
        g.weight(gain * r.uniform(0.7, 1.3, channels), "gamma"),
        g.weight(r.normal(0, 0.1, channels), "beta"),
        g.weight(r.normal(0, 0.2, channels), "mean"),
        g.weight(r.uniform(0.6, 1.4, channels), "variance"),
    ]
    return g.node("BatchNormalization", [x, *parameters], epsilon=1e-5)


def instance_norm(g, x, channels):
    gamma = g.weight(g.random.uniform(0.7, 1.3, channels), "gamma")
    beta = g.weight(g.random.normal(0, 0.1, channels), "beta")
    return g.node("InstanceNormalization", [x, gamma, beta], epsilon=1e-5)


def learned_slopes(g, channels):
    """Slopes as training leaves them: around 0.25, where they start, some negative and some above 1."""
    slopes = g.random.normal(0.25, 0.2, channels)
    outliers = g.random.permutation(channels)[: max(2, channels // 8)]
    if channels > len(outliers):
        half = len(outliers) // 2
        slopes[outliers[:half]] = g.random.uniform(-0.6, -0.1, half)
        slopes[outliers[half:]] = g.random.uniform(1.05, 1.5, len(outliers) - half)
    return slopes


def prelu(g, x, channels, dims=2):
    """One slope per channel, of PyTorch's shape (C,1,1); `channels` 1 is one slope for all."""
    slopes = learned_slopes(g, channels).reshape(channels, *[1] * dims)
    return g.node("PRelu", [x, g.weight(slopes, "slope")])


def prelu_raw(g, x, channels):
    """As MXNet's exporter wrote it: shape (C), which from opset 7 on would belong to the last axis."""
    return g.node("PRelu", [x, g.weight(learned_slopes(g, channels), "slope")])


def leaky_relu(g, x, alpha):
    return g.node("LeakyRelu", x, alpha=alpha)


def dense(g, x, inputs, outputs, gain=1.0):
    """Gemm with the weights as PyTorch keeps them, outputs first."""
    weight = g.random.normal(0, gain * np.sqrt(2 / inputs), (outputs, inputs))
    return g.node("Gemm", [x, g.weight(weight), _bias(g, outputs)], alpha=1.0, beta=1.0, transB=1)


def matmul(g, x, inputs, outputs, bias=True, gain=1.0):
    """MatMul and Add with the weights as TensorFlow keeps them, inputs first."""
    weight = g.random.normal(0, gain * np.sqrt(2 / inputs), (inputs, outputs))
    x = g.node("MatMul", [x, g.weight(weight)])
    return g.node("Add", [x, _bias(g, outputs)]) if bias else x


def max_pool(g, x, kernel, stride, pad=0, auto_pad=None, ceil_mode=False):
    return g.node(
        "MaxPool",
        x,
        kernel_shape=[kernel] * 2,
        strides=[stride] * 2,
        pads=None if auto_pad else [pad] * 4,
        auto_pad=auto_pad,
        ceil_mode=1 if ceil_mode else None,
    )


def pixel_shuffle(g, x, channels, factor):
    """[N, channels * factor^2, H, W] to [N, channels, H * factor, W * factor], in PyTorch's order of channels."""
    if g.opset >= 11:
        return g.node("DepthToSpace", x, blocksize=factor, mode="CRD")
    # DepthToSpace had the other order only, so exporters wrote it out.
    batch, height, width = (g.dimension(x, axis) for axis in (0, 2, 3))
    factor_of = g.integers(factor)
    x = g.reshape(x, g.shape([batch, channels, factor, factor, height, width]))
    x = g.node("Transpose", x, perm=[0, 1, 4, 2, 5, 3])
    higher, wider = (g.node("Mul", [size, factor_of]) for size in (height, width))
    return g.reshape(x, g.shape([batch, channels, higher, wider]))


def _bias(g, channels):
    return g.weight(g.random.normal(0, 0.1, channels), "bias")
