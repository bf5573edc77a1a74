"""Sound: HiFi-GAN (Kong et al., 2020), MelGAN (Kumar et al., 2019), Conv-TasNet (Luo and Mesgarani, 2019) and
TC-ResNet (Choi et al., 2019)."""

import layers
import numpy as np


def hifigan(g, mels, width, rates, kernels, block_kernels, dilations):
    """From a mel spectrogram of any length to samples; each block is the mean of branches of residual convolutions."""

    def branch(x, channels, kernel):
        for dilation in dilations:
            y = layers.leaky_relu(g, x, 0.1)
            y = layers.conv(g, y, channels, channels, kernel, dilation=dilation, dims=1)
            y = layers.leaky_relu(g, y, 0.1)
            y = layers.conv(g, y, channels, channels, kernel, dims=1, gain=0.4)
            x = g.node("Add", [y, x])
        return x

    x = g.input("mel", ["N", mels, "T"])
    x = layers.conv(g, x, mels, width, 7, dims=1)
    channels = width
    for rate, kernel in zip(rates, kernels):
        x = layers.leaky_relu(g, x, 0.1)
        x = layers.conv_transpose(g, x, channels, channels // 2, kernel, rate, (kernel - rate) // 2, dims=1)
        channels //= 2
        branches = [branch(x, channels, k) for k in block_kernels]
        x = branches[0]
        for other in branches[1:]:
            x = g.node("Add", [x, other])
        x = g.node("Div", [x, g.constant(len(branches), np.float32)])
    x = layers.leaky_relu(g, x, 0.01)
    x = g.node("Tanh", layers.conv(g, x, channels, 1, 7, dims=1, gain=0.3))
    g.output(x, "samples", ["N", 1, f"{int(np.prod(rates))}T"])


def melgan(g, mels, width, rates):
    """From a mel spectrogram of any length to samples, without padding by zeros: edges are reflected."""

    def reflected_conv(x, inputs, outputs, kernel, dilation=1, gain=1.0):
        edge = (kernel - 1) // 2 * dilation
        x = g.pad(x, [0, 0, edge, 0, 0, edge], "reflect")
        return layers.conv(g, x, inputs, outputs, kernel, pad=0, dilation=dilation, dims=1, gain=gain)

    def residual(x, channels, dilation):
        y = reflected_conv(layers.leaky_relu(g, x, 0.2), channels, channels, 3, dilation)
        y = layers.conv(g, layers.leaky_relu(g, y, 0.2), channels, channels, 1, dims=1, gain=0.5)
        return g.node("Add", [layers.conv(g, x, channels, channels, 1, dims=1, gain=0.5), y])

    x = reflected_conv(g.input("mel", ["N", mels, "T"]), mels, width, 7)
    channels = width
    for rate in rates:
        x = layers.leaky_relu(g, x, 0.2)
        x = layers.conv_transpose(
            g, x, channels, channels // 2, 2 * rate, rate, rate // 2 + rate % 2, output_padding=rate % 2, dims=1
        )
        channels //= 2
        for dilation in (1, 3, 9):
            x = residual(x, channels, dilation)
    x = reflected_conv(layers.leaky_relu(g, x, 0.2), channels, 1, 7, gain=0.3)
    g.output(g.node("Tanh", x), "samples", ["N", 1, f"{int(np.prod(rates))}T"])


def conv_tasnet(g, filters, length, bottleneck, hidden, skip, layers_per_stack, stacks, speakers):
    """Separates speakers, from samples to samples of any length: encoder, masks from stacks of dilated depthwise
    convolutions, decoder."""

    def global_layer_norm(x, channels):
        centred = g.node("Sub", [x, g.reduce("ReduceMean", x, [1, 2])])
        variance = g.reduce("ReduceMean", g.node("Mul", [centred, centred]), [1, 2])
        deviation = g.node("Sqrt", g.node("Add", [variance, g.constant(1e-8, np.float32)]))
        gamma = g.weight(g.random.uniform(0.7, 1.3, (1, channels, 1)), "gamma")
        beta = g.weight(g.random.normal(0, 0.1, (1, channels, 1)), "beta")
        return g.node("Add", [g.node("Mul", [gamma, g.node("Div", [centred, deviation])]), beta])

    def pointwise(x, inputs, outputs, gain=1.0):
        return layers.conv(g, x, inputs, outputs, 1, dims=1, gain=gain)

    def shared_prelu(x):
        return g.node("PRelu", [x, g.weight(np.full((1, 1), g.random.uniform(0.1, 0.4)), "slope")])

    stride = length // 2
    x = g.input("mixture", ["N", 1, "T"])
    encoded = g.node("Relu", layers.conv(g, x, 1, filters, length, stride, pad=0, bias=False, dims=1))
    x = pointwise(global_layer_norm(encoded, filters), filters, bottleneck)
    skips = None
    for i in range(stacks * layers_per_stack):
        y = global_layer_norm(shared_prelu(pointwise(x, bottleneck, hidden)), hidden)
        dilation = 2 ** (i % layers_per_stack)
        y = layers.conv(g, y, hidden, hidden, 3, groups=hidden, dilation=dilation, dims=1)
        y = global_layer_norm(shared_prelu(y), hidden)
        kept = pointwise(y, hidden, skip, gain=0.5)
        skips = kept if skips is None else g.node("Add", [skips, kept])
        x = g.node("Add", [x, pointwise(y, hidden, bottleneck, gain=0.3)])
    masks = pointwise(shared_prelu(skips), skip, speakers * filters)
    batch, frames = (g.dimension(encoded, axis) for axis in (0, 2))
    masks = g.node("Sigmoid", g.reshape(masks, g.shape([batch, speakers, filters, frames])))
    x = g.node("Mul", [masks, g.unsqueeze(encoded, [1])])
    x = g.reshape(x, g.shape([-1, filters, frames]))
    x = layers.conv_transpose(g, x, filters, 1, length, stride, bias=False, dims=1)
    x = g.reshape(x, g.shape([batch, speakers, -1]))
    g.output(x, "speakers", ["N", speakers, "T"])


def wake_word(g, coefficients, frames, widths, words):
    """TC-ResNet8: convolutions over time alone, the spectrum's coefficients being channels."""

    def block(x, inputs, outputs):
        y = layers.batch_norm(g, layers.conv(g, x, inputs, outputs, 9, 2, bias=False, dims=1), outputs)
        y = layers.conv(g, layers.leaky_relu(g, y, 0.1), outputs, outputs, 9, bias=False, dims=1)
        y = layers.batch_norm(g, y, outputs, gain=0.5)
        x = layers.batch_norm(g, layers.conv(g, x, inputs, outputs, 1, 2, bias=False, dims=1), outputs)
        return layers.leaky_relu(g, g.node("Add", [layers.leaky_relu(g, x, 0.1), y]), 0.1)

    x = g.input("features", ["N", coefficients, frames])
    channels = widths[0]
    x = layers.conv(g, x, coefficients, channels, 3, bias=False, dims=1)
    for width in widths[1:]:
        x = block(x, channels, width)
        channels = width
    x = g.node("Flatten", g.node("GlobalAveragePool", x), axis=1)
    g.output(layers.dense(g, x, channels, words), "words", ["N", words])
