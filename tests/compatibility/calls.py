"""The calls that both servers are sent, by name, and what is compared of an answer."""

import dataclasses
import queue
import re
import struct

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2 as protocol
from tritonclient.grpc import service_pb2_grpc

MODEL = "digits_prelu"
ELEMENTS = 64
SECONDS = 20.0
MAX_TEXT = 200  # of an error
# Triton keeps the repository and the statistics behind this; for Rectifier it is a header like any other.
HEADERS = [("triton-grpc-protocol-triton-access-token", "bench")]


@dataclasses.dataclass
class Answer:
    code: str
    came: str
    silent: bool = False

    def compared(self):
        """What came without the texts of errors; nothing when the call failed."""
        return re.sub(r"(error for id '\d*'): [^|]*", r"\1 ", self.came) if self.code == "OK" else ""


class Client:
    """What a call is made with."""

    def __init__(self, channel):
        self.channel = channel
        self.inference = service_pb2_grpc.GRPCInferenceServiceStub(channel)
        self.health = health_pb2_grpc.HealthStub(channel)

    def unary(self, method, request, headers=(), timeout=SECONDS, **options):
        return method(request, timeout=timeout, metadata=[*HEADERS, *headers], **options)


def version(channel):
    reply = Client(channel).inference.ServerMetadata(protocol.ServerMetadataRequest(), timeout=SECONDS)
    return f"{reply.name} {reply.version}"


def one_line(text):
    return " ".join(str(text).split())


def answer(call, channel):
    """Makes the call; `call` gives text, or raises RpcError."""
    try:
        return Answer("OK", one_line(call(Client(channel))))
    except grpc.RpcError as error:
        silent = error.code() == grpc.StatusCode.DEADLINE_EXCEEDED and error.details() == "Deadline Exceeded"
        return Answer(error.code().name, one_line(error.details())[:MAX_TEXT], silent)


# Requests


def request(samples=1, **fields):
    """One that is answered, for the calls to spoil."""
    message = protocol.ModelInferRequest(model_name=MODEL, id="7", **fields)
    message.inputs.add(name="image", datatype="FP32", shape=[samples, 1, 8, 8])
    message.raw_input_contents.append(bytes(4 * ELEMENTS * samples))
    return message


def typed(field="fp32_contents", count=ELEMENTS, value=0):
    message = request()
    del message.raw_input_contents[:]
    getattr(message.inputs[0].contents, field).extend([value] * count)
    return message


def spoilt(spoil):
    message = request()
    spoil(message)
    return message


def reply_text(reply):
    outputs = [f"{o.name} {o.datatype} {list(o.shape)}" for o in reply.outputs]
    form = f"raw {[len(raw) for raw in reply.raw_output_contents]}" if reply.raw_output_contents else "typed"
    parameters = {name: value.WhichOneof("parameter_choice") for name, value in sorted(reply.parameters.items())}
    text = f"id '{reply.id}' version '{reply.model_version}' {outputs} {form}"
    return text + (f" parameters {parameters}" if parameters else "")


def infer(message, **options):
    return lambda client: reply_text(client.unary(client.inference.ModelInfer, message, **options))


def infer_spoilt(spoil):
    return infer(spoilt(spoil))


def parameter(name, kind, value):
    def spoil(message):
        setattr(message.parameters[name], kind, value)

    return infer_spoilt(spoil)


def set_shape(*dims):
    def spoil(message):
        message.inputs[0].shape[:] = dims

    return infer_spoilt(spoil)


def set_raw(content):
    def spoil(message):
        message.raw_input_contents[0] = content

    return infer_spoilt(spoil)


def set_fields(**fields):
    def spoil(message):
        for name, value in fields.items():
            setattr(message, name, value)

    return infer_spoilt(spoil)


def repeat_input(message):
    message.inputs.append(message.inputs[0])
    message.raw_input_contents.append(message.raw_input_contents[0])


def repeat_output(message):
    message.outputs.add(name="logits")
    message.outputs.add(name="logits")


def add_unknown_input(message):
    message.inputs.add(name="mask", datatype="FP32", shape=[1, 1])
    message.raw_input_contents.append(bytes(4))


def remove_inputs(message):
    del message.inputs[:]
    del message.raw_input_contents[:]


def as_bytes(message):
    message.inputs[0].datatype = "BYTES"
    message.raw_input_contents[0] = struct.pack("<I", 1) * ELEMENTS


def classify(message):
    message.outputs.add(name="logits").parameters["classification"].int64_param = 3


def use_shared_memory(message):
    del message.raw_input_contents[:]
    message.inputs[0].parameters["shared_memory_region"].string_param = "region"
    message.inputs[0].parameters["shared_memory_byte_size"].int64_param = 4 * ELEMENTS


def send_bytes(path, body):
    return lambda client: client.unary(client.channel.unary_unary(path), body)


def codes_of(calls):
    """How those ended that were not answered."""
    return sorted({call.code().name for call in calls} - {"OK"})


def cancelled(client):
    """100 calls at once: those that are not answered by then are cancelled."""
    calls = [client.inference.ModelInfer.future(request(32), timeout=SECONDS, metadata=HEADERS) for _ in range(100)]
    for call in reversed(calls):
        call.cancel()
    return codes_of(calls)


def hurried(client):
    """100 calls at once whose deadline is 1 ms: some come too late."""
    calls = [client.inference.ModelInfer.future(request(32), timeout=0.001, metadata=HEADERS) for _ in range(100)]
    return codes_of(calls)


# Describing calls


def fields_text(message, *names):
    return "; ".join(f"{name} {one_line(getattr(message, name))}" for name in names)


def server_metadata(client):
    reply = client.unary(client.inference.ServerMetadata, protocol.ServerMetadataRequest())
    return f"name {reply.name}; extensions {list(reply.extensions)}"


def model_metadata(**fields):
    def call(client):
        reply = client.unary(client.inference.ModelMetadata, protocol.ModelMetadataRequest(**fields))
        tensors = [f"{t.name} {t.datatype} {list(t.shape)}" for t in [*reply.inputs, *reply.outputs]]
        return f"versions {list(reply.versions)}; platform {reply.platform}; {tensors}"

    return call


def model_ready(**fields):
    return lambda client: client.unary(client.inference.ModelReady, protocol.ModelReadyRequest(**fields)).ready


def model_config(**fields):
    def call(client):
        config = client.unary(client.inference.ModelConfig, protocol.ModelConfigRequest(**fields)).config
        return fields_text(config, "name", "platform", "backend", "max_batch_size", "input", "output") + (
            f"; fields {sorted(field.name for field, _ in config.ListFields())}"
        )

    return call


def statistics_text(of):
    phases = ("success", "fail", "queue", "compute_input", "compute_infer", "compute_output", "cache_hit", "cache_miss")
    counts = {phase: getattr(of.inference_stats, phase).count for phase in phases}
    timed = [phase for phase in phases if getattr(of.inference_stats, phase).ns > 0]
    batches = {batch.batch_size: batch.compute_infer.count for batch in of.batch_stats}
    return (
        f"{of.name} {of.version}: inference_count {of.inference_count}, execution_count {of.execution_count}, "
        f"{counts}, timed {timed}, batches {batches}"
    )


def model_statistics(client):
    """Of one request of one sample and one of three, and one that is refused."""

    def ask():
        message = protocol.ModelStatisticsRequest(name=MODEL, version="1")
        return client.unary(client.inference.ModelStatistics, message).model_stats[0]

    before = ask()
    for samples in (1, 3):
        client.unary(client.inference.ModelInfer, request(samples))
    try:
        client.unary(client.inference.ModelInfer, spoilt(lambda m: m.inputs[0].shape.append(1)))
    except grpc.RpcError:
        pass
    after = ask()
    after.inference_count -= before.inference_count
    after.execution_count -= before.execution_count
    for field, value in after.inference_stats.ListFields():
        old = getattr(before.inference_stats, field.name)
        value.count -= old.count
        value.ns -= old.ns
    old = {batch.batch_size: batch for batch in before.batch_stats}
    for batch in after.batch_stats:
        if batch.batch_size in old:
            batch.compute_infer.count -= old[batch.batch_size].compute_infer.count
    return statistics_text(after)


def statistics_of(**fields):
    def call(client):
        reply = client.unary(client.inference.ModelStatistics, protocol.ModelStatisticsRequest(**fields))
        return [f"{of.name} {of.version}" for of in reply.model_stats if of.name == MODEL]

    return call


def repository_index(**fields):
    def call(client):
        reply = client.unary(client.inference.RepositoryIndex, protocol.RepositoryIndexRequest(**fields))
        return [f"{m.name} {m.version} {m.state} '{m.reason}'" for m in reply.models if m.name == MODEL]

    return call


def plain(method, message):
    return lambda client: client.unary(getattr(client.inference, method), message)


def health(service):
    def call(client):
        reply = client.unary(client.health.Check, health_pb2.HealthCheckRequest(service=service))
        return health_pb2.HealthCheckResponse.ServingStatus.Name(reply.status)

    return call


def watch(service):
    def call(client):
        stream = client.health.Watch(health_pb2.HealthCheckRequest(service=service), timeout=SECONDS)
        status = next(stream).status
        stream.cancel()
        return health_pb2.HealthCheckResponse.ServingStatus.Name(status)

    return call


# Streams


def stream_answer(response):
    about = response.infer_response
    if response.error_message:
        return f"error for id '{about.id}': {one_line(response.error_message)[:MAX_TEXT]}"
    return reply_text(about)


def stream(*messages, headers=(), timeout=SECONDS):
    """The answers to `messages`, sent at once and then half-closed."""

    def call(client):
        answers = client.inference.ModelStreamInfer(
            iter(messages), timeout=timeout, metadata=[*HEADERS, *headers]
        )
        came = []
        try:
            came += map(stream_answer, answers)
        except grpc.RpcError as error:
            came.append(f"end {error.code().name} {one_line(error.details())}")
        else:
            came.append("end OK")
        return " | ".join(came)

    return call


def open_stream_until_deadline(client):
    """The client never half-closes."""
    waiting = queue.SimpleQueue()
    waiting.put(request())
    answers = client.inference.ModelStreamInfer(iter(waiting.get, None), timeout=1.0, metadata=HEADERS)
    came = []
    try:
        came += map(stream_answer, answers)
    except grpc.RpcError as error:
        came.append(f"end {error.code().name}")
    waiting.put(None)
    return " | ".join(came)


def numbered(number, **fields):
    message = request()
    message.id = str(number)
    for name, value in fields.items():
        setattr(message, name, value)
    return message


def final_response(message):
    message.parameters["triton_enable_empty_final_response"].bool_param = True
    return message


def misshapen(number):
    message = numbered(number)
    message.inputs[0].shape[3] = 9
    return message


METHOD = "/inference.GRPCInferenceService/"

CALLS = {
    # Descriptions
    "ServerLive": lambda c: c.unary(c.inference.ServerLive, protocol.ServerLiveRequest()).live,
    "ServerReady": lambda c: c.unary(c.inference.ServerReady, protocol.ServerReadyRequest()).ready,
    "ServerMetadata": server_metadata,
    "ModelReady": model_ready(name=MODEL),
    "ModelReady, version": model_ready(name=MODEL, version="1"),
    "ModelReady, unknown model": model_ready(name="nobody"),
    "ModelReady, unknown version": model_ready(name=MODEL, version="9"),
    "ModelReady, no name": model_ready(),
    "ModelMetadata": model_metadata(name=MODEL),
    "ModelMetadata, unknown model": model_metadata(name="nobody"),
    "ModelMetadata, unknown version": model_metadata(name=MODEL, version="9"),
    "ModelMetadata, version that is no number": model_metadata(name=MODEL, version="one"),
    "ModelConfig": model_config(name=MODEL),
    "ModelConfig, unknown model": model_config(name="nobody"),
    "ModelStatistics of two requests and a refused one": model_statistics,
    "ModelStatistics of all models": statistics_of(),
    "ModelStatistics, unknown model": statistics_of(name="nobody"),
    "ModelStatistics, unknown version": statistics_of(name=MODEL, version="9"),
    "ModelStatistics, version without a name": statistics_of(version="1"),
    "ModelStatistics, unknown version without a name": statistics_of(version="9"),
    "ModelStatistics, version that is no number": statistics_of(version="one"),
    "RepositoryIndex": repository_index(),
    "RepositoryIndex, ready only": repository_index(ready=True),
    "RepositoryIndex, unknown repository": repository_index(repository_name="elsewhere"),
    "RepositoryModelLoad": plain("RepositoryModelLoad", protocol.RepositoryModelLoadRequest(model_name="nobody")),
    "RepositoryModelUnload": plain("RepositoryModelUnload", protocol.RepositoryModelUnloadRequest(model_name="nobody")),
    "SystemSharedMemoryStatus": plain("SystemSharedMemoryStatus", protocol.SystemSharedMemoryStatusRequest()),
    "CudaSharedMemoryStatus": plain("CudaSharedMemoryStatus", protocol.CudaSharedMemoryStatusRequest()),
    "TraceSetting": plain("TraceSetting", protocol.TraceSettingRequest()),
    "LogSettings": plain("LogSettings", protocol.LogSettingsRequest()),
    "unknown method": send_bytes(METHOD + "ModelSteal", b""),
    "health Check": health(""),
    "health Check of a model": health(MODEL),
    "health Check of an unknown name": health("nobody"),
    "health Watch": watch(""),
    "health Watch of an unknown name": watch("nobody"),
    # Requests that are good
    "raw": infer(request()),
    "typed": infer(typed()),
    "raw, 32 samples": infer(request(32)),
    "version": set_fields(model_version="1"),
    "no id": set_fields(id=""),
    "output named": infer_spoilt(lambda m: m.outputs.add(name="logits")),
    "unknown parameter": parameter("mine", "string_param", "value"),
    "parameter priority": parameter("priority", "uint64_param", 1),
    "parameter priority as text": parameter("priority", "string_param", "1"),
    "parameter priority beyond the levels": parameter("priority", "uint64_param", 1000),
    "parameter timeout": parameter("timeout", "int64_param", 10_000_000),
    "parameter timeout of 1 µs": parameter("timeout", "int64_param", 1),
    "parameter timeout as text": parameter("timeout", "string_param", "1000"),
    "parameter timeout below 0": parameter("timeout", "int64_param", -5),
    "parameter sequence_id": parameter("sequence_id", "int64_param", 5),
    "parameter sequence_id as text": parameter("sequence_id", "string_param", "five"),
    "parameter binary_data_output": parameter("binary_data_output", "bool_param", True),
    "parameter triton_unheard_of": parameter("triton_unheard_of", "bool_param", True),
    "parameter triton_enable_empty_final_response": parameter("triton_enable_empty_final_response", "bool_param", True),
    "compressed with gzip": infer(request(), compression=grpc.Compression.Gzip),
    "compressed with deflate": infer(request(), compression=grpc.Compression.Deflate),
    "cancelled, 100 calls": cancelled,
    "deadline of 1 ms, 100 calls": hurried,
    # Requests that are not
    "unknown model": set_fields(model_name="nobody"),
    "unknown version": set_fields(model_version="9"),
    "version that is no number": set_fields(model_version="one"),
    "no model name": set_fields(model_name=""),
    "wrong shape": set_shape(1, 1, 4, 16),
    "wrong rank": set_shape(1, 64),
    "negative dimension": set_shape(-1, 1, 8, 8),
    "overflowing shape": set_shape(1 << 62, 1, 8, 8),
    "wrong datatype": infer_spoilt(lambda m: setattr(m.inputs[0], "datatype", "INT32")),
    "unknown datatype": infer_spoilt(lambda m: setattr(m.inputs[0], "datatype", "FP31")),
    "BYTES for FP32": infer_spoilt(as_bytes),
    "missing input": infer_spoilt(remove_inputs),
    "unknown input": infer_spoilt(add_unknown_input),
    "duplicate input": infer_spoilt(repeat_input),
    "unknown output": infer_spoilt(lambda m: m.outputs.add(name="probabilities")),
    "duplicate output": infer_spoilt(repeat_output),
    "batch above the maximum": infer(request(33)),
    "empty batch": infer(request(0)),
    "raw entry too many": infer_spoilt(lambda m: m.raw_input_contents.append(b"")),
    "raw and typed contents": infer_spoilt(lambda m: m.inputs[0].contents.fp32_contents.extend([0.0] * ELEMENTS)),
    "neither raw nor typed contents": infer_spoilt(lambda m: m.raw_input_contents.pop()),
    "raw bytes too short": set_raw(bytes(4 * ELEMENTS - 1)),
    "raw bytes too long": set_raw(bytes(4 * ELEMENTS + 4)),
    "typed elements too few": infer(typed(count=ELEMENTS - 1)),
    "typed elements in another field": infer(typed("int_contents")),
    "shared memory that is not there": infer_spoilt(use_shared_memory),
    "classification of an output": infer_spoilt(classify),
    "bytes that are no message": send_bytes(METHOD + "ModelInfer", b"\x0a\x7fshort"),
    # Streams
    "stream of two": stream(numbered(1), numbered(2)),
    "stream of none": stream(),
    "stream, empty final response asked for": stream(final_response(numbered(1))),
    "stream, unknown model in the middle": stream(numbered(1), numbered(2, model_name="nobody"), numbered(3)),
    "stream, wrong shape in the middle": stream(numbered(1), misshapen(2), numbered(3)),
    "stream, wrong shape, triton_grpc_error": stream(
        numbered(1), misshapen(2), numbered(3), headers=[("triton_grpc_error", "true")]
    ),
    "stream with a deadline": open_stream_until_deadline,
}
