"""Networks with open height, width and length, served: the answers do not depend on who else is served."""

import pathlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import repositories
import serving
import tritonclient.grpc as triton
from exposition import Exposition
from tritonclient.utils import InferenceServerException

GOLDENS = serving.SAMPLE_REPOSITORY.parent.parent / "tests/networks/goldens"
NETWORKS = ("espcn", "hifigan", "graph_attention")


@pytest.fixture(name="dynamic", scope="module")
def dynamic_fixture(tmp_path_factory):
    repository = tmp_path_factory.mktemp("models")
    for name in NETWORKS:
        repositories.add_model(repository, name, (GOLDENS / name / "model.onnx").read_bytes())
    with serving.Server(repository) as server:
        yield server


def infer(server, model, **inputs):
    with triton.InferenceServerClient(server.grpc) as client:
        tensors = []
        for name, values in inputs.items():
            tensor = triton.InferInput(name, list(values.shape), "FP32")
            tensor.set_data_from_numpy(values)
            tensors.append(tensor)
        result = client.infer(model, tensors)
        return {output.name: result.as_numpy(output.name) for output in result.get_response().outputs}


def run_alone(tmp_path, model, **inputs):
    """What `rectifier run` gives for the same."""
    arguments = []
    for name, values in inputs.items():
        np.save(tmp_path / f"{name}.in.npy", values)
        arguments += ["--input", f"{name}={tmp_path / f'{name}.in.npy'}"]
    result = serving.run("run", GOLDENS / model / "model.onnx", *arguments, "--output-dir", tmp_path / "out")
    assert result.returncode == 0, result.stderr
    return {file.name.removesuffix(".npy"): np.load(file) for file in pathlib.Path(tmp_path / "out").iterdir()}


def picture(height, width, samples=1, seed=0):
    return np.random.RandomState(seed).rand(samples, 1, height, width).astype(np.float32)


def test_metadata_says_which_dimensions_are_open(dynamic):
    with triton.InferenceServerClient(dynamic.grpc) as client:
        metadata = client.get_model_metadata("espcn")
    assert list(metadata.inputs[0].shape) == [-1, 1, -1, -1]
    assert list(metadata.outputs[0].shape)[0] == -1


@pytest.mark.parametrize("size", [(8, 8), (5, 11), (32, 17)])
def test_pictures_of_every_size_are_answered(dynamic, tmp_path, size):
    luma = picture(*size, samples=3)
    served = infer(dynamic, "espcn", luma=luma)
    for name, alone in run_alone(tmp_path, "espcn", luma=luma).items():
        np.testing.assert_array_equal(served[name], alone)


def test_requests_of_different_sizes_at_the_same_time_do_not_mix(dynamic):
    pictures = [picture(6 + i % 3, 6 + i % 2, seed=i) for i in range(60)]
    alone = [infer(dynamic, "espcn", luma=p) for p in pictures]
    with ThreadPoolExecutor(12) as pool:
        together = list(pool.map(lambda p: infer(dynamic, "espcn", luma=p), pictures))
    for one, other in zip(alone, together, strict=True):
        for name, values in one.items():
            np.testing.assert_array_equal(values, other[name])


def test_programs_that_were_made_are_counted_and_kept(dynamic):
    def count(name):
        return Exposition(dynamic.get("/metrics").text).value(f"rectifier_{name}", model="espcn")

    luma = picture(21, 23)
    infer(dynamic, "espcn", luma=luma)
    built = count("programs_built_total")
    infer(dynamic, "espcn", luma=luma)
    assert count("programs_built_total") == built
    assert 0 < count("programs_cached") <= 32


@pytest.mark.parametrize("shape", [(1, 2, 8, 8), (1, 1, 8), (1, 1, 0, 8)])
def test_shapes_that_do_not_fit_are_refused_by_name(dynamic, shape):
    with pytest.raises(InferenceServerException) as failure:
        infer(dynamic, "espcn", luma=np.zeros(shape, np.float32))
    assert failure.value.status() == "StatusCode.INVALID_ARGUMENT"


def test_the_server_serves_on_after_a_shape_that_the_network_cannot_be_run_at(dynamic):
    with pytest.raises(InferenceServerException):
        infer(dynamic, "espcn", luma=picture(1 << 12, 1 << 12, samples=1)[:, :, :0])
    assert infer(dynamic, "espcn", luma=picture(4, 4))
