"""Every case, by its name."""

import activation_layers
import convolutions
import dense_layers
import keras2
import merging_layers
import networks
import normalizations
import operations
import pooling_layers
import precision
import reshaping_layers
import resizing_layers
import selection
import structures

KERAS3 = {
    case.name: case
    for module in (
        convolutions,
        dense_layers,
        activation_layers,
        normalizations,
        pooling_layers,
        reshaping_layers,
        resizing_layers,
        merging_layers,
        operations,
        structures,
        precision,
        networks,
    )
    for case in module.CASES
}

KERAS2 = {f"keras2_{case.name}": case for case in keras2.cases(KERAS3)}

DIALECTS = ("keras3", "keras2", "theano")


def cases(dialect, scale):
    """Names and cases of a dialect of Keras itself; `small` are those that goldens are made of."""
    table = {"keras3": KERAS3, "keras2": KERAS2}[dialect]
    return {name: case for name, case in table.items() if scale == "sweep" or name in selection.GOLDENS}
