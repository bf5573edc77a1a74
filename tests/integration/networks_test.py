"""Whole networks of this family answer as ONNX Runtime did when tests/networks/goldens.py recorded it."""

import numpy as np
import pytest
import serving

GOLDENS = serving.ROOT / "tests" / "networks" / "goldens"
NETWORKS = sorted(folder.name for folder in GOLDENS.iterdir())

# |ours - ONNX Runtime's| <= TOLERANCE * the largest magnitude of that output.
TOLERANCE = 1e-4


def arrays(folder, prefix=""):
    """The .npy files of a folder, by what follows the prefix in their names."""
    return {path.stem.removeprefix(prefix): np.load(path) for path in folder.glob(f"{prefix}*.npy")}


def run_network(network, out):
    golden = GOLDENS / network
    inputs = [f"{path.stem.removeprefix('input.')}={path}" for path in golden.glob("input.*.npy")]
    options = [option for assignment in inputs for option in ("--input", assignment)]
    result = serving.run("run", golden / "model.onnx", *options, "--output-dir", out)
    assert result.returncode == 0, result.stderr
    return arrays(out)


def assert_matches(ours, theirs):
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    assert np.isfinite(ours).all()
    error = np.abs(ours - theirs) / np.abs(theirs).max()
    assert error.max() <= TOLERANCE, f"largest error {error.max()} at {np.unravel_index(error.argmax(), error.shape)}"


@pytest.mark.parametrize("network", NETWORKS)
def test_every_output_is_onnx_runtimes(tmp_path, network):
    expected = arrays(GOLDENS / network, "output.")
    outputs = run_network(network, tmp_path / "out")
    assert outputs.keys() == expected.keys()
    for name, theirs in expected.items():
        assert_matches(outputs[name], theirs)


# A golden that says nothing would let everything pass.
@pytest.mark.parametrize("network", NETWORKS)
def test_samples_of_a_golden_differ(network):
    for theirs in arrays(GOLDENS / network, "output.").values():
        assert len(theirs) == 2
        largest = np.abs(theirs).max()
        assert np.isfinite(largest)
        assert np.abs(theirs[0] - theirs[1]).max() > 100 * TOLERANCE * largest


def test_goldens_are_there():
    assert NETWORKS
    for network in NETWORKS:
        assert arrays(GOLDENS / network, "input.")
        assert arrays(GOLDENS / network, "output.")


def test_comparison_refuses_a_single_wrong_value():
    theirs = arrays(GOLDENS / NETWORKS[0], "output.").popitem()[1]
    ours = theirs.copy()
    ours.flat[-1] += 2 * TOLERANCE * np.abs(theirs).max()
    with pytest.raises(AssertionError, match="largest error"):
        assert_matches(ours, theirs)
