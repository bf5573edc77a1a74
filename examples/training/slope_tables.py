"""What both training scripts report of the slopes that their networks have learned."""

import numpy as np


def slope_lines(layers: dict[str, list[tuple[str, np.ndarray]]]) -> list[str]:
    """Lines of Markdown for the activations of each model, by the model's name: layers' names and slopes."""
    lines = [
        "",
        "| model | layer | slopes | minimum | mean | maximum | negative |",
        "|---|---|---|---|---|---|---|",
    ]
    for model, activations in layers.items():
        for layer, slopes in activations:
            lines.append(
                f"| {model} | {layer} | {slopes.size} | {slopes.min():.4f} "
                f"| {slopes.mean():.4f} | {slopes.max():.4f} | {(slopes < 0).sum()} |"
            )
    for model, activations in layers.items():
        lines += ["", f"## Every slope of {model}", ""]
        for layer, slopes in activations:
            lines.append(f"- {layer}: " + " ".join(f"{slope:.4f}" for slope in slopes))
    return lines
