"""ModelStreamInfer as tritonclient and its aio module use it: order, errors, half-close, cancellation."""

import asyncio
import queue
import signal

import grpc
import numpy as np
import pytest
import serving
import tritonclient.grpc as triton
import tritonclient.grpc.aio as triton_aio
from tritonclient.grpc import service_pb2 as protocol
from tritonclient.grpc import service_pb2_grpc
from tritonclient.utils import InferenceServerException

MODEL = "digits_prelu"


def image_input(images, shape=None):
    tensor = triton.InferInput("image", list(images.shape), "FP32")
    tensor.set_data_from_numpy(images)
    return tensor.set_shape(shape) if shape else tensor


def assert_logits(result, rows, model=MODEL):
    np.testing.assert_allclose(
        result.as_numpy("logits"), serving.recorded_logits(model)[rows], rtol=1e-5, atol=1e-5
    )


class Stream:
    """A tritonclient stream and what it brings, in order."""

    def __init__(self, client, **options):
        self._client = client
        self._answers = queue.SimpleQueue()
        client.start_stream(callback=lambda result, error: self._answers.put((result, error)), **options)

    def send(self, images, model=MODEL, shape=None, **options):
        self._client.async_stream_infer(model, [image_input(images, shape)], **options)

    def result(self):
        result, error = self._answers.get(timeout=serving.SECONDS)
        assert error is None, error
        return result

    def error(self):
        result, error = self._answers.get(timeout=serving.SECONDS)
        assert result is None
        return error

    def stop(self, **options):
        self._client.stop_stream(**options)

    def nothing_more(self):
        return self._answers.empty()


@pytest.fixture(name="client")
def client_fixture(server):
    with triton.InferenceServerClient(server.grpc) as client:
        yield client


def test_many_in_flight_of_two_models_are_answered_in_their_order(client, images):
    stream = Stream(client)
    for i in range(300):
        model = serving.SAMPLE_MODELS[i % 2]
        stream.send(images[i : i + 1 + i % 3], model=model, request_id=str(i))
    for i in range(300):
        result = stream.result()
        assert result.get_response().id == str(i)
        assert_logits(result, slice(i, i + 1 + i % 3), serving.SAMPLE_MODELS[i % 2])
    stream.stop()
    assert stream.nothing_more()


def test_stopping_half_closes_and_waits_for_every_answer(client, images):
    stream = Stream(client)
    for i in range(100):
        stream.send(images[i : i + 1], request_id=str(i))
    stream.stop()
    assert [stream.result().get_response().id for _ in range(100)] == [str(i) for i in range(100)]
    assert stream.nothing_more()


@pytest.mark.parametrize("asked_for", [False, True])
def test_every_request_has_one_answer_and_it_is_marked_as_final(client, images, asked_for):
    stream = Stream(client)
    for i in range(4):
        stream.send(images[i : i + 1], request_id=str(i), enable_empty_final_response=asked_for)
    stream.stop()
    for i in range(4):
        response = stream.result().get_response()
        assert response.id == str(i)
        assert response.parameters["triton_final_response"].bool_param
        assert response.outputs
    assert stream.nothing_more()


def test_errors_of_requests_come_in_their_place_and_the_stream_goes_on(client, images):
    stream = Stream(client)
    image = images[:1]
    stream.send(image, request_id="good")
    stream.send(image, model="nobody")
    stream.send(image, shape=[1, 1, 4, 16])
    stream.send(image, model_version="9")
    stream.send(image, timeout=1)
    stream.send(image, outputs=[triton.InferRequestedOutput("probabilities")])
    stream.send(image, request_id="good, too")
    assert stream.result().get_response().id == "good"
    for part in ("'nobody'", "[1, 1, 4, 16]", "version 9", "deadline", "output 'probabilities'"):
        assert part in stream.error().message()
    assert stream.result().get_response().id == "good, too"
    stream.stop()
    assert stream.nothing_more()


def test_an_error_carries_the_id_of_its_request(server, images):
    """The Python client drops it; who reads the message itself has it."""
    with server.channel() as channel:
        stub = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        requests = []
        for i in range(3):
            request = protocol.ModelInferRequest(model_name=MODEL, id=f"request {i}")
            request.inputs.add(name="image", datatype="FP32", shape=[1, 1, 8, 8])
            request.raw_input_contents.append(images[:1].tobytes())
            requests.append(request)
        requests[1].inputs[0].datatype = "FP64"
        answers = list(stub.ModelStreamInfer(iter(requests), timeout=serving.SECONDS))
    assert [answer.infer_response.id for answer in answers] == ["request 0", "request 1", "request 2"]
    assert [bool(answer.error_message) for answer in answers] == [False, True, False]
    assert "FP64" in answers[1].error_message


@pytest.mark.parametrize("sequence_id", [5, "five"])
def test_sequence_parameters_are_tolerated(client, images, sequence_id):
    stream = Stream(client)
    for i in range(3):
        stream.send(images[i : i + 1], sequence_id=sequence_id, sequence_start=i == 0, sequence_end=i == 2)
    for i in range(3):
        assert_logits(stream.result(), slice(i, i + 1))
    stream.stop()


def test_priority_parameters_and_headers_are_tolerated(client, images):
    stream = Stream(client, headers={"x-request": "1"})
    for priority in (0, 1, 3, 1000):
        stream.send(images[:1], priority=priority, timeout=60_000_000, parameters={"mine": True, "rate": 0.5})
    for _ in range(4):
        assert_logits(stream.result(), slice(0, 1))
    stream.stop()


def test_cancelled_stream_ends_and_the_client_opens_another(client, images):
    stream = Stream(client)
    stream.send(images[:1])
    assert_logits(stream.result(), slice(0, 1))
    stream.stop(cancel_requests=True)
    assert stream.error().status() == "StatusCode.CANCELLED"
    another = Stream(client)
    another.send(images[:1])
    assert_logits(another.result(), slice(0, 1))
    another.stop()


def test_stream_whose_deadline_passes_is_ended(client):
    stream = Stream(client, stream_timeout=0.2)
    assert stream.error().status() == "StatusCode.DEADLINE_EXCEEDED"
    stream.stop()
    assert stream.nothing_more()


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_compressed_stream_is_refused_and_says_so(client, algorithm):
    stream = Stream(client, compression_algorithm=algorithm)  # its headers are enough
    error = stream.error()
    assert error.status() == "StatusCode.UNIMPLEMENTED"
    assert algorithm in error.message()
    stream.stop()


def test_stream_that_is_open_when_the_server_stops_is_told(images):
    with serving.Server() as server, triton.InferenceServerClient(server.grpc) as client:
        stream = Stream(client)
        stream.send(images[:1])
        assert_logits(stream.result(), slice(0, 1))
        assert server.stop() == 0
        error = stream.error()
        assert error.status() == "StatusCode.UNAVAILABLE"
        assert "shutting down" in error.message()
        stream.stop()


# The aio module


def aio_request(images, **fields):
    tensor = triton_aio.InferInput("image", list(images.shape), "FP32")
    tensor.set_data_from_numpy(images)
    return {"model_name": MODEL, "inputs": [tensor], **fields}


def test_aio_stream_answers_in_order_and_tells_errors_of_single_requests(server, images):
    async def requests():
        for i in range(100):
            yield aio_request(images[i : i + 1], request_id=str(i), sequence_id=7, priority=1 + i % 3)
        yield aio_request(images[:1], model_name="nobody")
        yield aio_request(images[:1], request_id="last")

    async def stream():
        async with triton_aio.InferenceServerClient(server.grpc) as client:
            return [answer async for answer in client.stream_infer(requests())]

    *answers, (nothing, error), (last, no_error) = asyncio.run(stream())
    assert len(answers) == 100
    for i, (result, failure) in enumerate(answers):
        assert failure is None
        assert result.get_response().id == str(i)
        assert_logits(result, slice(i, i + 1))
    assert nothing is None
    assert "'nobody'" in error.message()
    assert no_error is None
    assert last.get_response().id == "last"


def test_aio_stream_answers_while_requests_are_still_being_made(server, images):
    """Each request is made of the answer to the one before: nothing waits for the end of the stream."""

    async def converse():
        answered = asyncio.Queue()

        async def requests():
            for i in range(10):
                yield aio_request(images[i : i + 1], request_id=str(i))
                assert await answered.get() == str(i)

        async with triton_aio.InferenceServerClient(server.grpc) as client:
            async for result, _ in client.stream_infer(requests()):
                await answered.put(result.get_response().id)

        return answered.empty()

    assert asyncio.run(asyncio.wait_for(converse(), serving.SECONDS))


def test_aio_stream_that_is_cancelled_ends_and_the_server_serves_on(server, images):
    async def cancel():
        forever = asyncio.Event()

        async def requests():
            yield aio_request(images[:1])
            await forever.wait()

        async with triton_aio.InferenceServerClient(server.grpc) as client:
            answers = client.stream_infer(requests())
            result, _ = await answers.__anext__()
            assert answers.cancel()
            with pytest.raises((asyncio.CancelledError, grpc.RpcError)):
                await answers.__anext__()
            await client.infer(**aio_request(images[:1]))
            return result

    assert_logits(asyncio.run(asyncio.wait_for(cancel(), serving.SECONDS)), slice(0, 1))


@pytest.mark.parametrize("algorithm", ["gzip", "deflate"])
def test_aio_stream_that_is_compressed_is_refused(server, algorithm):
    async def requests():
        # The call's headers are refused. A message that is sent after that would be an error of the client's own.
        await asyncio.Event().wait()
        yield

    async def stream():
        async with triton_aio.InferenceServerClient(server.grpc) as client:
            async for _ in client.stream_infer(requests(), compression_algorithm=algorithm):
                pass

    with pytest.raises(grpc.RpcError) as failure:
        asyncio.run(asyncio.wait_for(stream(), serving.SECONDS))
    assert failure.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert algorithm in failure.value.details()


# A server that does not come to answering


@pytest.fixture(name="stalled")
def stalled_fixture():
    """Its process is stopped after the client has connected, and goes on at the end."""
    with serving.Server() as server, triton.InferenceServerClient(server.grpc) as client:
        assert client.is_server_live()
        server.signal(signal.SIGSTOP)
        try:
            yield client
        finally:
            server.signal(signal.SIGCONT)
        assert client.is_server_live()


def test_client_timeout_is_a_deadline(stalled, images):
    with pytest.raises(InferenceServerException) as failure:
        stalled.infer(MODEL, [image_input(images[:1])], client_timeout=0.05)
    assert failure.value.status() == "StatusCode.DEADLINE_EXCEEDED"


def test_async_infer_is_cancelled_by_its_context(stalled, images):
    answers = queue.SimpleQueue()
    call = stalled.async_infer(
        MODEL, [image_input(images[:1])], callback=lambda result, error: answers.put((result, error))
    )
    call.cancel()
    result, error = answers.get(timeout=serving.SECONDS)
    assert result is None
    assert error.status() == "StatusCode.CANCELLED"


def test_stream_with_requests_unanswered_is_cancelled(stalled, images):
    stream = Stream(stalled)
    for i in range(20):
        stream.send(images[i : i + 1])
    stream.stop(cancel_requests=True)
    assert stream.error().status() == "StatusCode.CANCELLED"
    assert stream.nothing_more()
