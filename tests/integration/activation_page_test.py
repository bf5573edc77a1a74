"""docs/leaky-relu-and-prelu.md says what the program shows of real files, and its program prints what it says.

The table of spellings is spellings_page_test.cc's. After a change, RECTIFIER_WRITE_PAGES=1 in the environment makes
these tests write their parts of the page anew.
"""

import filecmp
import itertools
import json
import os
import re
import subprocess
import sys

import pytest
import serving

DOCS = serving.ROOT / "docs"
PAGE = DOCS / "leaky-relu-and-prelu.md"
GOLDENS = serving.ROOT / "tests" / "keras" / "goldens"

# What stands in the Python that made a file of tests/keras/goldens.
IN_KERAS = (
    ("`LeakyReLU()`", "leaky_re_lu_default"),
    ("`LeakyReLU(alpha=0.05)`, Keras 2", "keras2_leaky_re_lu_alpha"),
    ('`Dense(4, activation="leaky_relu")`', "dense_leaky_relu"),
    ("`keras.ops.leaky_relu(x, 0.05)`", "ops_leaky_relu_slope"),
    ("`K.relu(x, alpha=0.1)` or `tf.nn.leaky_relu(x, alpha=0.1)`, Keras 2", "keras2_tf_leaky_relu_alpha"),
    ("`PReLU()`", "p_re_lu_rank_4_shared_none"),
    ("`PReLU(shared_axes=[1, 2])`", "p_re_lu_rank_4_shared_1_2"),
    ("`relu(x) - 0.3 * relu(-x)`", "spelling_two_relus_between_dense"),
    ("`relu(x) + 0.3 * (x - abs(x)) * 0.5`", "spelling_theano_between_dense"),
    ("the same, Keras 2", "keras2_spelling_theano"),
    ("`maximum(x, 0.1 * x)`", "spelling_maximum_between_dense"),
    ("`minimum(x, 1.8 * x)`", "spelling_minimum_above_1_between_dense"),
    ("`where(x > 0, x, 0.2 * x)`", "spelling_where_between_dense"),
    ("`ReLU(negative_slope=0.1, threshold=0.5)`", "re_lu_max_none_slope_0_1_threshold_0_5"),
)


def rectifiers(model):
    result = serving.run("inspect", model, "--json")
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["rectifiers"]


def number(value):
    return f"{value:.4g}".replace("-", "−")


def cells(rectifier):
    """Form, where the slope is from, its shape, its least, mean and greatest element: as `inspect` prints them."""
    return (
        rectifier["form"].replace("|", r"\|"),
        rectifier["origin"],
        str(rectifier["slope_shape"]),
        *(number(rectifier[f"slope_{key}"]) for key in ("min", "mean", "max")),
    )


def table(header, rows):
    lines = [f"| {' | '.join(row)} |\n" for row in rows]
    return f"| {' | '.join(header)} |\n" + "|---" * len(header) + "|\n" + "".join(lines)


def digits_table():
    rows = []
    for model in serving.SAMPLE_MODELS:
        # Layers of which everything is the same share a row.
        for shown, group in itertools.groupby(rectifiers(serving.SAMPLE_REPOSITORY / model), cells):
            names = [re.search(r"act\d", rectifier["node"])[0] for rectifier in group]
            rows.append((f"`{model}`", ", ".join(names), *shown))
    return table(("model", "layer", "form", "slope is", "shape", "min", "mean", "max"), rows)


def keras_table():
    rows = []
    for written, golden in IN_KERAS:
        (model,) = (GOLDENS / golden).glob("model.*")
        found = rectifiers(model)
        assert len(found) <= 1
        form, origin, shape, low, _, high = cells(found[0]) if found else ("–", "not the activation", *"––––")
        rows.append((written, origin, form, shape, low if low == high else f"{low} to {high}"))
    return table(("written", "slope is", "form", "shape", "slopes"), rows)


def expect_part(begin, end, text):
    """What stands between two lines of the page is `text`; or it is written there."""
    page = PAGE.read_text()
    before, rest = page.split(begin + "\n", 1)
    part, after = rest.split(end + "\n", 1)
    if os.environ.get("RECTIFIER_WRITE_PAGES"):
        PAGE.write_text(f"{before}{begin}\n{text}{end}\n{after}")
    else:
        assert part == text


@pytest.mark.parametrize(("name", "make"), [("digits", digits_table), ("keras", keras_table)], ids=lambda x: str(x)[:6])
def test_tables_are_what_inspect_shows(name, make):
    expect_part(f"<!-- {name}: written by activation_page_test.py -->", f"<!-- end of {name} -->", make())


def test_program_of_the_page_prints_what_the_page_says():
    program = re.search(r"```python\n(.*?)```\n", PAGE.read_text(), re.DOTALL)[1]
    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=serving.SECONDS, check=True
    )
    last_line = program.splitlines()[-1]
    expect_part(f"{last_line}\n```\n\n```", "```", result.stdout)


def test_pictures_are_drawn_from_the_recorded_slopes(tmp_path):
    figures = DOCS / "figures"
    subprocess.run([sys.executable, figures / "draw.py", "--output", tmp_path], timeout=serving.SECONDS, check=True)
    drawn = sorted(path.name for path in tmp_path.iterdir())
    assert drawn == sorted(path.name for path in figures.glob("*.svg"))
    for name in drawn:
        assert filecmp.cmp(tmp_path / name, figures / name, shallow=False), f"docs/figures/draw.py draws another {name}"


# The pictures' numbers are the training scripts'; the tables' are the files'.
@pytest.mark.parametrize(("model", "record"), [("digits_prelu", "table.md"), ("digits_keras_prelu", "table_keras.md")])
def test_recorded_slopes_are_the_files(model, record):
    lines = (serving.DATA / record).read_text().splitlines()
    recorded = [line.split(" | ")[3:6] for line in lines if line.startswith(f"| {model} | act")]
    shown = [
        [f"{rectifier[f'slope_{key}']:.4f}" for key in ("min", "mean", "max")]
        for rectifier in rectifiers(serving.SAMPLE_REPOSITORY / model)
    ]
    assert recorded == shown
