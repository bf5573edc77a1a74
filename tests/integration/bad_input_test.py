"""What a client or a repository can get wrong: each is refused with its own code, and the message names the place."""

import copy

import grpc
import numpy as np
import pytest
import repositories
import serving
from exposition import Exposition
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2 as protocol
from tritonclient.grpc import service_pb2_grpc as protocol_grpc

MODEL = "digits_prelu"
MAX_BATCH = 32
MAX_MESSAGE_BYTES = 64 << 10

INVALID_ARGUMENT = grpc.StatusCode.INVALID_ARGUMENT


@pytest.fixture(name="server", scope="module")
def server_fixture():
    with serving.Server(
        serving.SAMPLE_REPOSITORY,
        *("--max-batch-size", MAX_BATCH),
        *("--max-message-bytes", MAX_MESSAGE_BYTES),
        *("--oversize-requests", "refuse"),
    ) as running:
        yield running


@pytest.fixture(name="channel", scope="module")
def channel_fixture(server):
    with server.channel() as channel:
        yield channel


@pytest.fixture(name="stub", scope="module")
def stub_fixture(channel):
    return protocol_grpc.GRPCInferenceServiceStub(channel)


def good_request(samples=1, model=MODEL):
    """A request that is answered, for the cases to spoil."""
    request = protocol.ModelInferRequest(model_name=model)
    request.inputs.add(name="image", datatype="FP32", shape=[samples, 1, 8, 8])
    request.raw_input_contents.append(bytes(4 * 64 * samples))
    return request


def typed_request():
    request = good_request()
    del request.raw_input_contents[:]
    request.inputs[0].contents.fp32_contents.extend([0.0] * 64)
    return request


def refusal(call, *arguments):
    """Code and message of a call that must fail."""
    with pytest.raises(grpc.RpcError) as failure:
        call(*arguments, timeout=serving.SECONDS)
    return failure.value.code(), failure.value.details()


def assert_refused(answer, code, *parts):
    got, message = answer
    assert got == code, message
    for part in parts:
        assert part in message


# Requests


def test_request_that_the_cases_spoil_is_good(stub):
    for request in (good_request(), good_request(MAX_BATCH), typed_request()):
        assert stub.ModelInfer(request, timeout=serving.SECONDS).outputs[0].name == "logits"


def set_field(name, value):
    return lambda request: setattr(request, name, value)


def set_shape(*dims):
    def spoil(request):
        request.inputs[0].shape[:] = dims

    return spoil


def repeat_input(request):
    request.inputs.append(copy.deepcopy(request.inputs[0]))
    request.raw_input_contents.append(request.raw_input_contents[0])


def add_unknown_input(request):
    request.inputs.add(name="mask", datatype="FP32", shape=[1])
    request.raw_input_contents.append(bytes(4))


def remove_inputs(request):
    del request.inputs[:]
    del request.raw_input_contents[:]


def add_typed_contents(request):
    request.inputs[0].contents.fp32_contents.extend([0.0] * 64)


def shorten_raw(request):
    request.raw_input_contents[0] = request.raw_input_contents[0][:-1]


def add_raw_entry(request):
    request.raw_input_contents.append(b"")


def set_datatype(request):
    request.inputs[0].datatype = "INT64"


def make_batch_too_large(request):
    request.CopyFrom(good_request(MAX_BATCH + 1))


def make_batch_empty(request):
    request.CopyFrom(good_request(0))


def ask_for_unknown_output(request):
    request.outputs.add(name="probabilities")


def ask_for_output_twice(request):
    request.outputs.add(name="logits")
    request.outputs.add(name="logits")


def use_shared_memory(request):
    request.inputs[0].parameters["shared_memory_region"].string_param = "region"


NOT_FOUND = grpc.StatusCode.NOT_FOUND
BAD_REQUESTS = {
    "unknown model": (set_field("model_name", "nobody"), NOT_FOUND, ["model 'nobody'"]),
    "unknown version": (set_field("model_version", "9"), NOT_FOUND, [f"model '{MODEL}' version 9"]),
    "no model name": (set_field("model_name", ""), INVALID_ARGUMENT, ["model name", "''"]),
    "path as model name": (set_field("model_name", "../secret"), INVALID_ARGUMENT, ["model name", "../secret"]),
    "version that is no number": (set_field("model_version", "one"), INVALID_ARGUMENT, [MODEL, "'one'"]),
    "wrong shape": (set_shape(1, 1, 4, 16), INVALID_ARGUMENT, ["input 'image'", "[?, 1, 8, 8]", "[1, 1, 4, 16]"]),
    "wrong rank": (set_shape(1, 64), INVALID_ARGUMENT, ["input 'image'", "4 dimensions", "2 dimensions"]),
    "negative dimension": (set_shape(-1, 1, 8, 8), INVALID_ARGUMENT, ["input 'image'", "dimension 0 is -1"]),
    "overflowing shape": (set_shape(1 << 62, 1, 8, 8), INVALID_ARGUMENT, ["input 'image'"]),
    "wrong datatype": (set_datatype, INVALID_ARGUMENT, ["input 'image'", "expected datatype FP32, got 'INT64'"]),
    "short raw bytes": (shorten_raw, INVALID_ARGUMENT, ["input 'image'", "expected 256 bytes", "got 255"]),
    "raw and typed together": (add_typed_contents, INVALID_ARGUMENT, ["input 'image'", "raw_input_contents"]),
    "raw entry too many": (add_raw_entry, INVALID_ARGUMENT, ["raw_input_contents", "expected 1", "got 2"]),
    "missing input": (remove_inputs, INVALID_ARGUMENT, ["input 'image'", "missing"]),
    "unknown input": (add_unknown_input, INVALID_ARGUMENT, ["input 'mask'", "unknown", "'image'"]),
    "duplicate input": (repeat_input, INVALID_ARGUMENT, ["input 'image'", "twice"]),
    "unknown output": (ask_for_unknown_output, INVALID_ARGUMENT, ["output 'probabilities'", "'logits'"]),
    "duplicate output": (ask_for_output_twice, INVALID_ARGUMENT, ["output 'logits'", "twice"]),
    "batch above the maximum": (make_batch_too_large, INVALID_ARGUMENT, ["input 'image'", "1 to 32", "got 33"]),
    "empty batch": (make_batch_empty, INVALID_ARGUMENT, ["input 'image'", "1 to 32", "got 0"]),
    "shared memory": (use_shared_memory, INVALID_ARGUMENT, ["input 'image'", "shared_memory_region"]),
}


@pytest.mark.parametrize("case", BAD_REQUESTS)
def test_bad_request_is_refused_and_the_message_names_the_place(stub, case):
    spoil, code, parts = BAD_REQUESTS[case]
    request = good_request()
    spoil(request)
    assert_refused(refusal(stub.ModelInfer, request), code, *parts)


def test_typed_elements_of_the_wrong_count_are_refused(stub):
    request = typed_request()
    request.inputs[0].contents.fp32_contents.append(0.0)
    assert_refused(refusal(stub.ModelInfer, request), INVALID_ARGUMENT, "input 'image'", "expected 64", "got 65")


def test_refused_requests_leave_the_next_one_alone(stub, images):
    request = good_request(3)
    request.raw_input_contents[0] = images[:3].tobytes()
    for spoil, _, _ in BAD_REQUESTS.values():
        spoiled = good_request()
        spoil(spoiled)
        refusal(stub.ModelInfer, spoiled)
        reply = stub.ModelInfer(request, timeout=serving.SECONDS)
    logits = np.frombuffer(reply.raw_output_contents[0], "<f4").reshape(3, 10)
    np.testing.assert_allclose(logits, serving.recorded_logits(MODEL)[:3], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "body",
    [b"\xff", b"\x0a", b"\x0a\x7fshort", b"\x2b\x2c", b"GET / HTTP/1.1\r\n\r\n", b"\xff" * 1000],
    ids=["tag cut off", "length missing", "text cut off", "group", "text", "ones"],
)
@pytest.mark.parametrize("method", ["inference.GRPCInferenceService/ModelInfer", "grpc.health.v1.Health/Check"])
def test_unparsable_message_is_an_invalid_argument(channel, method, body):
    send = channel.unary_unary(f"/{method}")  # no serializer: bytes as they are
    assert_refused(refusal(send, body), INVALID_ARGUMENT)


def test_more_tensors_than_any_model_has_are_refused_unparsed(stub):
    request = good_request()
    for _ in range(1000):
        request.inputs.add()
    assert_refused(refusal(stub.ModelInfer, request), INVALID_ARGUMENT, "inputs")


def test_oversized_message_is_resource_exhausted(stub):
    request = good_request()
    request.raw_input_contents[0] = bytes(MAX_MESSAGE_BYTES + 1)
    code, message = refusal(stub.ModelInfer, request)
    assert code == grpc.StatusCode.RESOURCE_EXHAUSTED, message
    assert str(MAX_MESSAGE_BYTES) in message


def test_unknown_method_is_unimplemented(channel):
    send = channel.unary_unary("/inference.GRPCInferenceService/ModelSteal")
    assert_refused(refusal(send, b""), grpc.StatusCode.UNIMPLEMENTED)


# Repositories


BAD_MODELS = {
    "truncated": (repositories.truncated, ["model.onnx"]),
    "unknown_operator": (repositories.with_unknown_operator, ["/act1/PRelu", repositories.UNKNOWN_OPERATOR]),
}


def add_bad_models(repository):
    for name, (content, _) in BAD_MODELS.items():
        repositories.add_model(repository, name, content())


@pytest.fixture(name="mixed_repository", scope="module")
def mixed_repository_fixture(tmp_path_factory):
    repository = tmp_path_factory.mktemp("mixed")
    add_bad_models(repository)
    repositories.add_sample(repository, MODEL)
    return repository


@pytest.fixture(name="mixed", scope="module")
def mixed_fixture(mixed_repository):
    with serving.Server(mixed_repository) as running:
        yield running


@pytest.fixture(name="mixed_channel", scope="module")
def mixed_channel_fixture(mixed):
    with mixed.channel() as channel:
        yield channel


def health_of(channel, service):
    stub = health_pb2_grpc.HealthStub(channel)
    reply = stub.Check(health_pb2.HealthCheckRequest(service=service), timeout=serving.SECONDS)
    return health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)


def test_good_model_is_served_beside_bad_ones(mixed, mixed_channel, images):
    stub = protocol_grpc.GRPCInferenceServiceStub(mixed_channel)
    assert stub.ServerReady(protocol.ServerReadyRequest()).ready
    assert mixed.get("/healthz/ready").code == 200
    assert health_of(mixed_channel, "") == "SERVING"
    assert health_of(mixed_channel, MODEL) == "SERVING"
    request = good_request()
    request.raw_input_contents[0] = images[:1].tobytes()
    assert stub.ModelInfer(request, timeout=serving.SECONDS).raw_output_contents


@pytest.mark.parametrize("model", BAD_MODELS)
def test_bad_model_is_a_failed_precondition_that_says_why(mixed_channel, model):
    stub = protocol_grpc.GRPCInferenceServiceStub(mixed_channel)
    parts = BAD_MODELS[model][1]
    failed = grpc.StatusCode.FAILED_PRECONDITION
    assert_refused(refusal(stub.ModelInfer, good_request(model=model)), failed, f"'{model}'", *parts)
    metadata = protocol.ModelMetadataRequest(name=model)
    assert_refused(refusal(stub.ModelMetadata, metadata), failed, f"'{model}'", *parts)
    assert not stub.ModelReady(protocol.ModelReadyRequest(name=model)).ready


@pytest.mark.parametrize("model", BAD_MODELS)
def test_error_of_a_bad_model_shows_no_path_of_the_server(mixed_channel, mixed_repository, model):
    stub = protocol_grpc.GRPCInferenceServiceStub(mixed_channel)
    _, message = refusal(stub.ModelInfer, good_request(model=model))
    assert str(mixed_repository) not in message


@pytest.mark.parametrize("model", BAD_MODELS)
def test_health_of_a_bad_model_is_not_serving(mixed_channel, model):
    assert health_of(mixed_channel, model) == "NOT_SERVING"


def test_metrics_tell_the_state_of_every_model(mixed):
    page = Exposition(mixed.get("/metrics").text)
    for model, (_, parts) in BAD_MODELS.items():
        assert page.value("rectifier_model_state", model=model, state="unavailable") == 1
        assert page.value("rectifier_model_state", model=model, state="ready") == 0
        assert page.value("rectifier_model_load_failures_total", model=model) == 1
        error = page.labels("rectifier_model_last_load_error_info", model=model)["error"]
        assert all(part in error for part in parts)
    assert page.value("rectifier_model_state", model=MODEL, state="ready") == 1
    assert page.values("rectifier_model_last_load_error_info", model=MODEL) == []


@pytest.mark.parametrize("model", BAD_MODELS)
def test_strict_server_ends_with_1_and_names_the_bad_model(tmp_path, model):
    content, parts = BAD_MODELS[model]
    repositories.add_model(tmp_path, model, content())
    repositories.add_sample(tmp_path, MODEL)
    result = serving.run(
        "serve", "--strict", "--model-repository", tmp_path, "--grpc-port", 0, "--http-port", 0
    )
    assert result.returncode == 1
    last = result.stderr.splitlines()[-1]
    for part in ("rectifier: ", model, *parts):
        assert part in last


def test_server_of_bad_models_only_lives_and_stays_not_ready(tmp_path):
    add_bad_models(tmp_path)
    with serving.Server(tmp_path) as server, server.channel() as channel:
        assert server.get("/healthz/startup").code == 200
        assert server.get("/healthz/live").code == 200
        assert server.get("/healthz/ready").code == 503
        assert health_of(channel, "") == "NOT_SERVING"
        stub = protocol_grpc.GRPCInferenceServiceStub(channel)
        assert stub.ServerLive(protocol.ServerLiveRequest()).live
        assert not stub.ServerReady(protocol.ServerReadyRequest()).ready


def test_folder_that_cannot_be_a_model_is_passed_over_and_logged(tmp_path):
    repositories.add_sample(tmp_path, MODEL)
    (tmp_path / "no such name!").mkdir()
    (tmp_path / "no_version").mkdir()
    (tmp_path / ".hidden").mkdir()
    with serving.Server(tmp_path) as server:
        assert "no such name!" in server.log()
        assert "no_version" in server.log()
        assert ".hidden" not in server.log()
        assert server.get("/healthz/ready").code == 200
