"""SIGTERM at peak load, and with a worker that is stuck in a long batch."""

import os
import pathlib
import signal
import time

import networks
from harness import LIGHT, FaultServer, Load, Row, failures, load, long_request

LAME_DUCK_MS = 1500  # the default
TIMEOUT_MS = 10_000


def _idle_seconds():
    """Of all CPUs, since the machine began."""
    fields = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()
    return (int(fields[4]) + int(fields[5])) / os.sysconf("SC_CLK_TCK")


def _wait_for_answers(server, count):
    server.wait_until(
        lambda: server.metrics().value("rectifier_inference_requests_total", model="light", code="ok") > count, "load"
    )


def stop_at_peak_load():
    """20 servers are stopped while 64 requests are in flight, from clients that watch their health."""
    times = 20
    failed, answered = {}, 0
    codes, seconds, busy = [], [], []
    for _ in range(times):
        options = ("--shutdown-timeout-ms", TIMEOUT_MS)
        with FaultServer((networks.light,), *options, lame_duck_ms=LAME_DUCK_MS) as server:
            clients = ("--concurrency", 64, "--connections", 8, "--warmup", 0, "--seconds", 60, "--watch-health")
            clients = Load(server, LIGHT, *clients)
            _wait_for_answers(server, 1000)
            begin, idle = time.monotonic(), _idle_seconds()
            _wait_for_answers(server, 6000)
            busy.append(1 - (_idle_seconds() - idle) / (os.cpu_count() * (time.monotonic() - begin)))
            begin = time.monotonic()
            server.signal(signal.SIGTERM)
            report = clients.report()
            codes.append(server.wait())
            seconds.append(time.monotonic() - begin)
        answered += report["codes"].get("OK", 0)
        for code, count in failures(report).items():
            failed[code] = failed.get(code, 0) + count
    within = (LAME_DUCK_MS + TIMEOUT_MS) / 1e3
    return [
        Row(
            f"SIGTERM with 64 requests in flight, {times} times",
            f"{answered} answers, failures {failed or 'none'}; CPUs busy {100 * min(busy):.0f} % or more",
            "none",
            answered > 0 and not failed,
        ),
        Row(
            "exit",
            f"codes {sorted(set(codes))}, after {min(seconds):.1f}–{max(seconds):.1f} s",
            f"0 within {within} s",
            set(codes) == {0} and max(seconds) <= within,
        ),
    ]


def stuck_worker():
    """One of two workers computes for seconds, while another model is asked; then SIGTERM."""
    rows = []
    options = ("--workers", 2, "--shutdown-timeout-ms", 60_000)
    with FaultServer((networks.light, networks.long), *options, lame_duck_ms=LAME_DUCK_MS) as server:
        request = long_request(160)
        alone = load(server, request, "--burst", 1)  # and compiled
        alone = load(server, request, "--burst", 1)
        others = ("--concurrency", 2, "--connections", 2)
        load(server, LIGHT, *others, "--seconds", 1)
        with server.must_return_to_what_it_held(rows, slack_mib=64):
            stuck = Load(server, request, "--burst", 1)
            executed = server.executed("long")
            server.wait_until(
                lambda: server.metrics().value("rectifier_inference_requests_in_flight", model="long") == 1, "a stuck worker"
            )
            during = load(server, LIGHT, *others, "--seconds", 0.6 * alone["max_ms"] / 1e3, "--warmup", 0)
            still = server.executed("long") == executed
            stuck.report()
        stuck = Load(server, request, "--burst", 1)
        clients = Load(server, LIGHT, *others, "--warmup", 0, "--seconds", 60, "--watch-health")
        server.wait_until(
            lambda: server.metrics().value("rectifier_inference_requests_in_flight", model="long") == 1, "a stuck worker"
        )
        begin = time.monotonic()
        server.signal(signal.SIGTERM)
        stuck, clients = stuck.report(), clients.report()
        code = server.wait()
        seconds = time.monotonic() - begin
    within = (LAME_DUCK_MS + alone["max_ms"]) / 1e3 + 2
    rows[:0] = [
        Row(
            f"one worker of two in a batch of {alone['max_ms'] / 1e3:.1f} s; another model is asked",
            f"{during['per_second']:.0f} answers/s, p99 {during['p99_ms']:.1f} ms, failures "
            f"{failures(during) or 'none'}",
            "p99 ≤ a tenth of the batch; none",
            still and not failures(during) and during["p99_ms"] <= alone["max_ms"] / 10 and during["codes"].get("OK", 0) > 0,
        ),
        Row(
            "SIGTERM meanwhile",
            f"exit code {code} after {seconds:.1f} s; failures {failures(stuck) | failures(clients) or 'none'}",
            f"0 within {within:.1f} s (lame duck, the batch, 2 s); none",
            code == 0 and seconds <= within and not failures(stuck) | failures(clients),
        ),
    ]
    return rows
