"""tritonclient.grpc.aio, unmodified from PyPI: the calls of one request. Streams are in tritonclient_stream_test.py."""

import asyncio
import signal

import numpy as np
import pytest
import serving
import tritonclient.grpc.aio as triton
from tritonclient.utils import InferenceServerException

MODEL = "digits_prelu"


def run(url, conversation):
    """What `conversation(client)` gives."""

    async def converse():
        async with triton.InferenceServerClient(url) as client:
            return await conversation(client)

    return asyncio.run(asyncio.wait_for(converse(), serving.SECONDS))


def image_input(images):
    tensor = triton.InferInput("image", list(images.shape), "FP32")
    tensor.set_data_from_numpy(images)
    return tensor


def assert_logits(result, rows):
    np.testing.assert_allclose(
        result.as_numpy("logits"), serving.recorded_logits(MODEL)[rows], rtol=1e-5, atol=1e-5
    )


def test_server_and_models_are_described(server):
    async def describe(client):
        assert await client.is_server_live()
        assert await client.is_server_ready()
        assert await client.is_model_ready(MODEL, "1")
        assert (await client.get_server_metadata()).name == "rectifier"
        metadata = await client.get_model_metadata(MODEL, as_json=True)
        assert metadata["inputs"] == [{"name": "image", "datatype": "FP32", "shape": ["-1", "1", "8", "8"]}]
        config = await client.get_model_config(MODEL)
        assert config.config.max_batch_size == 32
        index = await client.get_model_repository_index()
        assert {model.name for model in index.models} == set(serving.SAMPLE_MODELS)
        statistics = await client.get_inference_statistics(MODEL, "1")
        assert statistics.model_stats[0].name == MODEL
        return True

    assert run(server.grpc, describe)


def test_concurrent_requests_get_their_own_answers(server, images):
    async def infer(client):
        requests = [
            client.infer(MODEL, [image_input(images[i : i + 1])], request_id=str(i)) for i in range(64)
        ]
        return await asyncio.gather(*requests)

    for i, result in enumerate(run(server.grpc, infer)):
        assert result.get_response().id == str(i)
        assert_logits(result, slice(i, i + 1))


def test_options_are_honoured_or_tolerated(server, images):
    result = run(
        server.grpc,
        lambda client: client.infer(
            MODEL,
            [image_input(images[:3])],
            model_version="1",
            outputs=[triton.InferRequestedOutput("logits")],
            sequence_id="five",
            sequence_start=True,
            sequence_end=True,
            priority=1,
            timeout=60_000_000,
            client_timeout=serving.SECONDS,
            headers={"x-request": "1"},
            parameters={"mine": "value"},
        ),
    )
    assert_logits(result, slice(0, 3))


def failure_of(server, **options):
    with pytest.raises(InferenceServerException) as failure:
        run(server.grpc, lambda client: client.infer(**options))
    return failure.value.status().removeprefix("StatusCode."), failure.value.message()


def test_errors_have_their_code_and_name_the_place(server, images):
    image = [image_input(images[:1])]
    code, message = failure_of(server, model_name="nobody", inputs=image)
    assert code == "NOT_FOUND"
    assert "'nobody'" in message
    code, message = failure_of(server, model_name=MODEL, inputs=[])
    assert code == "INVALID_ARGUMENT"
    assert "input 'image': missing" in message
    code, message = failure_of(server, model_name=MODEL, inputs=image, timeout=1)
    assert code == "DEADLINE_EXCEEDED"
    code, message = failure_of(server, model_name=MODEL, inputs=image, compression_algorithm="gzip")
    assert code == "UNIMPLEMENTED"
    assert "gzip" in message


def test_request_that_is_cancelled_leaves_the_connection_alone(images):
    with serving.Server() as server:

        async def cancel(client):
            assert await client.is_server_live()
            server.signal(signal.SIGSTOP)  # so that no answer can be there first
            try:
                request = asyncio.ensure_future(client.infer(MODEL, [image_input(images[:1])]))
                await asyncio.sleep(0)
                request.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await request
            finally:
                server.signal(signal.SIGCONT)
            return await client.infer(MODEL, [image_input(images[:1])])

        assert_logits(run(server.grpc, cancel), slice(0, 1))


def test_unix_socket_is_served(images, tmp_path):
    path = tmp_path / "rectifier.sock"
    with serving.Server(serving.SAMPLE_REPOSITORY, "--unix-socket", path):
        result = run(f"unix:{path}", lambda client: client.infer(MODEL, [image_input(images[:1])]))
        assert_logits(result, slice(0, 1))
