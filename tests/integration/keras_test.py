"""Files of Keras answer as Keras did when tests/keras/goldens.py recorded it, and what is no such file is refused."""

import numpy as np
import pytest
import serving

KERAS = serving.ROOT / "tests" / "keras"
GOLDENS = KERAS / "goldens"
NAMES = sorted(folder.name for folder in GOLDENS.iterdir())
# A model with an open size has inputs of another size in a folder of their own.
SETS = sorted({path.parent.relative_to(GOLDENS) for path in GOLDENS.rglob("input.*.npy")})
REFUSED = sorted(folder.name for folder in (KERAS / "refused").iterdir())

# |ours - Keras's| <= tolerance * the largest magnitude of that output.
LAYER_TOLERANCE = 1e-5
NETWORK_TOLERANCE = 1e-4
# What a half has is rounded to after every layer by Keras, and once by Rectifier.
HALF_TOLERANCES = {"bfloat16": 1e-2, "float16": 2e-3}


def tolerance(name):
    for kind, value in HALF_TOLERANCES.items():
        if "precision_" in name and kind in name:
            return value
    return NETWORK_TOLERANCE if "network_" in name or "structure_" in name else LAYER_TOLERANCE


def model_in(folder):
    (model,) = folder.glob("model.*")
    return model


def arrays(folder, prefix=""):
    """The .npy files of a folder, by what follows the prefix in their names."""
    return {path.stem.removeprefix(prefix): np.load(path) for path in folder.glob(f"{prefix}*.npy")}


def run_set(which, out):
    folder = GOLDENS / which
    inputs = [f"{path.stem.removeprefix('input.')}={path}" for path in folder.glob("input.*.npy")]
    options = [option for assignment in inputs for option in ("--input", assignment)]
    result = serving.run("run", model_in(GOLDENS / which.parts[0]), *options, "--output-dir", out)
    assert result.returncode == 0, result.stderr
    return arrays(out)


def assert_matches(ours, theirs, bound):
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    ours, theirs = ours.astype(np.float64), theirs.astype(np.float64)
    finite = np.isfinite(theirs)
    np.testing.assert_array_equal(ours[~finite], theirs[~finite])
    assert np.isfinite(ours[finite]).all()
    error = np.abs(ours[finite] - theirs[finite]) / np.abs(theirs[finite]).max()
    assert error.max() <= bound, f"largest error {error.max()}"


@pytest.mark.parametrize("which", SETS, ids=str)
def test_every_output_is_what_keras_computed(tmp_path, which):
    expected = arrays(GOLDENS / which, "output.")
    outputs = run_set(which, tmp_path / "out")
    assert outputs.keys() == expected.keys()
    for name, theirs in expected.items():
        assert_matches(outputs[name], theirs, tolerance(which.parts[0]))


# A golden that says nothing would let everything pass.
@pytest.mark.parametrize("which", SETS, ids=str)
def test_samples_of_a_golden_differ(which):
    for theirs in arrays(GOLDENS / which, "output.").values():
        assert len(theirs) == 2
        finite = np.nan_to_num(theirs.astype(np.float64))
        largest = np.abs(finite).max()
        assert np.abs(finite[0] - finite[1]).max() > 10 * tolerance(which.parts[0]) * largest


@pytest.mark.parametrize("name", REFUSED)
def test_refusal_names_the_place(name):
    folder = KERAS / "refused" / name
    result = serving.run("check", model_in(folder))
    assert result.returncode == 1
    said = result.stdout + result.stderr
    for words in (folder / "expected.txt").read_text().splitlines():
        assert words in said


def test_goldens_are_there():
    assert NAMES
    assert REFUSED
    for name in NAMES:
        assert model_in(GOLDENS / name).suffix in (".keras", ".h5")
        assert arrays(GOLDENS / name, "input.")
        assert arrays(GOLDENS / name, "output.")
    for words in (KERAS / "refused").glob("*/expected.txt"):
        assert words.read_text().strip()


def test_comparison_refuses_a_single_wrong_value():
    theirs = arrays(GOLDENS / NAMES[0], "output.").popitem()[1]
    ours = theirs.copy()
    ours.flat[-1] += 2 * LAYER_TOLERANCE * np.abs(theirs).max()
    with pytest.raises(AssertionError, match="largest error"):
        assert_matches(ours, theirs, LAYER_TOLERANCE)
