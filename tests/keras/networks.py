"""Whole networks, structured as published, with few channels so that a file stays below 60 kB."""

from cases import NETWORK_TOLERANCE, Case, pixels


def tiny_yolov2(keras):
    """Redmon and Farhadi, "YOLO9000", 2017: convolution, batch normalisation, LeakyReLU 0.1, pooling."""
    layers = keras.layers
    x = y = keras.Input((32, 32, 3), name="image")
    y = layers.Rescaling(1 / 255)(y)
    for index, width in enumerate((4, 4, 6, 6, 8, 8)):
        y = layers.Conv2D(width, 3, padding="same", use_bias=False, name=f"conv_{index}")(y)
        y = layers.BatchNormalization(name=f"norm_{index}")(y)
        y = layers.LeakyReLU(0.1, name=f"leaky_{index}")(y)
        if index < 5:
            y = layers.MaxPooling2D(2, 2 if index < 4 else 1, padding="same", name=f"pool_{index}")(y)
    y = layers.Conv2D(10, 1, name="detections")(y)
    return keras.Model(x, layers.Reshape((2, 2, 2, 5), name="boxes")(y))


def mobilefacenet(keras):
    """Chen et al., "MobileFaceNets", 2018: bottlenecks with PReLU, a global depthwise convolution, an embedding."""
    layers = keras.layers

    def slope():
        return layers.PReLU(shared_axes=[1, 2])

    def convolution(y, width, kernel, strides=1):
        y = layers.Conv2D(width, kernel, strides, padding="same", use_bias=False)(y)
        return slope()(layers.BatchNormalization(epsilon=1e-5)(y))

    def depthwise(y, kernel, strides=1, padding="same"):
        y = layers.DepthwiseConv2D(kernel, strides, padding=padding, use_bias=False)(y)
        return layers.BatchNormalization(epsilon=1e-5)(y)

    def bottleneck(y, width, expanded, strides):
        inner = slope()(depthwise(convolution(y, expanded, 1), 3, strides))
        inner = layers.BatchNormalization()(layers.Conv2D(width, 1, use_bias=False)(inner))
        return layers.Add()([y, inner]) if strides == 1 else inner

    x = keras.Input((24, 20, 3), name="face")
    y = layers.Rescaling(1 / 128, offset=-127.5 / 128)(x)
    y = convolution(y, 6, 3, 2)
    y = slope()(depthwise(y, 3))
    y = bottleneck(y, 6, 8, 2)
    y = bottleneck(y, 6, 8, 1)
    y = bottleneck(y, 8, 12, 2)
    y = bottleneck(y, 8, 12, 1)
    y = depthwise(convolution(y, 16, 1), (3, 3), padding="valid")
    y = layers.Flatten()(layers.Conv2D(8, 1, use_bias=False)(y))
    return keras.Model(x, layers.UnitNormalization(name="embedding")(y))


def _residual_body(keras, y, width, blocks):
    layers = keras.layers
    y = skip = layers.PReLU(shared_axes=[1, 2])(layers.Conv2D(width, 5, padding="same")(y))
    for _ in range(blocks):
        inner = layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same")(y))
        inner = layers.PReLU(shared_axes=[1, 2])(inner)
        inner = layers.BatchNormalization()(layers.Conv2D(width, 3, padding="same")(inner))
        y = layers.Add()([y, inner])
    return layers.Add()([skip, layers.Conv2D(width, 3, padding="same")(y)])


def srresnet_upsampling(keras):
    """Ledig et al., "Photo-Realistic Single Image Super-Resolution", 2017, enlarging as many Keras versions do."""
    layers = keras.layers
    x = keras.Input((None, None, 3), name="low")
    y = _residual_body(keras, x, 6, 3)
    for _ in range(2):
        y = layers.Conv2D(6, 3, padding="same")(layers.UpSampling2D(2)(y))
        y = layers.PReLU(shared_axes=[1, 2])(y)
    return keras.Model(x, layers.Conv2D(3, 5, padding="same", name="high")(y))


def srresnet_transposed(keras):
    """The same with transposed convolutions, and the enlarged input added."""
    layers = keras.layers
    x = keras.Input((10, 12, 3), name="low")
    y = _residual_body(keras, x, 6, 2)
    y = layers.Conv2DTranspose(6, 4, 2, padding="same")(y)
    y = layers.PReLU(shared_axes=[1, 2])(y)
    y = layers.Conv2D(3, 3, padding="same")(y)
    enlarged = layers.UpSampling2D(2, interpolation="bilinear")(x)
    return keras.Model(x, layers.Add(name="high")([y, enlarged]))


def dcgan_generator(keras):
    """Radford et al., "Unsupervised Representation Learning with DCGANs", 2016; LeakyReLU as in Keras's examples."""
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((12,), name="latent"),
            layers.Dense(4 * 4 * 8, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape((4, 4, 8)),
            layers.Conv2DTranspose(8, 5, strides=1, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(6, 5, strides=2, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(1, 4, strides=2, padding="same", activation="tanh", name="picture"),
        ]
    )


def dcgan_discriminator(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((16, 16, 1), name="picture"),
            layers.Conv2D(6, 5, strides=2, padding="same", activation=layers.LeakyReLU(0.2)),
            layers.Dropout(0.3),
            layers.Conv2D(8, 4, strides=2, padding="same"),
            layers.BatchNormalization(momentum=0.8),
            layers.LeakyReLU(0.2),
            layers.SpatialDropout2D(0.25),
            layers.Flatten(),
            layers.Dense(1, activation="sigmoid", name="real"),
        ]
    )


def unet(keras):
    """Ronneberger et al., "U-Net", 2015, with LeakyReLU, one step up by each kind of enlarging."""
    layers = keras.layers

    def twice(y, width):
        for _ in range(2):
            y = layers.Conv2D(width, 3, padding="same")(y)
            y = layers.LeakyReLU(0.01)(layers.BatchNormalization()(y))
        return y

    x = keras.Input((16, 24, 2), name="image")
    first = twice(x, 4)
    second = twice(layers.MaxPooling2D()(first), 6)
    y = twice(layers.AveragePooling2D(2)(second), 8)
    y = layers.Concatenate()([layers.Conv2DTranspose(6, 2, strides=2)(y), second])
    y = twice(y, 6)
    y = layers.Concatenate()([layers.UpSampling2D(interpolation="bilinear")(y), first])
    y = twice(y, 4)
    return keras.Model(x, layers.Conv2D(3, 1, activation="softmax", name="classes")(y))


def mtcnn_pnet(keras):
    """Zhang et al., "Joint Face Detection and Alignment", 2016: images of any size, two outputs."""
    layers = keras.layers
    x = keras.Input((None, None, 3), name="image")
    y = layers.PReLU(shared_axes=[1, 2], name="slope_1")(layers.Conv2D(6, 3, name="conv_1")(x))
    y = layers.MaxPooling2D(2, 2, padding="same")(y)
    y = layers.PReLU(shared_axes=[1, 2], name="slope_2")(layers.Conv2D(8, 3, name="conv_2")(y))
    y = layers.PReLU(shared_axes=[1, 2], name="slope_3")(layers.Conv2D(10, 3, name="conv_3")(y))
    score = layers.Softmax(axis=-1, name="score")(layers.Conv2D(2, 1, name="conv_score")(y))
    return keras.Model(x, [score, layers.Conv2D(4, 1, name="box")(y)])


def wake_word(keras):
    """Convolutions along time over bands, then a decision; sound of any length."""
    layers = keras.layers
    x = keras.Input((None, 10), name="bands")
    y = layers.Conv1D(8, 5, strides=2, padding="same", use_bias=False)(x)
    y = layers.LeakyReLU(0.2)(layers.BatchNormalization()(y))
    for dilation in (1, 2, 4):
        inner = layers.Conv1D(8, 3, padding="causal", dilation_rate=dilation, activation="leaky_relu")(y)
        inner = layers.SeparableConv1D(8, 3, padding="same")(inner)
        y = layers.Add()([y, layers.PReLU(shared_axes=[1])(inner)])
    y = layers.Concatenate()([layers.GlobalMaxPooling1D()(y), layers.GlobalAveragePooling1D()(y)])
    y = layers.Dropout(0.4)(layers.LayerNormalization()(y))
    return keras.Model(x, layers.Dense(3, activation="softmax", name="word")(y))


def hifigan(keras):
    """Kong et al., "HiFi-GAN", 2020: transposed convolutions, branches with dilations and their mean, any length."""
    layers = keras.layers
    x = keras.Input((None, 8), name="mel")
    y = layers.Conv1D(8, 7, padding="same")(x)
    for width, rate in ((6, 4), (4, 2)):
        y = layers.Conv1DTranspose(width, 2 * rate, strides=rate, padding="same")(layers.LeakyReLU(0.1)(y))
        branches = []
        for kernel in (3, 5):
            branch = y
            for dilation in (1, 3):
                inner = layers.LeakyReLU(0.1)(branch)
                inner = layers.Conv1D(width, kernel, padding="same", dilation_rate=dilation)(inner)
                inner = layers.Conv1D(width, kernel, padding="same")(layers.LeakyReLU(0.1)(inner))
                branch = layers.Add()([branch, inner])
            branches.append(branch)
        y = layers.Average()(branches)
    y = layers.Conv1D(1, 7, padding="same", activation="tanh", name="sound")(layers.LeakyReLU()(y))
    return keras.Model(x, y)


def perceptron(keras):
    layers = keras.layers
    model = [keras.Input((10,), name="features")]
    for width in (24, 16, 8):
        model += [layers.Dense(width), layers.BatchNormalization(), layers.PReLU(), layers.Dropout(0.2)]
    return keras.Sequential([*model, layers.Dense(4, activation="softmax", name="classes")])


def multi_task(keras):
    """A picture and a table; a class and a number."""
    layers = keras.layers
    picture, table = keras.Input((12, 12, 3), name="picture"), keras.Input((6,), name="table")
    y = layers.ZeroPadding2D(((0, 1), (0, 1)))(picture)
    y = layers.Conv2D(6, 3, strides=2, activation="relu")(y)
    y = layers.DepthwiseConv2D(3, padding="same")(y)
    y = layers.GlobalAveragePooling2D()(layers.ReLU(6.0)(layers.BatchNormalization()(y)))
    z = layers.Normalization(mean=[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], variance=[1.0, 2.0, 1.0, 2.0, 1.0, 2.0])(table)
    z = layers.Dense(6, activation="leaky_relu")(z)
    gate = layers.Dense(6, activation="sigmoid")(z)
    y = layers.Concatenate()([layers.Multiply()([y, gate]), z])
    y = layers.LayerNormalization()(layers.Dense(8, activation=layers.PReLU(name="slope"))(y))
    kind = layers.Dense(3, activation="softmax", name="kind")(y)
    return keras.Model([picture, table], {"kind": kind, "amount": layers.Dense(1, name="amount")(y)})


def siamese(keras):
    """One extractor of features, partly frozen, used for two pictures and inside another model."""
    layers = keras.layers
    stem = keras.Sequential(
        [
            keras.Input((12, 12, 1), name="stem_in"),
            layers.Conv2D(4, 3, padding="same", name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.PReLU(shared_axes=[1, 2], name="slope"),
        ],
        name="stem",
    )
    stem.get_layer("conv").trainable = False
    inner = keras.Input((12, 12, 1), name="inner")
    y = layers.MaxPooling2D()(stem(inner))
    y = layers.LeakyReLU()(layers.Conv2D(6, 3, name="deeper")(y))
    extractor = keras.Model(inner, layers.Dense(5, name="vector")(layers.Flatten()(y)), name="extractor")
    left, right = keras.Input((12, 12, 1), name="left"), keras.Input((12, 12, 1), name="right")
    a, b = extractor(left), extractor(right)
    alike = layers.Dot(axes=1, normalize=True, name="alike")([a, b])
    return keras.Model([left, right], [alike, layers.Dense(1, name="order")(layers.Subtract()([a, b]))])


def _network(build, **settings):
    return Case(f"network_{build.__name__}", "network", build, NETWORK_TOLERANCE, **settings)


CASES = [
    _network(tiny_yolov2, samples=pixels),
    _network(mobilefacenet, samples=pixels),
    _network(srresnet_upsampling, sizes=((6, 8), (9, 5))),
    _network(srresnet_transposed),
    _network(dcgan_generator),
    _network(dcgan_discriminator),
    _network(unet),
    _network(mtcnn_pnet, sizes=((14, 18), (23, 17))),
    _network(wake_word, sizes=((16,), (25,))),
    _network(hifigan, sizes=((5,), (9,))),
    _network(perceptron),
    _network(multi_task),
    _network(siamese),
]
