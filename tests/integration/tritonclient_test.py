"""The protocol's own Python client, unmodified from PyPI, against the real server."""

import queue

import numpy as np
import pytest
import serving
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

MODEL = "digits_prelu"


@pytest.fixture(name="client", scope="module")
def client_fixture(server):
    with triton.InferenceServerClient(server.grpc) as client:
        yield client


def image_input(module, images):
    tensor = module.InferInput("image", list(images.shape), "FP32")
    tensor.set_data_from_numpy(images)
    return tensor


def assert_close_to_pytorch(logits, rows):
    expected = serving.recorded_logits(MODEL)[rows]
    assert logits.dtype == np.float32
    np.testing.assert_array_less(np.abs(logits - expected), 1e-5 * np.maximum(1, np.abs(expected)))


def test_server_is_live_and_ready(client):
    assert client.is_server_live()
    assert client.is_server_ready()


@pytest.mark.parametrize("version", ["", "1"])
@pytest.mark.parametrize("model", serving.SAMPLE_MODELS)
def test_model_is_ready(client, model, version):
    assert client.is_model_ready(model, version)


@pytest.mark.parametrize(("model", "version"), [("nobody", ""), (MODEL, "9")])
def test_unknown_model_or_version_is_not_found_and_named(client, model, version):
    with pytest.raises(InferenceServerException) as failure:
        client.is_model_ready(model, version)
    assert failure.value.status() == "StatusCode.NOT_FOUND"
    assert f"'{model}'" in failure.value.message()
    assert version in failure.value.message()


def test_server_metadata_names_the_server_and_its_version(client):
    metadata = client.get_server_metadata()
    assert metadata.name == "rectifier"
    assert metadata.version == serving.run("--version").stdout.split()[1]


def test_model_metadata_describes_the_network(client):
    metadata = client.get_model_metadata(MODEL, as_json=True)
    assert metadata == {
        "name": MODEL,
        "versions": ["1"],
        "platform": "onnx",
        "inputs": [{"name": "image", "datatype": "FP32", "shape": ["-1", "1", "8", "8"]}],
        "outputs": [{"name": "logits", "datatype": "FP32", "shape": ["-1", "10"]}],
    }


def test_model_config_agrees_with_the_metadata(client):
    metadata = client.get_model_metadata(MODEL)
    config = client.get_model_config(MODEL).config
    assert config.name == MODEL
    assert config.max_batch_size == 32
    assert config.HasField("dynamic_batching")
    assert [(i.name, list(i.dims)) for i in config.input] == [(i.name, list(i.shape[1:])) for i in metadata.inputs]
    assert [(o.name, list(o.dims)) for o in config.output] == [(o.name, list(o.shape[1:])) for o in metadata.outputs]
    assert {tensor.data_type for tensor in [*config.input, *config.output]} == {triton.model_config_pb2.TYPE_FP32}


def test_model_config_is_told_as_json(client):
    config = client.get_model_config(MODEL, "1", as_json=True)["config"]
    assert config["backend"] == "rectifier"
    assert config["input"] == [{"name": "image", "data_type": "TYPE_FP32", "dims": ["1", "8", "8"]}]
    assert config["output"] == [{"name": "logits", "data_type": "TYPE_FP32", "dims": ["10"]}]


@pytest.mark.parametrize("call", ["get_model_metadata", "get_model_config"])
@pytest.mark.parametrize(("model", "version"), [("nobody", ""), (MODEL, "9")])
def test_what_is_not_there_is_not_described(client, call, model, version):
    with pytest.raises(InferenceServerException) as failure:
        getattr(client, call)(model, version)
    assert failure.value.status() == "StatusCode.NOT_FOUND"
    assert f"'{model}'" in failure.value.message()


def test_repository_index_lists_the_sample_models(client):
    index = client.get_model_repository_index().models
    assert {(model.name, model.version, model.state) for model in index} == {
        (model, "1", "READY") for model in serving.SAMPLE_MODELS
    }


def test_calls_of_extensions_that_are_not_there_are_unimplemented(client):
    for call in (
        lambda: client.load_model(MODEL),
        lambda: client.unload_model(MODEL),
        client.get_trace_settings,
        client.get_log_settings,
        client.get_system_shared_memory_status,
        client.get_cuda_shared_memory_status,
    ):
        with pytest.raises(InferenceServerException) as failure:
            call()
        assert failure.value.status() == "StatusCode.UNIMPLEMENTED"


def test_extensions_are_those_that_work(client):
    extensions = ["model_configuration", "schedule_policy", "statistics"]
    assert list(client.get_server_metadata().extensions) == extensions


def test_raw_numpy_input_gives_the_logits_of_the_network(client, images):
    result = client.infer(MODEL, [image_input(triton, images[:1])])
    assert_close_to_pytorch(result.as_numpy("logits"), slice(0, 1))
    response = result.get_response()
    assert (response.model_name, response.model_version) == (MODEL, "1")
    assert len(response.raw_output_contents) == len(response.outputs) == 1


@pytest.mark.parametrize("batch", [2, 5, 32])
def test_batch_gives_one_row_for_each_sample(client, images, batch):
    result = client.infer(MODEL, [image_input(triton, images[:batch])])
    assert result.as_numpy("logits").shape == (batch, 10)
    assert_close_to_pytorch(result.as_numpy("logits"), slice(0, batch))


def test_request_of_more_samples_than_a_batch_is_answered_as_one(client, images):
    result = client.infer(MODEL, [image_input(triton, images[:300])])
    assert_close_to_pytorch(result.as_numpy("logits"), slice(0, 300))


def test_requested_output_is_answered(client, images):
    result = client.infer(
        MODEL, [image_input(triton, images[:1])], outputs=[triton.InferRequestedOutput("logits")]
    )
    assert [output.name for output in result.get_response().outputs] == ["logits"]
    assert_close_to_pytorch(result.as_numpy("logits"), slice(0, 1))


def test_unknown_requested_output_is_refused_and_named(client, images):
    with pytest.raises(InferenceServerException, match="output 'probabilities'") as failure:
        client.infer(
            MODEL, [image_input(triton, images[:1])], outputs=[triton.InferRequestedOutput("probabilities")]
        )
    assert failure.value.status() == "StatusCode.INVALID_ARGUMENT"


def test_request_id_comes_back(client, images):
    result = client.infer(MODEL, [image_input(triton, images[:1])], request_id="request 7 äöü")
    assert result.get_response().id == "request 7 äöü"


def test_options_of_other_servers_are_tolerated(client, images):
    result = client.infer(
        MODEL,
        [image_input(triton, images[:1])],
        model_version="1",
        priority=1,
        timeout=1_000_000,
        client_timeout=30,
        parameters={"mine": "value", "number": 3},
        headers={"x-request": "1"},
    )
    assert_close_to_pytorch(result.as_numpy("logits"), slice(0, 1))


@pytest.mark.parametrize("priority", [0, 1, 2, 3, 1000])
def test_every_priority_is_served(client, images, priority):
    result = client.infer(MODEL, [image_input(triton, images[:1])], priority=priority)
    assert_close_to_pytorch(result.as_numpy("logits"), slice(0, 1))


def test_request_whose_timeout_passes_is_not_run_and_says_where(client, images):
    with pytest.raises(InferenceServerException, match="queue: .*deadline") as failure:
        client.infer(MODEL, [image_input(triton, images[:1])], timeout=1)
    assert failure.value.status() == "StatusCode.DEADLINE_EXCEEDED"


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_request_is_refused_and_says_so(client, images, algorithm):
    with pytest.raises(InferenceServerException) as failure:
        client.infer(MODEL, [image_input(triton, images[:1])], compression_algorithm=algorithm)
    assert failure.value.status() == "StatusCode.UNIMPLEMENTED"
    assert failure.value.message() == f"Compression algorithm '{algorithm}' is disabled."


@pytest.mark.parametrize("sequence_id", [5, "five"])
def test_sequence_parameters_are_tolerated(client, images, sequence_id):
    result = client.infer(
        MODEL, [image_input(triton, images[:1])], sequence_id=sequence_id, sequence_start=True, sequence_end=True
    )
    assert_close_to_pytorch(result.as_numpy("logits"), slice(0, 1))


def test_classification_and_shared_memory_are_refused_by_name(client, images):
    output = triton.InferRequestedOutput("logits", class_count=3)
    with pytest.raises(InferenceServerException, match="output 'logits'.*'classification'"):
        client.infer(MODEL, [image_input(triton, images[:1])], outputs=[output])
    shared = triton.InferInput("image", [1, 1, 8, 8], "FP32")
    shared.set_shared_memory("region", 256)
    with pytest.raises(InferenceServerException, match="input 'image'.*'shared_memory_region'"):
        client.infer(MODEL, [shared])


def test_wrong_shape_names_input_expected_and_got(client, images):
    with pytest.raises(InferenceServerException) as failure:
        client.infer(MODEL, [image_input(triton, images[:1].reshape(1, 1, 4, 16))])
    assert failure.value.status() == "StatusCode.INVALID_ARGUMENT"
    for part in ("input 'image'", "[?, 1, 8, 8]", "[1, 1, 4, 16]"):
        assert part in failure.value.message()


def test_callbacks_of_concurrent_requests_get_their_own_answers(client, images):
    answers = queue.SimpleQueue()
    count = 16
    for i in range(count):
        client.async_infer(
            MODEL,
            [image_input(triton, images[i : i + 1])],
            callback=lambda result, error: answers.put((result, error)),
            request_id=str(i),
        )
    seen = set()
    for _ in range(count):
        result, error = answers.get(timeout=serving.SECONDS)
        assert error is None
        i = int(result.get_response().id)
        assert_close_to_pytorch(result.as_numpy("logits"), slice(i, i + 1))
        seen.add(i)
    assert len(seen) == count


@pytest.fixture(name="unix_url", scope="module")
def unix_url_fixture(tmp_path_factory):
    path = tmp_path_factory.mktemp("socket") / "rectifier.sock"
    with serving.Server(serving.SAMPLE_REPOSITORY, "--unix-socket", path):
        yield f"unix:{path}"
    assert not path.exists()


def test_unix_socket_is_served(unix_url, images):
    with triton.InferenceServerClient(unix_url) as client:
        assert client.is_server_ready()
        assert client.get_model_config(MODEL).config.name == MODEL
        result = client.infer(MODEL, [image_input(triton, images[:1])])
        assert_close_to_pytorch(result.as_numpy("logits"), slice(0, 1))


def test_streams_over_a_unix_socket_are_served(unix_url, images):
    answers = queue.SimpleQueue()
    with triton.InferenceServerClient(unix_url) as client:
        client.start_stream(callback=lambda result, error: answers.put((result, error)))
        for i in range(20):
            client.async_stream_infer(MODEL, [image_input(triton, images[i : i + 1])])
        client.stop_stream()
    for i in range(20):
        result, error = answers.get(timeout=serving.SECONDS)
        assert error is None
        assert_close_to_pytorch(result.as_numpy("logits"), slice(i, i + 1))
    assert answers.empty()
