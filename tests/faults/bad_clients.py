"""Clients that do not read, and clients that die."""

import subprocess
import sys
import tempfile
import threading
import time

import grpc
import networks
from grpc_health.v1 import health_pb2, health_pb2_grpc
from harness import LIGHT, MIB, ROOT, WIDE, FaultServer, Load, Row, failures, load, peak_resident, reset_peak
from tritonclient.grpc import service_pb2, service_pb2_grpc

import deaf_client  # of tests/integration, which harness adds to the path

INFER = "/inference.GRPCInferenceService/ModelInfer"


def slow_readers():
    """60 calls with replies of 8 MiB from clients whose window is 0."""
    calls, connections, budget = 60, 4, 128 * MIB
    rows = []
    options = ("--max-batch-size", 4, "--max-unsent-bytes", budget)
    with FaultServer((networks.light, networks.wide), *options) as server:
        load(server, WIDE, "--seconds", 1, "--concurrency", 4)
        others = ("--concurrency", 4, "--connections", 4, "--seconds", 6)
        load(server, LIGHT, *others)
        before = load(server, LIGHT, *others)
        with server.must_return_to_what_it_held(rows, slack_mib=64):
            def answered():
                return sum(server.metrics().values("rectifier_inference_requests_total", model="wide"))

            warm, base = answered(), server.usage().resident
            reset_peak(server.process.pid)
            clients = [deaf_client.DeafClient(server.grpc, INFER) for _ in range(connections)]
            for i in range(calls):
                clients[i % connections].call(WIDE)
            server.wait_until(lambda: answered() == warm + calls, "an answer to every call")
            during = load(server, LIGHT, *others)
            peak = peak_resident(server.process.pid)
            refused = server.metrics().value(
                "rectifier_inference_requests_total", model="wide", code="resource_exhausted"
            )
            for client in clients:
                client.close()
    rows[:0] = [
        Row(
            f"{calls} replies of 8 MiB unread, --max-unsent-bytes {budget / MIB:.0f} MiB",
            f"resident {base / MIB:.0f} → at most {peak / MIB:.0f} MiB; {refused:.0f} calls refused",
            "≤ base + 1.2 × budget; some refused",
            peak - base <= 1.2 * budget and refused > 0,
        ),
        Row(
            "other clients meanwhile",
            f"p99 {before['p99_ms']:.2f} → {during['p99_ms']:.2f} ms, failures {failures(during) or 'none'}",
            "≤ 1.5 ×, none",
            during["p99_ms"] <= 1.5 * before["p99_ms"] and not failures(during),
        ),
    ]
    return rows


def killed_clients():
    """Clients with four full streams are killed, again and again."""
    times = 20
    rows = []
    with FaultServer((networks.light,)) as server, tempfile.NamedTemporaryFile() as request:
        request.write(LIGHT)
        request.flush()
        script = ROOT / "tests" / "integration" / "streaming_client.py"

        def kill_one():
            command = [sys.executable, script, server.grpc, request.name]
            client = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
            begun = client.stdout.readline() == "streaming\n"
            client.kill()
            client.wait()
            return begun

        kill_one()  # what is allocated once
        load(server, LIGHT, "--seconds", 1, "--concurrency", 4, "--connections", 2)
        with server.must_return_to_what_it_held(rows):
            others = Load(server, LIGHT, "--seconds", 15, "--concurrency", 4, "--connections", 2)
            begun = sum(kill_one() for _ in range(times))
            report = others.report()
        in_flight = server.metrics().value("rectifier_inference_requests_in_flight", model="light")
    rows[:0] = [
        Row(
            f"SIGKILL in mid-stream, {times} times",
            f"{begun} were streaming; requests still counted as in flight: {in_flight:.0f}",
            f"{times}; 0",
            begun == times and in_flight == 0,
        ),
        Row(
            "other clients meanwhile",
            f"{report['codes'].get('OK', 0)} answers, failures {failures(report) or 'none'}",
            "none",
            report["codes"].get("OK", 0) > 0 and not failures(report),
        ),
    ]
    return rows


class _Stream(threading.Thread):
    """Sends on one stream, one request after the other's answer, until the stream ends."""

    def __init__(self, channel, request):
        super().__init__()
        self._channel, self._request = channel, request
        self.sent = self.answered = 0
        self.out_of_order = self.errors = 0
        self.code = None
        self.seconds = 0.0

    def run(self):
        go_on = threading.Semaphore(1)
        over = threading.Event()

        def requests():
            while go_on.acquire() and not over.is_set():
                request = service_pb2.ModelInferRequest.FromString(self._request)
                request.id = str(self.sent)
                self.sent += 1
                yield request

        begin = time.monotonic()
        try:
            for reply in service_pb2_grpc.GRPCInferenceServiceStub(self._channel).ModelStreamInfer(requests()):
                self.errors += bool(reply.error_message)
                self.out_of_order += reply.infer_response.id != str(self.answered)
                self.answered += 1
                time.sleep(0.01)
                go_on.release()
        except grpc.RpcError as error:
            self.code = error.code()
        self.seconds = time.monotonic() - begin
        over.set()
        go_on.release()


def connection_age():
    """Calls, a stream and a health watch on connections that are closed at an age of 3 s."""
    age, grace = 3, 30
    rows = []
    with FaultServer((networks.light,), "--max-connection-age-seconds", age) as server:
        load(server, LIGHT, "--seconds", 1, "--concurrency", 8, "--connections", 4)
        with server.must_return_to_what_it_held(rows):
            calls = Load(server, LIGHT, "--seconds", 20, "--concurrency", 8, "--connections", 4)
            with server.channel() as stream_channel, server.channel() as watch_channel:
                stream = _Stream(stream_channel, LIGHT)
                stream.start()
                watch_begin = time.monotonic()
                watch_code = None
                try:
                    for _ in health_pb2_grpc.HealthStub(watch_channel).Watch(health_pb2.HealthCheckRequest(), timeout=60):
                        pass
                except grpc.RpcError as error:
                    watch_code = error.code()
                watch_seconds = time.monotonic() - watch_begin
                stream.join()
            report = calls.report()

    def in_time(seconds):
        # gRPC lets the age vary by a tenth.
        return 0.9 * age + grace - 1 <= seconds <= 1.1 * age + grace + 2

    rows[:0] = [
        Row(
            f"unary calls over connections of {age} s",
            f"{report['codes'].get('OK', 0)} answers, failures {failures(report) or 'none'}",
            "none",
            report["codes"].get("OK", 0) > 0 and not failures(report),
        ),
        Row(
            "a stream",
            f"{stream.code.name if stream.code else None} after {stream.seconds:.1f} s; {stream.sent} sent, "
            f"{stream.answered} answered, {stream.errors} errors, {stream.out_of_order} out of order",
            f"UNAVAILABLE after about {age} + {grace} s; all but the last answered, in order",
            stream.code == grpc.StatusCode.UNAVAILABLE
            and in_time(stream.seconds)
            and stream.sent - stream.answered <= 1
            and stream.errors + stream.out_of_order == 0,
        ),
        Row(
            "a health watch",
            f"{watch_code.name if watch_code else None} after {watch_seconds:.1f} s",
            f"UNAVAILABLE after about {age} + {grace} s",
            watch_code == grpc.StatusCode.UNAVAILABLE and in_time(watch_seconds),
        ),
    ]
    return rows
