"""The server stops without losing a request, and tells the truth about when it started."""

import resource
import signal
import socket
import threading
from pathlib import Path

import grpc
import numpy as np
import pytest
import repositories
import serving
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tritonclient.grpc import service_pb2 as protocol
from tritonclient.grpc import service_pb2_grpc as protocol_grpc

MODEL = "digits_prelu"
SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING


class HealthWatchingClient:
    """Sends one request after the other for as long as the server's health is SERVING, as a load balancer would."""

    def __init__(self, server, images, expected):
        self._channel = server.channel()
        self._images, self._expected = images, expected
        self._welcome = threading.Event()
        self._threads = [threading.Thread(target=self._watch), threading.Thread(target=self._send)]
        self.answered = 0
        self.failures = []
        self.last_health = None

    def start(self):
        for thread in self._threads:
            thread.start()

    def join(self):
        for thread in self._threads:
            thread.join(serving.SECONDS)
            assert not thread.is_alive()
        self._channel.close()

    def _watch(self):
        stub = health_pb2_grpc.HealthStub(self._channel)
        try:
            for reply in stub.Watch(health_pb2.HealthCheckRequest(), timeout=serving.SECONDS):
                self.last_health = reply.status
                if reply.status != SERVING:
                    return
                self._welcome.set()
        except grpc.RpcError as error:
            self.failures.append(error)
        finally:
            self._welcome.clear()

    def _send(self):
        stub = protocol_grpc.GRPCInferenceServiceStub(self._channel)
        assert self._welcome.wait(serving.SECONDS)
        i = 0
        while self._welcome.is_set():
            request = protocol.ModelInferRequest(model_name=MODEL)
            request.inputs.add(name="image", datatype="FP32", shape=[1, 1, 8, 8])
            request.raw_input_contents.append(self._images[i].tobytes())
            try:
                reply = stub.ModelInfer(request, timeout=serving.SECONDS)
                logits = np.frombuffer(reply.raw_output_contents[0], "<f4")
                np.testing.assert_allclose(logits, self._expected[i], rtol=1e-5, atol=1e-5)
                self.answered += 1
            except (grpc.RpcError, AssertionError) as error:
                self.failures.append(error)
            i = (i + 1) % len(self._images)


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_stop_under_load_loses_no_request(images, stop):
    # The lame duck that ships: clients must hear of the stop and be done within it.
    with serving.Server(lame_duck_ms=1500) as server:
        clients = [HealthWatchingClient(server, images, serving.recorded_logits(MODEL)) for _ in range(8)]
        for client in clients:
            client.start()
        server.wait_until(lambda: all(client.answered >= 20 for client in clients), "load from every client")
        server.signal(stop)
        for client in clients:
            client.join()
        assert server.wait() == 0, server.log()
    assert [failure for client in clients for failure in client.failures] == []
    assert all(client.last_health == NOT_SERVING for client in clients)


def test_request_that_is_sent_after_the_stop_is_unavailable(server_of_its_own):
    with server_of_its_own.channel() as channel:
        stub = protocol_grpc.GRPCInferenceServiceStub(channel)
        assert stub.ServerLive(protocol.ServerLiveRequest(), timeout=serving.SECONDS).live
        assert server_of_its_own.stop() == 0
        with pytest.raises(grpc.RpcError) as failure:
            stub.ServerLive(protocol.ServerLiveRequest(), timeout=serving.SECONDS)
        assert failure.value.code() == grpc.StatusCode.UNAVAILABLE


@pytest.fixture(name="server_of_its_own")
def server_of_its_own_fixture():
    with serving.Server() as running:
        yield running


def test_second_signal_ends_the_server_at_once():
    with serving.Server(lame_duck_ms=600_000) as server:
        server.signal(signal.SIGTERM)
        server.wait_until(lambda: server.get("/healthz/ready").code == 503, "the lame duck")
        assert server.get("/healthz/live").code == 200
        server.signal(signal.SIGTERM)
        assert server.wait() == -signal.SIGTERM


def test_stop_while_models_load_is_heard(tmp_path):
    # Far more than are loaded before the signal comes.
    for i in range(400):
        repositories.add_sample(tmp_path, name=f"digits_{i}")
    server = serving.Server(tmp_path, lame_duck_ms=600_000)
    server.spawn()
    try:
        server.wait_until(lambda: "model ready" in server.log(), "the first model")
        assert server.stop() == 0
        assert "listening" not in server.log()
        assert server.log().rstrip().endswith("stopped")
    finally:
        server.discard()


def test_liveness_fails_once_the_listener_takes_no_connections():
    with serving.Server() as server:
        assert server.get("/healthz/live").code == 200
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (64, limits[1]))
        host, port = server.grpc.split(":")
        # gRPC's listener does not come back from running out of descriptors, even when there are some again. It runs out
        # only if the connections are there when it accepts them: closed too early, they are not.
        descriptors = Path(f"/proc/{server.process.pid}/fd")
        connections = [socket.create_connection((host, int(port)), serving.SECONDS) for _ in range(100)]
        # One of the 64 may be the probe's, which is closed when it has been answered.
        server.wait_until(lambda: len(list(descriptors.iterdir())) >= 60, "a server out of descriptors")
        for connection in connections:
            connection.close()
        server.wait_until(lambda: server.get("/healthz/live").code == 503, "a liveness probe that fails")


def test_idle_connections_do_not_delay_the_stop():
    # The timeout for calls under way is far above what this test waits for.
    with serving.Server(serving.SAMPLE_REPOSITORY, "--shutdown-timeout-ms", 600_000) as server:
        with server.channel() as channel:
            grpc.channel_ready_future(channel).result(serving.SECONDS)
            assert server.stop() == 0


def test_port_file_appears_whole_and_only_once_the_server_is_ready():
    server = serving.Server()
    stale = "grpc=127.0.0.1:1\nhttp=127.0.0.1:2\n"
    server.port_file.write_text(stale)
    seen = set()

    def replaced():
        text = server.port_file.read_text()
        seen.add(text)
        return text != stale

    server.spawn()
    try:
        server.wait_until(replaced, "a new port file")
        server.wait_until_up()
        with server.channel() as channel:
            stub = protocol_grpc.GRPCInferenceServiceStub(channel)
            assert stub.ServerReady(protocol.ServerReadyRequest(), timeout=serving.SECONDS).ready
            for model in serving.SAMPLE_MODELS:
                assert stub.ModelReady(protocol.ModelReadyRequest(name=model), timeout=serving.SECONDS).ready
        assert server.get("/healthz/ready").code == 200
        assert seen <= {stale, f"grpc={server.grpc}\nhttp={server.http}\n"}
        assert sorted(path.name for path in server.directory.iterdir()) == ["log", "ports"]
        assert server.stop() == 0
    finally:
        server.discard()
