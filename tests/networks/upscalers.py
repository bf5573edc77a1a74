"""Super-resolution: SRResNet (Ledig et al., 2017), ESPCN (Shi et al., 2016), FSRCNN (Dong et al., 2016), ESRGAN (Wang
et al., 2018) and Real-ESRGAN's compact network (Wang et al., 2021)."""

import layers


def srresnet(g, width, blocks, size):
    """Four times as large, by two pixel shuffles."""
    x = g.input("low_resolution", ["N", 3, size, size])
    x = start = layers.prelu(g, layers.conv(g, x, 3, width, 9), width)
    for _ in range(blocks):
        y = layers.batch_norm(g, layers.conv(g, x, width, width, 3, bias=False), width)
        y = layers.prelu(g, y, width)
        y = layers.batch_norm(g, layers.conv(g, y, width, width, 3, bias=False), width, gain=0.3)
        x = g.node("Add", [x, y])
    x = layers.batch_norm(g, layers.conv(g, x, width, width, 3, bias=False), width)
    x = g.node("Add", [start, x])
    for _ in range(2):
        x = layers.pixel_shuffle(g, layers.conv(g, x, width, 4 * width, 3), width, 2)
        x = layers.prelu(g, x, width)
    x = layers.conv(g, x, width, 3, 9)
    g.output(x, "high_resolution", ["N", 3, 4 * size, 4 * size])


def espcn(g, widths, factor):
    """Brightness only, any image size. The pixel shuffle is written out before opset 11."""
    x = g.input("luma", ["N", 1, "H", "W"])
    first, second = widths
    x = layers.leaky_relu(g, layers.conv(g, x, 1, first, 5), 0.2)
    x = layers.leaky_relu(g, layers.conv(g, x, first, second, 3), 0.2)
    x = layers.conv(g, x, second, factor * factor, 3)
    x = layers.pixel_shuffle(g, x, 1, factor)
    g.output(x, "enlarged", ["N", 1, f"{factor}H", f"{factor}W"])


def fsrcnn(g, features, shrunk, mappings, factor):
    """Any image size; one transposed convolution enlarges."""
    x = g.input("luma", ["N", 1, "H", "W"])
    x = layers.prelu(g, layers.conv(g, x, 1, features, 5), features)
    x = layers.prelu(g, layers.conv(g, x, features, shrunk, 1), shrunk)
    for _ in range(mappings):
        x = layers.prelu(g, layers.conv(g, x, shrunk, shrunk, 3), shrunk)
    x = layers.prelu(g, layers.conv(g, x, shrunk, features, 1), features)
    x = layers.conv_transpose(g, x, features, 1, 9, factor, pad=4, output_padding=factor - 1)
    g.output(x, "enlarged", ["N", 1, f"{factor}H", f"{factor}W"])


def esrgan(g, width, growth, blocks):
    """Residual-in-residual dense blocks, then two times twice as large; any image size."""

    def dense_block(x):
        so_far, channels = [x], width
        for _ in range(4):
            y = g.node("Concat", so_far, axis=1) if len(so_far) > 1 else x
            so_far.append(layers.leaky_relu(g, layers.conv(g, y, channels, growth, 3), 0.2))
            channels += growth
        y = layers.conv(g, g.node("Concat", so_far, axis=1), channels, width, 3)
        return residual(x, y)

    def residual(x, y):
        return g.node("Add", [g.node("Mul", [y, g.constant(0.2, "float32")]), x])

    x = g.input("low_resolution", ["N", 3, "H", "W"])
    x = start = layers.conv(g, x, 3, width, 3)
    for _ in range(blocks):
        y = x
        for _ in range(3):
            y = dense_block(y)
        x = residual(x, y)
    x = g.node("Add", [start, layers.conv(g, x, width, width, 3)])
    for _ in range(2):
        x = g.upscale(x, [1, 1, 2, 2])
        x = layers.leaky_relu(g, layers.conv(g, x, width, width, 3), 0.2)
    x = layers.leaky_relu(g, layers.conv(g, x, width, width, 3), 0.2)
    x = layers.conv(g, x, width, 3, 3)
    g.output(x, "high_resolution", ["N", 3, "4H", "4W"])


def real_esrgan_compact(g, width, convolutions, size):
    """Convolutions with PReLU, one pixel shuffle, and the image itself enlarged beside them."""
    image = g.input("low_resolution", ["N", 3, size, size])
    x = layers.prelu(g, layers.conv(g, image, 3, width, 3), width)
    for _ in range(convolutions):
        x = layers.prelu(g, layers.conv(g, x, width, width, 3), width)
    x = layers.pixel_shuffle(g, layers.conv(g, x, width, 48, 3), 3, 4)
    x = g.node("Add", [x, g.upscale(image, [1, 1, 4, 4])])
    g.output(x, "high_resolution", ["N", 3, 4 * size, 4 * size])
