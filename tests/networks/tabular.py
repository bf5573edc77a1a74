"""Networks without convolutions: graph attention (Velickovic et al., 2018) and a multilayer perceptron."""

import layers
import numpy as np


def graph_attention(g, features, heads, width, classes):
    """Two layers over any number of graph nodes. The first masks the scores with Where, the second by adding: both are
    common. `edges` holds 1 where two nodes are connected (each with itself, too) and 0 elsewhere."""
    x = g.input("features", ["N", "V", features])
    edges = g.input("edges", ["N", "V", "V"])
    connected = g.node("Greater", [g.unsqueeze(edges, [1]), g.constant(0, np.float32)])
    absent = g.node("Mul", [g.node("Sub", [g.constant(1, np.float32), edges]), g.constant(-1e9, np.float32)])
    absent = g.unsqueeze(absent, [1])

    def mask_by_where(scores):
        return g.node("Where", [connected, scores, g.constant(-1e9, np.float32)])

    def mask_by_adding(scores):
        return g.node("Add", [scores, absent])

    def attention(x, inputs, heads, outputs, mask):
        """[N, V, inputs] to [N, heads, V, outputs]."""
        x = layers.matmul(g, x, inputs, heads * outputs, bias=False)
        x = g.reshape(x, [0, 0, heads, outputs])
        x = g.node("Transpose", x, perm=[0, 2, 1, 3])
        to, of = (
            g.node("MatMul", [x, g.weight(g.random.normal(0, outputs**-0.5, (heads, outputs, 1)), "attention")])
            for _ in range(2)
        )
        scores = g.node("Add", [to, g.node("Transpose", of, perm=[0, 1, 3, 2])])
        shares = g.node("Softmax", mask(layers.leaky_relu(g, scores, 0.2)), axis=-1)
        return g.node("MatMul", [shares, x])

    x = g.node("Elu", attention(x, features, heads, width, mask_by_where), alpha=1.0)
    x = g.reshape(g.node("Transpose", x, perm=[0, 2, 1, 3]), [0, 0, heads * width])
    x = attention(x, heads * width, heads, classes, mask_by_adding)
    x = g.squeeze(g.reduce("ReduceMean", x, [1]), [1])
    g.output(g.node("LogSoftmax", x, axis=-1), "log_probabilities", ["N", "V", classes])


def perceptron(g, inputs, widths, outputs):
    """A multilayer perceptron with PReLU, small enough that a server's own work is what one sees of it."""
    x = g.input("row", ["N", inputs])
    channels = inputs
    for width in widths:
        x = layers.prelu(g, layers.dense(g, x, channels, width), width, dims=0)
        channels = width
    g.output(layers.dense(g, x, channels, outputs), "scores", ["N", outputs])


def rectifier_spellings(g, inputs, width, outputs):
    """A perceptron in which every layer spells its activation in another way."""
    x = g.input("row", ["N", inputs])
    channels = inputs
    for i, spelling in enumerate(SPELLINGS):
        dense = layers.dense if i % 2 == 0 else layers.matmul
        x = spelling(g, dense(g, x, channels, width), width)
        channels = width
    g.output(layers.dense(g, x, channels, outputs), "scores", ["N", outputs])


def _scaled(g, x, slopes):
    return g.node("Mul", [g.weight(slopes, "slope"), x])


def _prelu(g, x, width):
    return layers.prelu(g, x, width, dims=0)


def _leaky_relu_with_the_default_slope(g, x, _):
    return g.node("LeakyRelu", x)


def _two_relus(g, x, width):
    negative = g.node("Relu", g.node("Neg", x))
    return g.node("Sub", [g.node("Relu", x), _scaled(g, negative, layers.learned_slopes(g, width))])


def _maximum(g, x, width):
    return g.node("Max", [x, _scaled(g, x, g.random.uniform(-0.5, 1, width))])


def _maximum_with_one_slope(g, x, _):
    return g.node("Max", [_scaled(g, x, np.array(0.1)), x])


def _minimum(g, x, width):
    return g.node("Min", [x, _scaled(g, x, g.random.uniform(1, 1.5, width))])


def _maximum_that_is_no_rectifier(g, x, width):
    """Where the slope is above 1, max(x, slope * x) has its bend the other way round."""
    return g.node("Max", [x, _scaled(g, x, g.random.uniform(0.5, 1.5, width))])


def _theano(g, x, width):
    negative = g.node("Sub", [x, g.node("Abs", x)])
    negative = g.node("Mul", [_scaled(g, negative, layers.learned_slopes(g, width)), g.weight(np.array(0.5), "half")])
    return g.node("Add", [g.node("Relu", x), negative])


def _where_positive(g, x, width):
    positive = g.node("Greater", [x, g.weight(np.array(0.0), "zero")])
    return g.node("Where", [positive, x, _scaled(g, x, layers.learned_slopes(g, width))])


def _where_negative(g, x, width):
    negative = g.node("Less", [x, g.weight(np.array(0.0), "zero")])
    return g.node("Where", [negative, _scaled(g, x, layers.learned_slopes(g, width)), x])


def _clips(g, x, width):
    negative = g.node("Min", [x, g.weight(np.array(0.0), "zero")])
    return g.node("Add", [g.clip(x, low=0.0), _scaled(g, negative, layers.learned_slopes(g, width))])


SPELLINGS = (
    _prelu,
    _leaky_relu_with_the_default_slope,
    _two_relus,
    _maximum,
    _maximum_with_one_slope,
    _minimum,
    _maximum_that_is_no_rectifier,
    _theano,
    _where_positive,
    _where_negative,
    _clips,
)
