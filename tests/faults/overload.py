"""More than can be done: a full queue, ten times what the server can compute, and work that nobody waits for."""

import time

import networks
from harness import HEAVY, LIGHT, MIB, FaultServer, Load, Row, infer_request, load, long_request, peak_resident, reset_peak


def _begun(server, request):
    """Requests that keep the one worker busy, of which the first has been begun."""
    # The first of a shape waits until it is compiled; those after it only compute.
    load(server, request, "--burst", 1)
    executed = server.executed("long")
    stall = Load(server, request, "--burst", 2)
    server.wait_until(
        lambda: server.metrics().value("rectifier_inference_requests_in_flight", model="long") == 2
        and server.metrics().value("rectifier_queue_tasks", model="long") == 1,
        "a busy worker",
    )
    assert server.executed("long") == executed, "the stalling request is too short"
    return stall


def queue_overflow():
    """The one worker is stalled, and 10,000 requests come at once."""
    requests, budget = 10_000, 128 * MIB
    request = infer_request("light", [16, 8, 16, 16])  # 128 KiB, so that bytes are what is bounded
    rows = []
    options = ("--workers", 1, "--max-queue-bytes", budget, "--max-queue-items", 1_000_000)
    with FaultServer((networks.light, networks.long), *options, "--max-queue-wait-ms", 600_000) as server:
        load(server, request, "--burst", 500)  # what it allocates once
        load(server, long_request(192), "--burst", 1)
        with server.must_return_to_what_it_held(rows):
            stall = _begun(server, long_request(192))
            reset_peak(server.process.pid)
            base = server.usage().resident
            before = server.metrics()
            burst = Load(server, request, "--burst", requests, "--connections", 100)
            report = burst.report()
            stalled = stall.report()
            peak = peak_resident(server.process.pid)
            after = server.metrics()
        refused = report["codes"].get("RESOURCE_EXHAUSTED", 0)
        answered = report["codes"].get("OK", 0)

        def within_10_ms(page):
            return page.value("rectifier_inference_request_duration_seconds_bucket", model="light", le="0.01")

        # Those that were taken into the queue waited for the stalled worker, so that none of them is among these.
        fast = within_10_ms(after) - within_10_ms(before)
        rows.insert(
            0,
            Row(
                f"{requests} requests behind a stalled worker",
                f"{refused} RESOURCE_EXHAUSTED, {answered} OK, rest {requests - refused - answered}",
                "only these two, both",
                refused > 0 and answered > 0 and refused + answered == requests and stalled["codes"] == {"OK": 2},
            ),
        )
        rows.insert(
            1,
            Row(
                "refusals, as the server counts",
                f"{100 * fast / max(refused, 1):.2f} % within 10 ms; {report['pushed_back']} with grpc-retry-pushback-ms",
                "p99 ≤ 10 ms; all",
                fast >= 0.99 * refused > 0 and report["pushed_back"] == refused,
            ),
        )
        rows.insert(
            2,
            Row(
                f"resident, queue of {budget / MIB:.0f} MiB",
                f"{base / MIB:.0f} → at most {peak / MIB:.0f} MiB",
                "base + 1.2 × the queue's bytes",
                peak - base <= 1.2 * budget,
            ),
        )
    return rows


def overload():
    """Open loop at 1×, 10× and 1× of capacity, with deadlines of 25 times the service time."""
    rows = []
    with FaultServer((networks.heavy,), "--workers", 1) as server:
        service = load(server, HEAVY, "--seconds", 2)
        capacity = max(load(server, HEAVY, "--concurrency", n, "--seconds", 3)["per_second"] for n in (4, 16))
        timeout_ms = 25 * service["p50_ms"]
        phase, window = 8, 1.0
        phases = [f"{times * capacity}:{phase}" for times in (1, 10, 1)]
        options = [option for text in phases for option in ("--phase", text)]
        with server.must_return_to_what_it_held(rows):
            options += ["--connections", 4, "--timeout-ms", timeout_ms, "--window", window]
            clients = Load(server, HEAVY, *options)
            time.sleep(phase + 1)
            before = server.metrics()
            time.sleep(phase - 1)
            after = server.metrics()
            windows = clients.report()

        def grown(name, **labels):
            return after.value(name, model="heavy", **labels) - before.value(name, model="heavy", **labels)

        executed = grown("rectifier_inference_phase_duration_seconds_count", phase="compute")
        busy = grown("rectifier_worker_busy_seconds_total")
        in_time = {entry["at"]: entry["per_second"] - entry["late"] / window for entry in windows}
        latency = {entry["at"]: entry["p50_ms"] for entry in windows}

        def mean(begin, end):
            return sum(in_time.get(float(at), 0.0) for at in range(begin, end)) / (end - begin)

        # The first second of a phase belongs to what was before it.
        first, during = mean(1, phase), mean(phase + 1, 2 * phase)
        peak = max(capacity, first)
        usual_latency = max(latency.get(float(at), 0.0) for at in range(1, phase))
        back = [
            at
            for at in range(2 * phase, 3 * phase)
            if in_time.get(float(at), 0) >= 0.9 * first and latency.get(float(at), 1e9) <= usual_latency
        ]
        recovery = back[0] + window - 2 * phase if back else float("inf")
    rows[:0] = [
        Row("heavy alone", f"{service['p50_ms']:.1f} ms; capacity {capacity:.0f}/s", "≥ 8 ms", service["p50_ms"] >= 8),
        Row(
            f"10 × capacity for {phase} s, deadlines of {timeout_ms:.0f} ms, one worker",
            f"{during:.1f} of {peak:.1f} answers in time a second ({100 * during / peak:.0f} %); "
            f"{executed / (phase - 1):.1f} executed, in {1e3 * busy / executed:.1f} ms each, worker busy "
            f"{100 * busy / (phase - 1):.0f} %",
            "≥ 90 %",
            during >= 0.9 * peak,
        ),
        Row(
            "back at 1 ×",
            f"{recovery:.0f} s; {mean(2 * phase + 5, 3 * phase):.1f}/s from the 5th second, {first:.1f}/s before",
            "≤ 5 s to 90 % of the answers and the latency of before",
            recovery <= 5,
        ),
    ]
    return rows


def unwanted_work():
    """Requests that are cancelled or expire while they wait, and such as cannot be done in time."""
    rows = []
    with FaultServer((networks.light, networks.heavy, networks.long), "--workers", 1) as server:
        load(server, long_request(128), "--burst", 1)
        with server.must_return_to_what_it_held(rows):
            stall = _begun(server, long_request(128))
            before = server.executed("light")
            burst = ("--burst", 500, "--connections", 5)
            given_up = Load(server, LIGHT, *burst, "--cancel-every", 1, "--cancel-after-ms", 100)
            expired = Load(server, LIGHT, *burst, "--timeout-ms", 300)
            given_up, expired = given_up.report()["codes"], expired.report()["codes"]
            stall.report()
            server.wait_until(
                lambda: server.metrics().value("rectifier_queue_tasks", model="light") == 0, "an empty queue"
            )
            executed = server.executed("light") - before
            rows.append(
                Row(
                    "behind a stalled worker 500 requests that are cancelled, and 500 whose deadline passes",
                    f"{executed:.0f} executed; clients saw {given_up} and {expired}",
                    "≤ 1 %",
                    executed <= 10 and given_up == {"CANCELLED": 500} and expired == {"DEADLINE_EXCEEDED": 500},
                )
            )
            service = load(server, HEAVY, "--seconds", 2)["p50_ms"]
            before = server.executed("heavy")
            options = ("--phase", "100:5", "--timeout-ms", service / 2, "--window", 100)
            (report,) = load(server, HEAVY, *options)
            time.sleep(4 * service / 1e3)
            executed = server.executed("heavy") - before
            sent = sum(report["codes"].values())
            rows.append(
                Row(
                    f"{sent} requests with half the service time ({service:.1f} ms) as deadline",
                    f"{executed:.0f} executed ({100 * executed / sent:.1f} %); clients saw {report['codes']}",
                    "≤ 1 %",
                    executed <= 0.01 * sent,
                )
            )
    return rows
