#!/usr/bin/env python3
"""Draws the pictures of docs/leaky-relu-and-prelu.md, as SVG, with nothing but Python.

The same numbers give the same bytes; tests/integration/activation_page_test.py draws them again and compares.
"""

import argparse
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent
DIGITS = FOLDER.parents[1] / "examples" / "data" / "digits"
COLOURS = ("#8d96a3", "#1b6ca8", "#66a182", "#e09f3e", "#d1495b", "#6d597a")
FAINT = "#e4e4e4"
INITIAL_SLOPE = 0.25


def rectified(x, alpha):
    return max(0, x) - alpha * max(0, -x)


def document(width, height, parts):
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        'font-size="12">'
    )
    return "\n".join([head, f'<rect width="{width}" height="{height}" fill="white"/>', *parts, "</svg>"]) + "\n"


def text(x, y, words, anchor="start", colour="black"):
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">{words}</text>'


class Axes:
    """A square part of a picture for x and y in [-2, 2]."""

    REACH = 2

    def __init__(self, left, top, size):
        self._left, self._top, self._size = left, top, size

    def at(self, x, y):
        scale = self._size / (2 * self.REACH)
        return self._left + (x + self.REACH) * scale, self._top + (self.REACH - y) * scale

    def frame(self, title):
        (left, top), (right, bottom) = self.at(-self.REACH, self.REACH), self.at(self.REACH, -self.REACH)
        middle_x, middle_y = self.at(0, 0)
        return [
            text(left, top - 12, title),
            f'<path d="M{left:.1f} {middle_y:.1f}H{right:.1f}M{middle_x:.1f} {top:.1f}V{bottom:.1f}" stroke="{FAINT}"/>',
            text(right - 8, middle_y + 16, "x"),
            *(text(self.at(x, 0)[0], middle_y + 16, f"{x}".replace("-", "−"), "middle") for x in (-1, 1)),
            *(text(middle_x - 6, self.at(0, y)[1] + 4, f"{y}".replace("-", "−"), "end") for y in (-1, 1)),
        ]

    def line(self, function, colour, dash=""):
        """Of a function that is straight on both sides of 0, as far as it stays inside."""
        points = []
        for x in (-self.REACH, 0, self.REACH):
            y = function(x)
            inside = min(1, self.REACH / abs(y)) if y else 1
            points.append("{:.1f} {:.1f}".format(*self.at(x * inside, y * inside)))
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        return f'<path d="M{"L".join(points)}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>'


def function_picture():
    left, right = Axes(110, 40, 280), Axes(450, 40, 280)
    parts = left.frame("f(x) = max(0, x) − α · max(0, −x)")
    names = ("α = −0.5", "0: ReLU", "0.1", "0.5", "1: identity", "1.5")
    for alpha, name, colour in zip((-0.5, 0, 0.1, 0.5, 1, 1.5), names, COLOURS):
        parts.append(left.line(lambda x, alpha=alpha: rectified(x, alpha), colour))
        if alpha <= 1:
            end_x, end_y = left.at(-Axes.REACH, rectified(-Axes.REACH, alpha))
            parts.append(text(end_x - 8, end_y + 4, name, "end", colour))
        else:
            end_x, end_y = left.at(-Axes.REACH / alpha, -Axes.REACH)
            parts.append(text(end_x, end_y + 16, name, "middle", colour))
    parts += right.frame("α = 1.5, spelled with max and with min")
    parts.append(right.line(lambda x: rectified(x, 1.5), COLOURS[5]))
    parts.append(right.line(lambda x: max(x, 1.5 * x), COLOURS[4], "5 4"))
    parts.append(text(602, 250, "f(x) = min(x, 1.5 · x)", colour=COLOURS[5]))
    parts.append(text(602, 270, "max(x, 1.5 · x)", colour=COLOURS[4]))
    return document(750, 345, parts)


def learned_slopes(table, model):
    """Layers and their slopes, from what the training script wrote."""
    lines = (DIGITS / table).read_text().split(f"## Every slope of {model}\n")[1].split("\n## ")[0].splitlines()
    layers = {}
    for line in lines:
        if line.startswith("- "):
            name, numbers = line[2:].split(": ")
            layers[name] = [float(number) for number in numbers.split()]
    return layers


def slope_row(top, title, layers):
    """Every slope of a network: one dot for each channel, layer beside layer."""
    left, step, gap, height, low, high = 44, 4, 12, 180, -1.3, 0.7

    def y(slope):
        return top + (high - slope) / (high - low) * height

    right = left + step * sum(map(len, layers.values())) + gap * (len(layers) - 1)
    parts = [text(left, top - 10, title)]
    for tick in (-1, -0.5, 0, 0.5):
        parts.append(f'<path d="M{left} {y(tick):.1f}H{right}" stroke="{FAINT if tick else "#8d96a3"}"/>')
        parts.append(text(left - 6, y(tick) + 4, f"{tick:g}".replace("-", "−"), "end"))
    parts.append(
        f'<path d="M{left} {y(INITIAL_SLOPE):.1f}H{right}" stroke="{COLOURS[3]}" stroke-dasharray="5 4"/>'
    )
    x = left
    for (name, slopes), colour in zip(layers.items(), (COLOURS[1], COLOURS[2], COLOURS[4], COLOURS[5])):
        middle = x + step * len(slopes) / 2
        parts.append(text(middle, top + height + 16, f"{name}, {len(slopes)} slopes", "middle", colour))
        for i, slope in enumerate(slopes):
            parts.append(f'<circle cx="{x + step * (i + 0.5):.1f}" cy="{y(slope):.1f}" r="2" fill="{colour}"/>')
        x += step * len(slopes) + gap
    return parts


def slopes_picture():
    parts = [
        *slope_row(34, "digits_prelu, from PyTorch", learned_slopes("table.md", "digits_prelu")),
        *slope_row(274, "digits_keras_prelu, from Keras", learned_slopes("table_keras.md", "digits_keras_prelu")),
        text(44, 498, "dashed: 0.25, where every slope began", colour=COLOURS[3]),
    ]
    return document(740, 510, parts)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", metavar="DIR", type=pathlib.Path, default=FOLDER, help="default: beside this file")
    folder = parser.parse_args().output
    (folder / "rectifier.svg").write_text(function_picture())
    (folder / "learned-slopes.svg").write_text(slopes_picture())


if __name__ == "__main__":
    main()
