"""The HTTP port: what Prometheus scrapes is well formed and counts what happened, and the probes answer."""

import subprocess

import grpc
import pytest
import serving
from exposition import Exposition
from tritonclient.grpc import service_pb2 as protocol
from tritonclient.grpc import service_pb2_grpc as protocol_grpc

MODEL = "digits_prelu"
OTHER = "digits_leaky_relu"


@pytest.fixture(name="server")
def server_fixture():
    """A server for each test: its counters begin at 0."""
    with serving.Server() as running:
        yield running


@pytest.fixture(name="stub")
def stub_fixture(server):
    with server.channel() as channel:
        yield protocol_grpc.GRPCInferenceServiceStub(channel)


def image_request(samples, model=MODEL):
    request = protocol.ModelInferRequest(model_name=model)
    request.inputs.add(name="image", datatype="FP32", shape=[samples, 1, 8, 8])
    request.raw_input_contents.append(bytes(4 * 64 * samples))
    return request


def infer(stub, request):
    return stub.ModelInfer(request, timeout=serving.SECONDS)


def infer_badly(stub, request):
    with pytest.raises(grpc.RpcError):
        infer(stub, request)


def scrape(server):
    return Exposition(server.get("/metrics").text)


def promtool(text):
    return subprocess.run(
        ["promtool", "check", "metrics"], input=text, capture_output=True, text=True, timeout=serving.SECONDS, check=False
    )


def test_promtool_finds_nothing_to_say_about_the_page(server, stub):
    infer(stub, image_request(3))
    infer_badly(stub, image_request(0))
    infer_badly(stub, image_request(1, model="nobody"))
    result = promtool(server.get("/metrics").text)
    assert (result.returncode, result.stdout + result.stderr) == (0, "")


def test_promtool_would_find_a_counter_without_help(server):
    assert promtool(server.get("/metrics").text + "\nrectifier_mystery 1\n").returncode != 0


def test_page_is_prometheus_text(server):
    reply = server.get("/metrics")
    assert reply.code == 200
    assert reply.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"


def test_every_request_counts_once_by_model_and_code(server, stub):
    for _ in range(5):
        infer(stub, image_request(1))
    infer(stub, image_request(1, model=OTHER))
    for _ in range(2):
        infer_badly(stub, image_request(0))
    infer_badly(stub, image_request(1, model="nobody"))
    page = scrape(server)
    requests = "rectifier_inference_requests_total"
    assert page.value(requests, model=MODEL, version="1", code="ok") == 5
    assert page.value(requests, model=OTHER, version="1", code="ok") == 1
    assert page.value(requests, model=MODEL, code="invalid_argument") == 2
    assert page.value("rectifier_inference_rejected_total", code="not_found") == 1
    assert page.value("rectifier_inference_request_duration_seconds_count", model=MODEL) == 7
    assert page.values(requests, model="nobody") == []


def test_batches_count_their_samples_and_phases_their_requests(server, stub):
    for samples in (1, 5, 32):
        infer(stub, image_request(samples))
    page = scrape(server)
    assert page.value("rectifier_batch_samples_sum", model=MODEL) == 38
    executions = page.value("rectifier_batch_samples_count", model=MODEL)
    assert executions >= 3, "5 samples run as 4 + 1 or padded to 8, as the costs are here"
    assert page.value("rectifier_batch_requests_count", model=MODEL) == executions
    assert page.value("rectifier_batch_samples_bucket", model=MODEL, le="1") >= 1
    assert page.value("rectifier_batch_samples_bucket", model=MODEL, le="+Inf") == executions
    assert page.value("rectifier_batch_padding_samples_total", model=MODEL) in (0, 3)
    assert page.value("rectifier_batches_closed_total", model=MODEL, reason="delay") == 0
    # A batch is counted when its worker is done with it, which is after its last answer.
    server.wait_until(lambda: sum(scrape(server).values("rectifier_batches_closed_total", model=MODEL)) == 3, "3 batches")
    assert page.value("rectifier_worker_busy_seconds_total", model=MODEL) > 0
    for phase in ("queue", "input", "compute", "output"):
        assert page.value("rectifier_inference_phase_duration_seconds_count", model=MODEL, phase=phase) == 3
    assert page.value("rectifier_batch_samples_count", model=OTHER) == 0


def test_costs_of_programs_are_known_soon_after_the_start(server):
    def known():
        page = scrape(server)
        return {len(page.values("rectifier_program_cost_seconds", model=model)) for model in serving.SAMPLE_MODELS}

    server.wait_until(lambda: known() == {6}, "the costs of 1, 2, 4, … 32 samples")
    costs = [
        scrape(server).value("rectifier_program_cost_seconds", model=MODEL, batch=str(batch)) for batch in (1, 32)
    ]
    assert 0 < costs[0] < costs[1]


def test_nothing_is_in_flight_or_queued_when_all_is_answered(server, stub):
    calls = [stub.ModelInfer.future(image_request(2), timeout=serving.SECONDS) for _ in range(50)]
    for call in calls:
        call.result()
    page = scrape(server)
    for gauge in ("rectifier_inference_requests_in_flight", "rectifier_queue_tasks", "rectifier_queue_bytes"):
        assert page.values(gauge, model=MODEL) == [0]
    assert page.value("rectifier_inference_requests_total", model=MODEL, code="ok") == 50
    assert page.value("rectifier_batch_samples_sum", model=MODEL) == 100
    assert sum(page.values("rectifier_queue_dropped_total", model=MODEL)) == 0


def test_models_build_and_process_are_described(server):
    page = scrape(server)
    for model in serving.SAMPLE_MODELS:
        assert page.value("rectifier_model_state", model=model, version="1", state="ready") == 1
        assert page.value("rectifier_model_load_duration_seconds", model=model) > 0
        assert page.value("rectifier_model_weight_bytes", model=model) > 100_000
        assert page.value("rectifier_model_load_failures_total", model=model) == 0
    assert page.value("rectifier_workers") >= 1
    version, engine = page.labels("rectifier_build_info")["version"], page.labels("rectifier_build_info")["onednn_version"]
    assert serving.run("--version").stdout.startswith(f"rectifier {version} (oneDNN {engine},")
    assert page.value("process_resident_memory_bytes") > 1 << 20
    assert page.value("process_open_fds") > 3


def test_probes_answer_yes_while_the_server_is_ready(server):
    for probe in ("live", "ready", "startup"):
        assert server.get(f"/healthz/{probe}").code == 200
        reply = server.get(f"/healthz/{probe}", method="HEAD")
        assert (reply.code, reply.text) == (200, "")


def test_liveness_does_not_go_through_a_proxy():
    with serving.taken_port(listening=False) as port:
        proxy = f"http://127.0.0.1:{port}"
        with serving.Server(env={"http_proxy": proxy, "https_proxy": proxy, "grpc_proxy": proxy}) as server:
            assert server.get("/healthz/live").code == 200


@pytest.mark.parametrize("path", ["/", "/healthz", "/metrics/", "/../../etc/passwd", "/%2e%2e/etc/passwd"])
def test_other_paths_are_not_found(server, path):
    assert server.get(path).code == 404


def test_other_methods_are_not_allowed(server):
    reply = server.get("/metrics", method="POST")
    assert (reply.code, reply.headers["Allow"]) == (405, "GET, HEAD")
