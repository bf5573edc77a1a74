"""Slow and obvious layers in float64, for files that no Keras of today computes as it did then. Channels come last."""

import itertools

import numpy as np


def convolution(x, kernel, bias, padding="valid", strides=1):
    """Correlation over any number of axes: x (samples, *axes, in), kernel (*axes, in, out)."""
    sizes = kernel.shape[:-2]
    axes = len(sizes)
    if padding == "same":
        x = np.pad(x, [(0, 0), *((size // 2, size // 2) for size in sizes), (0, 0)])
    outputs = tuple((x.shape[1 + axis] - sizes[axis]) // strides + 1 for axis in range(axes))
    y = np.zeros((len(x), *outputs, kernel.shape[-1]))
    for at in itertools.product(*map(range, outputs)):
        window = tuple(slice(strides * begin, strides * begin + size) for begin, size in zip(at, sizes, strict=True))
        patch = x[(slice(None), *window)]
        y[(slice(None), *at)] = np.tensordot(patch, kernel, axes=axes + 1) + bias
    return y


def transposed_convolution(x, kernel, bias, strides):
    """Without padding: x (samples, height, width, in), kernel (height, width, out, in)."""
    height, width = ((x.shape[1 + axis] - 1) * strides + kernel.shape[axis] for axis in (0, 1))
    y = np.zeros((len(x), height, width, kernel.shape[2])) + bias
    for row, column in itertools.product(range(x.shape[1]), range(x.shape[2])):
        rows = slice(row * strides, row * strides + kernel.shape[0])
        columns = slice(column * strides, column * strides + kernel.shape[1])
        y[:, rows, columns] += np.einsum("ni,hwoi->nhwo", x[:, row, column], kernel)
    return y


def max_pooling(x, size):
    """Windows of size x size that do not overlap."""
    height, width = x.shape[1] // size, x.shape[2] // size
    x = x[:, : height * size, : width * size]
    return x.reshape(len(x), height, size, width, size, x.shape[-1]).max(axis=(2, 4))


def leaky_relu(x, slope):
    return np.where(x > 0, x, slope * x)


def softmax(x):
    powers = np.exp(x - x.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def batch_normalization(x, gamma, beta, mean, variance, epsilon):
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


def channels_last(x):
    return np.moveaxis(x, 1, -1)


def channels_first(x):
    return np.moveaxis(x, -1, 1)
