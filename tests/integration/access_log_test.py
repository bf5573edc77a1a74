"""The access log of the real server: what it tells of requests, and that nobody waits for whoever reads it."""

import contextlib
import json
import os
import signal
import subprocess

import numpy as np
import pytest
import serving
import tritonclient.grpc
from exposition import Exposition

MODEL = "digits_prelu"
TRACE = "0af7651916cd43dd8448eb211c80319c"
SPAN = "b7ad6b7169203331"
TRACEPARENT = f"00-{TRACE}-{SPAN}-01"


@contextlib.contextmanager
def logging_server(*options):
    with serving.Server(serving.SAMPLE_REPOSITORY, "--log-format", "json", *options) as server:
        yield server


def client(server):
    return tritonclient.grpc.InferenceServerClient(server.grpc)


def infer(server, samples=1, model=MODEL, channel=None, **options):
    image = tritonclient.grpc.InferInput("image", [samples, 1, 8, 8], "FP32")
    image.set_data_from_numpy(np.zeros([samples, 1, 8, 8], np.float32))
    if channel is not None:
        return channel.infer(model, [image], client_timeout=serving.SECONDS, **options)
    with client(server) as own:
        return own.infer(model, [image], client_timeout=serving.SECONDS, **options)


def infer_badly(server, **options):
    with pytest.raises(tritonclient.grpc.InferenceServerException):
        infer(server, **options)


def requests(server, count):
    """The access log's lines, once there are as many."""

    def lines():
        # The last line may be half there.
        whole = server.log()[: server.log().rfind("\n") + 1].splitlines()
        return [line for line in map(json.loads, whole) if line["message"] == "request"]

    server.wait_until(lambda: len(lines()) >= count, f"{count} lines of requests")
    return lines()


def test_a_request_has_its_line_with_sizes_phases_and_the_callers_trace():
    with logging_server("--access-log", "all") as server:
        infer(server, samples=3, request_id="r-1", headers={"traceparent": TRACEPARENT})
        (line,) = requests(server, 1)
    assert line["level"] == "info"
    assert (line["id"], line["model"], line["version"], line["code"]) == ("r-1", MODEL, "1", "OK")
    assert (line["trace_id"], line["span_id"]) == (TRACE, SPAN)
    assert line["samples"] == 3
    assert line["request_bytes"] > 3 * 64 * 4
    assert line["reply_bytes"] > 3 * 10 * 4
    assert 1 <= line["batch"] <= 3
    phases = [line[f"{phase}_ms"] for phase in ("queue", "input", "compute", "output")]
    assert all(phase >= 0 for phase in phases)
    assert line["compute_ms"] > 0
    assert sum(phases) <= line["total_ms"] + 0.01


@pytest.mark.parametrize("header", [TRACEPARENT.upper(), f"00-{'0' * 32}-{SPAN}-01", "00-1-2-3", f"ff-{TRACE}-{SPAN}-01"])
def test_a_trace_that_is_not_valid_is_ignored(header):
    with logging_server("--access-log", "all") as server:
        infer(server, headers={"traceparent": header})
        (line,) = requests(server, 1)
    assert "trace_id" not in line
    assert "span_id" not in line


def test_by_default_it_tells_of_requests_that_fail_and_why():
    with logging_server() as server:
        infer(server)
        infer_badly(server, model="nobody", request_id='"}\nforged')
        infer_badly(server, samples=0, headers={"traceparent": TRACEPARENT})
        unknown, refused = requests(server, 2)
        assert (unknown["level"], unknown["code"], unknown["id"]) == ("warning", "NOT_FOUND", '"}\nforged')
        assert (unknown["model"], unknown["error"]) == ("nobody", "model 'nobody': not found")
        assert (refused["code"], refused["model"], refused["version"]) == ("INVALID_ARGUMENT", MODEL, "1")
        assert refused["trace_id"] == TRACE
        assert "queue_ms" not in refused


def test_text_of_a_client_is_cut():
    with logging_server() as server:
        infer_badly(server, model="nobody", request_id="x" * 1000)
        (line,) = requests(server, 1)
    assert line["id"] == "x" * 256 + "…"


def test_off_tells_of_none():
    with logging_server("--access-log", "off") as server:
        infer_badly(server, model="nobody")
        server.stop()
        messages = [json.loads(line)["message"] for line in server.log().splitlines()]
    assert messages[-1] == "stopped"
    assert "request" not in messages


def test_sampled_tells_of_one_of_so_many_and_of_each_that_fails():
    with logging_server("--access-log", "sampled", "--access-log-sample-every", "10") as server:
        with client(server) as channel:
            for _ in range(30):
                infer(server, channel=channel)
        infer_badly(server, model="nobody")
        lines = requests(server, 4)
    assert [line["code"] for line in lines] == ["OK"] * 3 + ["NOT_FOUND"]


def test_a_flood_of_failures_is_bounded_and_counted():
    calls = 50
    with logging_server("--access-log-errors-per-second", "1") as server:
        with client(server) as channel:
            for _ in range(calls):
                with pytest.raises(tritonclient.grpc.InferenceServerException):
                    infer(server, model="nobody", channel=channel)
        suppressed = Exposition(server.get("/metrics").text).value("rectifier_access_log_suppressed_total")
        server.stop()
        lines = [json.loads(line) for line in server.log().splitlines()]
    told = [line for line in lines if line["message"] == "request"]
    assert 1 <= len(told) < calls
    assert len(told) + suppressed == calls
    assert sum(line.get("suppressed", 0) for line in lines) == suppressed


class UnreadServer(serving.Server):
    """One whose standard error is a pipe that nobody reads."""

    def spawn(self):
        self.unread, write_end = os.pipe()
        self.process = subprocess.Popen(
            self._command,
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=write_end,
            cwd=self.directory,
        )
        os.close(write_end)

    def discard(self):
        super().discard()
        os.close(self.unread)


def test_a_log_that_nobody_reads_stops_neither_requests_nor_the_stop():
    lost = 0
    with UnreadServer(serving.SAMPLE_REPOSITORY, "--log-format", "json", "--access-log", "all") as server:
        with client(server) as channel:
            # A pipe holds 64 KiB, the server half a MiB; a line with such an id has about 500 bytes.
            while lost == 0:
                for _ in range(200):
                    infer(server, channel=channel, request_id="x" * 256)
                lost = Exposition(server.get("/metrics").text).value("rectifier_log_lines_lost_total")
        assert server.get("/healthz/live").code == 200
        assert server.stop() == 0


def test_a_log_that_is_read_again_tells_how_many_lines_were_lost():
    with UnreadServer(serving.SAMPLE_REPOSITORY, "--log-format", "json", "--access-log", "all") as server:
        with client(server) as channel:
            lost = 0
            while lost == 0:
                for _ in range(200):
                    infer(server, channel=channel, request_id="x" * 256)
                lost = Exposition(server.get("/metrics").text).value("rectifier_log_lines_lost_total")
        text = b""
        while b"log lines were lost" not in text:
            text += os.read(server.unread, 1 << 16)
        text += os.read(server.unread, 1 << 16) if not text.endswith(b"\n") else b""
        told = [json.loads(line) for line in text.splitlines() if b"log lines were lost" in line]
        assert told[0]["lines"] == lost
        server.signal(signal.SIGTERM)
        assert server.wait() == 0
