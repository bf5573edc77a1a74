"""The sample networks answer as PyTorch or Keras did when they were trained, on the whole held-out split."""

import numpy as np
import pytest
import serving
import tritonclient.grpc as triton

# |ours - theirs| <= TOLERANCE * max(1, |theirs|), for every logit.
TOLERANCE = 1e-5
MIN_ACCURACY = 0.98


def as_taken(images, model):
    """The images in the layout of the model's input."""
    return serving.channels_last(images) if model in serving.KERAS_MODELS else images


def infer(client, model, images):
    tensor = triton.InferInput("image", list(images.shape), "FP32")
    tensor.set_data_from_numpy(images)
    return client.infer(model, [tensor]).as_numpy("logits")


@pytest.fixture(name="client", scope="module")
def client_fixture(server):
    with triton.InferenceServerClient(server.grpc) as client:
        yield client


def assert_matches_recorded(logits, model):
    expected = serving.recorded_logits(model)
    assert logits.shape == expected.shape
    assert logits.dtype == expected.dtype
    error = np.abs(logits - expected) / np.maximum(1, np.abs(expected))
    assert error.max() <= TOLERANCE, f"largest error {error.max()} at {np.unravel_index(error.argmax(), error.shape)}"


def assert_accurate(logits):
    labels = serving.held_out_labels()
    accuracy = np.mean(logits.argmax(axis=1) == labels)
    assert accuracy >= MIN_ACCURACY


@pytest.mark.parametrize("batch", [1, 7, 32])
@pytest.mark.parametrize("model", serving.SAMPLE_MODELS)
def test_every_logit_over_grpc_is_as_recorded(client, images, model, batch):
    images = as_taken(images, model)
    parts = [infer(client, model, images[i : i + batch]) for i in range(0, len(images), batch)]
    logits = np.concatenate(parts)
    assert_matches_recorded(logits, model)
    assert_accurate(logits)


@pytest.mark.parametrize("model", serving.SAMPLE_MODELS)
def test_every_logit_of_the_run_command_is_as_recorded(tmp_path, images, model):
    np.save(tmp_path / "images.npy", as_taken(images, model))
    result = serving.run(
        "run",
        serving.SAMPLE_REPOSITORY / model,
        *("--input", f"image={tmp_path / 'images.npy'}"),
        *("--output-dir", tmp_path / "out"),
    )
    assert result.returncode == 0, result.stderr
    logits = np.load(tmp_path / "out" / "logits.npy")
    assert_matches_recorded(logits, model)
    assert_accurate(logits)


@pytest.mark.parametrize("model", serving.SAMPLE_MODELS)
def test_classify_of_the_client_counts_as_many_right(server, model):
    expected = np.sum(serving.recorded_logits(model).argmax(axis=1) == serving.held_out_labels())
    result = serving.run_client(
        "classify",
        *("--server", server.grpc, "--model", model),
        *("--images", serving.DATA / "heldout_images.npy"),
        *("--labels", serving.DATA / "heldout_labels.npy"),
        *("--min-accuracy", MIN_ACCURACY),
        *("--show", 0, "--concurrency", 16),
    )
    assert result.returncode == 0, result.stderr
    assert f"{expected} of {len(serving.held_out_labels())}" in result.stdout


def test_comparison_refuses_a_single_wrong_logit():
    logits = serving.recorded_logits("digits_prelu").copy()
    logits[359, 9] += 1e-3
    with pytest.raises(AssertionError, match="largest error"):
        assert_matches_recorded(logits, "digits_prelu")
