"""Cases that Rectifier says it does not support, and words of what it says: parity.py takes that for an answer, too."""

import re

_WORDS = {
    r"(keras2_)?(resizing|up_sampling2d)_(lanczos[35]|area)\w*": "interpolation",
    r"resizing_\w+_antialias": "antialias",
    r"(dense|activation)_sparsemax(_extremes)?": "sparsemax",
    r"ops_(dot_constant|einsum|zeros_like)": "not supported",
}


def refusal(name):
    """Words that the error for this case holds, or None for a case that is computed."""
    return next((words for pattern, words in _WORDS.items() if re.fullmatch(pattern, name)), None)
