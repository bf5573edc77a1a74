"""The protocol's own Python client, unmodified from PyPI, against the real server."""

import asyncio
import queue
import time

import numpy as np
import pytest
import serving
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
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
    expected = serving.pytorch_logits(MODEL)[rows]
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


def test_repository_index_lists_the_sample_models(client):
    index = client.get_model_repository_index().models
    assert {(model.name, model.version, model.state) for model in index} == {
        (model, "1", "READY") for model in serving.SAMPLE_MODELS
    }


def test_extensions_are_those_that_work(client):
    assert list(client.get_server_metadata().extensions) == ["model_configuration", "statistics"]


def test_statistics_count_requests_samples_and_time(client, images):
    def counted():
        return client.get_inference_statistics(MODEL, "1").model_stats[0]

    before = counted()
    for batch in (1, 3):
        client.infer(MODEL, [image_input(triton, images[:batch])])
    after = counted()
    assert after.inference_count - before.inference_count == 4
    # 3 samples are run as 2 + 1, or padded to 4.
    assert after.execution_count - before.execution_count in (2, 3)
    for phase in ("success", "queue", "compute_input", "compute_infer", "compute_output"):
        old, new = getattr(before.inference_stats, phase), getattr(after.inference_stats, phase)
        assert new.count - old.count == 2, phase
        assert new.ns > old.ns, phase
    assert after.last_inference >= before.last_inference
    assert abs(after.last_inference / 1000 - time.time()) < 60
    runs = {batch.batch_size: batch.compute_infer.count for batch in after.batch_stats}
    assert sum(runs.values()) == after.execution_count


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


def test_aio_client_is_served(server, images):
    async def infer_concurrently():
        async with triton_aio.InferenceServerClient(server.grpc) as client:
            assert await client.is_server_ready()
            assert await client.is_model_ready(MODEL)
            requests = [client.infer(MODEL, [image_input(triton_aio, images[i : i + 1])]) for i in range(8)]
            results = await asyncio.gather(*requests)
            with pytest.raises(InferenceServerException, match="'nobody'"):
                await client.infer("nobody", [image_input(triton_aio, images[:1])])
            return results

    for i, result in enumerate(asyncio.run(infer_concurrently())):
        assert_close_to_pytorch(result.as_numpy("logits"), slice(i, i + 1))


def test_stream_answers_in_order_and_tells_errors_of_single_requests(server, images):
    answers = queue.SimpleQueue()
    with triton.InferenceServerClient(server.grpc) as client:
        client.start_stream(callback=lambda result, error: answers.put((result, error)))
        for i in range(100):
            model = "nobody" if i == 50 else MODEL
            client.async_stream_infer(
                model,
                [image_input(triton, images[i : i + 1])],
                request_id=str(i),
                enable_empty_final_response=i % 2 == 0,
            )
        for i in range(100):
            result, error = answers.get(timeout=serving.SECONDS)
            if i == 50:
                assert "'nobody'" in error.message()
                continue
            assert error is None
            assert result.get_response().id == str(i)
            assert result.get_response().parameters["triton_final_response"].bool_param
            assert_close_to_pytorch(result.as_numpy("logits"), slice(i, i + 1))
        client.stop_stream()
    assert answers.empty()


def test_aio_stream_answers_in_order(server, images):
    async def requests():
        for i in range(20):
            yield {
                "model_name": MODEL,
                "inputs": [image_input(triton_aio, images[i : i + 1])],
                "request_id": str(i),
            }

    async def stream():
        async with triton_aio.InferenceServerClient(server.grpc) as client:
            return [answer async for answer in client.stream_infer(requests())]

    answers = asyncio.run(stream())
    assert len(answers) == 20
    for i, (result, error) in enumerate(answers):
        assert error is None
        assert result.get_response().id == str(i)
        assert_close_to_pytorch(result.as_numpy("logits"), slice(i, i + 1))


def test_unix_socket_is_served(images, tmp_path):
    path = tmp_path / "rectifier.sock"
    with serving.Server(serving.SAMPLE_REPOSITORY, "--unix-socket", path), triton.InferenceServerClient(
        f"unix:{path}"
    ) as client:
        result = client.infer(MODEL, [image_input(triton, images[:1])])
        assert_close_to_pytorch(result.as_numpy("logits"), slice(0, 1))
    assert not path.exists()
