"""A client that knows nothing but gRPC's reflection finds every service and can call every method."""

import signal

import grpc
import numpy as np
import pytest
import serving
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

INFERENCE = "inference.GRPCInferenceService"
HEALTH = "grpc.health.v1.Health"
REFLECTION = "grpc.reflection.v1alpha.ServerReflection"

MODEL = "digits_prelu"


class ReflectedService:
    """Calls methods through descriptors that came from the server, never from generated code."""

    def __init__(self, channel, name):
        self._channel = channel
        pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
        self.descriptor = pool.FindServiceByName(name)

    def call(self, method, timeout=serving.SECONDS, **fields):
        """The reply, or the iterator over replies of a method that streams them."""
        descriptor = self.descriptor.methods_by_name[method]
        request_class = message_factory.GetMessageClass(descriptor.input_type)
        reply_class = message_factory.GetMessageClass(descriptor.output_type)
        kind = {
            (False, False): self._channel.unary_unary,
            (False, True): self._channel.unary_stream,
            (True, True): self._channel.stream_stream,
        }[descriptor.client_streaming, descriptor.server_streaming]
        request = request_class(**fields)
        invoke = kind(
            f"/{self.descriptor.full_name}/{method}",
            request_serializer=request_class.SerializeToString,
            response_deserializer=reply_class.FromString,
        )
        return invoke(iter([request]) if descriptor.client_streaming else request, timeout=timeout)

    def enum_name(self, message, field):
        """The name of an enum field's value."""
        return message.DESCRIPTOR.fields_by_name[field].enum_type.values_by_number[getattr(message, field)].name


@pytest.fixture(name="channel", scope="module")
def channel_fixture(server):
    with server.channel() as channel:
        yield channel


@pytest.fixture(name="inference", scope="module")
def inference_fixture(channel):
    return ReflectedService(channel, INFERENCE)


@pytest.fixture(name="health", scope="module")
def health_fixture(channel):
    return ReflectedService(channel, HEALTH)


def image_request(images, model=MODEL):
    return {
        "model_name": model,
        "inputs": [{"name": "image", "datatype": "FP32", "shape": images.shape}],
        "raw_input_contents": [images.tobytes()],
    }


# For every method: fields of its request, and what its (first) reply must say.
CALLS = {
    (INFERENCE, "ServerLive"): ({}, lambda reply: reply.live),
    (INFERENCE, "ServerReady"): ({}, lambda reply: reply.ready),
    (INFERENCE, "ModelReady"): ({"name": MODEL}, lambda reply: reply.ready),
    (INFERENCE, "ServerMetadata"): ({}, lambda reply: reply.name == "rectifier"),
    (INFERENCE, "ModelMetadata"): ({"name": MODEL}, lambda reply: reply.inputs[0].name == "image"),
    (INFERENCE, "ModelConfig"): ({"name": MODEL}, lambda reply: reply.config.input[0].name == "image"),
    (INFERENCE, "ModelStatistics"): ({"name": MODEL}, lambda reply: reply.model_stats[0].name == MODEL),
    (INFERENCE, "RepositoryIndex"): ({}, lambda reply: len(reply.models) == len(serving.SAMPLE_MODELS)),
    (INFERENCE, "ModelInfer"): (
        image_request(np.zeros((1, 1, 8, 8), np.float32)),
        lambda reply: len(reply.raw_output_contents[0]) == 10 * 4,
    ),
    (INFERENCE, "ModelStreamInfer"): (
        image_request(np.zeros((1, 1, 8, 8), np.float32)),
        lambda reply: len(reply.infer_response.raw_output_contents[0]) == 10 * 4,
    ),
    (HEALTH, "Check"): ({"service": ""}, lambda reply: reply.status == 1),
    (HEALTH, "Watch"): ({"service": ""}, lambda reply: reply.status == 1),
    (REFLECTION, "ServerReflectionInfo"): (
        {"list_services": ""},
        lambda reply: len(reply.list_services_response.service) == 3,
    ),
}


def test_reflection_lists_every_service(channel):
    assert sorted(ProtoReflectionDescriptorDatabase(channel).get_services()) == [HEALTH, REFLECTION, INFERENCE]


def test_every_method_of_every_service_is_called_below(channel):
    listed = {
        (service, method.name)
        for service in (INFERENCE, HEALTH, REFLECTION)
        for method in ReflectedService(channel, service).descriptor.methods
    }
    assert listed == CALLS.keys()


@pytest.mark.parametrize(("service", "method"), CALLS, ids="/".join)
def test_method_answers_a_call_made_from_reflected_descriptors(channel, service, method):
    fields, holds = CALLS[service, method]
    reflected = ReflectedService(channel, service)
    answer = reflected.call(method, **fields)
    if reflected.descriptor.methods_by_name[method].server_streaming:
        stream, answer = answer, next(answer)
        stream.cancel()
    assert holds(answer), answer


def test_reflected_infer_gives_the_logits_of_the_network(inference, images):
    reply = inference.call("ModelInfer", **image_request(images[:3]), id="reflected")
    logits = np.frombuffer(reply.raw_output_contents[0], "<f4").reshape(list(reply.outputs[0].shape))
    np.testing.assert_allclose(logits, serving.recorded_logits(MODEL)[:3], rtol=1e-5, atol=1e-5)
    assert reply.id == "reflected"


@pytest.mark.parametrize("service", ["", *serving.SAMPLE_MODELS])
def test_health_of_server_and_of_each_model_is_serving(health, service):
    reply = health.call("Check", service=service)
    assert health.enum_name(reply, "status") == "SERVING"


def test_health_of_an_unknown_name_is_not_found(health):
    with pytest.raises(grpc.RpcError) as failure:
        health.call("Check", service="nobody")
    assert failure.value.code() == grpc.StatusCode.NOT_FOUND
    assert "nobody" in failure.value.details()


def test_watch_of_an_unknown_name_says_so_and_stays_open(health):
    stream = health.call("Watch", service="nobody")
    assert health.enum_name(next(stream), "status") == "SERVICE_UNKNOWN"
    assert stream.is_active()
    stream.cancel()


def test_watch_sees_not_serving_while_the_lame_duck_still_answers(images):
    with serving.Server(lame_duck_ms=600_000) as server, server.channel() as channel:
        health = ReflectedService(channel, HEALTH)
        inference = ReflectedService(channel, INFERENCE)
        streams = [health.call("Watch", service=service) for service in ("", *serving.SAMPLE_MODELS)]
        assert [health.enum_name(next(stream), "status") for stream in streams] == ["SERVING"] * len(streams)
        server.signal(signal.SIGTERM)
        assert [health.enum_name(next(stream), "status") for stream in streams] == ["NOT_SERVING"] * len(streams)
        assert health.enum_name(health.call("Check", service=""), "status") == "NOT_SERVING"
        assert not inference.call("ServerReady").ready
        assert inference.call("ServerLive").live
        assert inference.call("ModelInfer", **image_request(images[:1])).raw_output_contents
        server.signal(signal.SIGTERM)  # enough of the lame duck
        server.wait()


def test_watch_ends_with_unavailable_when_the_lame_duck_is_over():
    with serving.Server() as server, server.channel() as channel:
        health = ReflectedService(channel, HEALTH)
        stream = health.call("Watch", service="")
        assert health.enum_name(next(stream), "status") == "SERVING"
        assert server.stop() == 0
        assert health.enum_name(next(stream), "status") == "NOT_SERVING"
        with pytest.raises(grpc.RpcError) as end:
            next(stream)
        assert end.value.code() == grpc.StatusCode.UNAVAILABLE
