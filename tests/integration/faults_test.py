"""Clients that do not read or that die cost the server what it says, and no longer than they are there.

tests/faults does the same and more at full size.
"""

import os
import pathlib
import subprocess
import sys

import deaf_client
import exposition
import grpc
import pytest
import serving
from tritonclient.grpc import service_pb2 as protocol

MODEL = "digits_prelu"
INFER = "/inference.GRPCInferenceService/ModelInfer"
REPLY_BYTES = 10 * 4  # of the tensor


@pytest.fixture(name="request_bytes")
def request_bytes_fixture(images):
    request = protocol.ModelInferRequest(model_name=MODEL)
    request.inputs.add(name="image", datatype="FP32", shape=[1, 1, 8, 8])
    request.raw_input_contents.append(images[0].tobytes())
    return request.SerializeToString()


def metric(server, name, **labels):
    return exposition.Exposition(server.get("/metrics").text).value(name, model=MODEL, **labels)


def answers(server, code):
    return metric(server, "rectifier_inference_requests_total", code=code)


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.pid}/fd"))


def infer(server, request_bytes):
    with server.channel() as channel:
        return channel.unary_unary(INFER)(request_bytes, timeout=serving.SECONDS)


def test_unread_replies_are_held_up_to_the_budget_and_freed_with_their_connection(request_bytes):
    fit, calls = 25, 60
    with serving.Server(serving.SAMPLE_REPOSITORY, "--max-unsent-bytes", fit * REPLY_BYTES + 1) as server:
        client = deaf_client.DeafClient(server.grpc, INFER)
        for _ in range(calls):
            client.call(request_bytes)
        server.wait_until(
            lambda: answers(server, "ok") + answers(server, "resource_exhausted") == calls, "an answer to every call"
        )
        assert answers(server, "ok") == fit
        with pytest.raises(grpc.RpcError) as refused:
            infer(server, request_bytes)
        assert refused.value.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
        assert "grpc-retry-pushback-ms" in dict(refused.value.trailing_metadata())
        client.close()

        def is_answered():
            try:
                return infer(server, request_bytes)
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED
                return None

        server.wait_until(is_answered, "room for a reply")


def test_client_killed_in_mid_stream_leaves_nothing_behind(tmp_path, request_bytes):
    request_file = tmp_path / "request"
    request_file.write_bytes(request_bytes)
    script = pathlib.Path(__file__).with_name("streaming_client.py")
    with serving.Server() as server:
        infer(server, request_bytes)
        before = descriptors(server)
        for _ in range(3):
            command = [sys.executable, script, server.grpc, request_file]
            client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=serving.clean_environment())
            try:
                assert client.stdout.readline() == "streaming\n"
                infer(server, request_bytes)
            finally:
                client.kill()
                client.communicate()
        server.wait_until(lambda: metric(server, "rectifier_inference_requests_in_flight") == 0, "nothing in flight")
        server.wait_until(lambda: descriptors(server) <= before, "closed connections")
        infer(server, request_bytes)
