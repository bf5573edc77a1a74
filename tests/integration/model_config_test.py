"""config.pbtxt: how a model is batched and queued, what it may not ask for, and what ModelConfig answers."""

import grpc
import pytest
import repositories
import serving
from exposition import Exposition
from google.protobuf import text_format
from tritonclient.grpc import model_config_pb2 as config_protocol
from tritonclient.grpc import service_pb2 as protocol
from tritonclient.grpc import service_pb2_grpc as protocol_grpc

MODEL = "digits_prelu"

# A delay that no test waits for: what is answered was not held up by it.
FOR_EVER = "max_queue_delay_microseconds: 3600000000"

IMAGE = "input { name: 'image' data_type: TYPE_FP32 dims: [ 1, 8, 8 ] }"
LOGITS = "output { name: 'logits' data_type: TYPE_FP32 dims: [ 10 ] }"


def add_configured(repository, text, name=MODEL):
    repositories.add_sample(repository, MODEL, name)
    (repository / name / "config.pbtxt").write_text(text)


@pytest.fixture(name="serve")
def serve_fixture(tmp_path):
    """Serves the sample network with this config.pbtxt: (server, stub)."""
    servers = []

    def serve(text, *options):
        add_configured(tmp_path, text)
        server = serving.Server(tmp_path, *options)
        servers.append(server)
        server.__enter__()
        channel = server.channel()
        return server, protocol_grpc.GRPCInferenceServiceStub(channel)

    yield serve
    for server in servers:
        server.__exit__(None, None, None)


def image_request(samples=1, **parameters):
    request = protocol.ModelInferRequest(model_name=MODEL)
    request.inputs.add(name="image", datatype="FP32", shape=[samples, 1, 8, 8])
    request.raw_input_contents.append(bytes(4 * 64 * samples))
    for name, value in parameters.items():
        request.parameters[name].int64_param = value
    return request


def start(stub, request):
    return stub.ModelInfer.future(request, timeout=serving.SECONDS)


def metric(server, name, **labels):
    return Exposition(server.get("/metrics").text).value(name, model=MODEL, **labels)


def config_of(stub):
    return stub.ModelConfig(protocol.ModelConfigRequest(name=MODEL), timeout=serving.SECONDS).config


def reason_of(stub, model):
    index = stub.RepositoryIndex(protocol.RepositoryIndexRequest(), timeout=serving.SECONDS)
    (entry,) = [entry for entry in index.models if entry.name == model]
    return entry.state, entry.reason


# What is asked for is so


def test_model_config_answers_what_the_file_asks_for(serve):
    _, stub = serve(
        f"""
        name: "{MODEL}"
        platform: "onnxruntime_onnx"
        max_batch_size: 64  # more than the server's own 32
        {IMAGE}
        {LOGITS}
        instance_group [ {{ count: 1 kind: KIND_CPU }} ]
        dynamic_batching {{
          preferred_batch_size: [ 4, 8 ]
          max_queue_delay_microseconds: 100
          priority_levels: 2
          default_priority_level: 2
          default_queue_policy {{ timeout_action: REJECT default_timeout_microseconds: 5000000 }}
          priority_queue_policy {{ key: 1 value {{ max_queue_size: 16 }} }}
        }}
        """,
        "--workers=2",
    )
    config = config_of(stub)
    assert config.max_batch_size == 64
    assert [(group.count, group.kind) for group in config.instance_group] == [
        (1, config_protocol.ModelInstanceGroup.KIND_CPU)
    ]
    batching = config.dynamic_batching
    assert list(batching.preferred_batch_size) == [4, 8]
    assert batching.max_queue_delay_microseconds == 100
    assert (batching.priority_levels, batching.default_priority_level) == (2, 2)
    assert batching.default_queue_policy.default_timeout_microseconds == 5000000
    assert batching.priority_queue_policy[1].max_queue_size == 16
    assert config.version_policy.latest.num_versions == 1
    stub.ModelInfer(image_request(64), timeout=serving.SECONDS)


def test_what_model_config_answers_can_be_written_into_the_file(serve, tmp_path):
    _, stub = serve("dynamic_batching { max_queue_delay_microseconds: 5 preferred_batch_size: 8 }", "--workers=2")
    config = config_of(stub)
    assert config.max_batch_size == 32
    assert config.instance_group[0].count == 2
    again = tmp_path / "again"
    add_configured(again, text_format.MessageToString(config))
    with serving.Server(again, "--workers=2") as server, server.channel() as channel:
        assert config_of(protocol_grpc.GRPCInferenceServiceStub(channel)) == config


def wait_for_closed(server, *reasons):
    """Until a batch is counted with one of them: when its worker is done, after its last answer. What costs less in parts
    runs in parts, so it may be more than one."""

    def closed():
        return sum(metric(server, "rectifier_batches_closed_total", reason=reason) for reason in reasons)

    server.wait_until(lambda: closed() >= 1, f"a batch that closed for {reasons}")


def test_a_batch_closes_at_its_preferred_size(serve):
    server, stub = serve("dynamic_batching { preferred_batch_size: 4 %s }" % FOR_EVER)
    replies = [start(stub, image_request()) for _ in range(4)]
    for reply in replies:
        reply.result()
    assert metric(server, "rectifier_batch_samples_sum") == 4
    statistics = stub.ModelStatistics(protocol.ModelStatisticsRequest(name=MODEL)).model_stats[0]
    assert statistics.inference_count == 4
    wait_for_closed(server, "full", "delay")


def test_a_batch_closes_when_its_delay_is_over(serve):
    server, stub = serve("dynamic_batching { max_queue_delay_microseconds: 2000 }")
    start(stub, image_request()).result()
    wait_for_closed(server, "delay")
    statistics = stub.ModelStatistics(protocol.ModelStatisticsRequest(name=MODEL)).model_stats[0]
    assert statistics.inference_stats.queue.ns >= 1_000_000


def test_without_a_batch_a_request_is_run_by_itself(serve):
    _, stub = serve(f"max_batch_size: 0 {IMAGE.replace('[', '[ -1,')}")
    config = config_of(stub)
    assert config.max_batch_size == 0
    assert list(config.input[0].dims) == [-1, 1, 8, 8]
    reply = stub.ModelInfer(image_request(3), timeout=serving.SECONDS)
    assert list(reply.outputs[0].shape) == [3, 10]
    statistics = stub.ModelStatistics(protocol.ModelStatisticsRequest(name=MODEL)).model_stats[0]
    assert (statistics.execution_count, statistics.inference_count) == (1, 1)


def test_as_many_requests_of_a_priority_wait_as_its_policy_lets_wait(serve):
    # Nothing is run before two samples wait.
    server, stub = serve(
        """
        max_batch_size: 2
        dynamic_batching {
          %s
          priority_levels: 2
          default_priority_level: 2
          priority_queue_policy { key: 2 value { max_queue_size: 1 } }
        }
        """
        % FOR_EVER
    )
    first = start(stub, image_request())
    server.wait_until(lambda: metric(server, "rectifier_queue_tasks") == 1, "the first request")
    with pytest.raises(grpc.RpcError) as refusal:
        stub.ModelInfer(image_request(priority=2), timeout=serving.SECONDS)
    assert refusal.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "1 requests of this priority wait, 1 may" in refusal.value.details()
    urgent = start(stub, image_request(priority=1))
    urgent.result()
    first.result()


def code_of(stub, request):
    try:
        start(stub, request).result()
    except grpc.RpcError as error:
        return error.code(), error.details()
    return grpc.StatusCode.OK, ""


def test_a_request_whose_time_in_the_queue_is_over_is_refused(serve):
    # A microsecond is over before a worker is awake: not every time, perhaps, but soon.
    server, stub = serve("dynamic_batching { %s default_queue_policy { default_timeout_microseconds: 1 } }" % FOR_EVER)
    refused = (
        grpc.StatusCode.DEADLINE_EXCEEDED,
        "queue: the request waited for as long as the model's configuration lets it",
    )
    server.wait_until(lambda: code_of(stub, image_request()) == refused, "a refusal")
    assert metric(server, "rectifier_queue_dropped_total", reason="expired") >= 1


def test_a_request_whose_time_is_over_is_run_after_the_others_where_it_is_to_be_delayed(serve):
    _, stub = serve(
        """
        dynamic_batching {
          %s
          default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 1 }
        }
        """
        % FOR_EVER
    )
    assert code_of(stub, image_request()) == (grpc.StatusCode.OK, "")


def test_a_requests_own_timeout_is_honoured_beside_the_policys(serve):
    _, stub = serve(
        """
        dynamic_batching {
          %s
          default_queue_policy { timeout_action: DELAY default_timeout_microseconds: 3600000000 }
        }
        """
        % FOR_EVER
    )
    # Its own deadline is what ends the wait: the batch is begun for it, or it is refused.
    code, details = code_of(stub, image_request(timeout=20_000))
    assert code == grpc.StatusCode.OK or details.startswith("queue: the deadline"), details


# What cannot be so

REFUSED = {
    "wrong_name": ("name: 'other'", "config.pbtxt:1: name: expected 'wrong_name', the model's folder, got 'other'"),
    "wrong_type": (
        IMAGE.replace("FP32", "UINT8"),
        "config.pbtxt:1: input 'image': data_type: expected TYPE_FP32, as the network has it, got TYPE_UINT8",
    ),
    "wrong_dims": (
        LOGITS.replace("10", "1000"),
        "config.pbtxt:1: output 'logits': dims: expected [10], as the network has them for a sample, got [1000]",
    ),
    "gpu": ("instance_group { kind: KIND_GPU }", "config.pbtxt:1: instance_group.kind: is not supported"),
    "unknown": ("\n\nno_such_field: 3", "config.pbtxt:3: no_such_field: is not supported"),
    "warmup": ("model_warmup [ { name: 'w' } ]", "config.pbtxt:1: model_warmup: is not supported"),
    "delay": (
        "dynamic_batching { max_queue_delay_microseconds: -1 }",
        "config.pbtxt:1: Expected integer, got: - in 'dynamic_batching { max_queue_delay_microseconds: -1 }'",
    ),
    "sizes": (
        "dynamic_batching { preferred_batch_size: [ 4, 33 ] }",
        "config.pbtxt:1: dynamic_batching.preferred_batch_size: expected 1 to 32, the max_batch_size, got 33",
    ),
    "garbage": ("\x00\x01", "config.pbtxt:1: "),
    "nested": ("a {" * 60_000, "too deep"),
    "large": ("#" * 300_000, "config.pbtxt: has more than the 262144 bytes that are allowed"),
}


def test_a_model_whose_configuration_cannot_be_honoured_is_unavailable_with_the_reason(tmp_path):
    for name, (text, _) in REFUSED.items():
        add_configured(tmp_path, text, name)
    repositories.add_sample(tmp_path, MODEL)
    with serving.Server(tmp_path) as server, server.channel() as channel:
        stub = protocol_grpc.GRPCInferenceServiceStub(channel)
        for name, (_, expected) in REFUSED.items():
            state, reason = reason_of(stub, name)
            assert state == "UNAVAILABLE"
            assert expected in reason, name
            request = image_request()
            request.model_name = name
            with pytest.raises(grpc.RpcError) as refusal:
                stub.ModelInfer(request, timeout=serving.SECONDS)
            assert refusal.value.code() == grpc.StatusCode.FAILED_PRECONDITION
            assert "config.pbtxt" in refusal.value.details()
        stub.ModelInfer(image_request(), timeout=serving.SECONDS)  # the others are served


def test_a_link_out_of_the_models_folder_is_not_followed(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("password")
    repository = tmp_path / "models"
    repositories.add_sample(repository, MODEL)
    (repository / MODEL / "config.pbtxt").symlink_to(secret)
    result = serving.run("check", repository / MODEL)
    assert result.returncode == 1
    assert "config.pbtxt: is a link that leads out of the model's folder" in result.stderr
    assert "password" not in result.stderr


@pytest.mark.parametrize("version", ["", "1"])
def test_check_looks_at_the_configuration(tmp_path, version):
    add_configured(tmp_path, "max_batch_size: 8")
    folder = tmp_path / MODEL
    assert serving.run("check", folder / version).returncode == 0
    (folder / "config.pbtxt").write_text("max_batch_size: 8\noptimization {}\n")
    result = serving.run("check", folder / version)
    assert result.returncode == 1
    assert "config.pbtxt:2: optimization: is not supported" in result.stderr
    assert "docs/model-configuration.md" in result.stderr
    # A model file by itself has no configuration.
    assert serving.run("check", folder / "1" / "model.onnx").returncode == 0
