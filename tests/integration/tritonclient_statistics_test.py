"""get_inference_statistics: what perf_analyzer and dashboards compute from must add up."""

import time

import pytest
import serving
import tritonclient.grpc as triton
from tritonclient.utils import InferenceServerException

MODEL = "digits_prelu"
PHASES = ("queue", "compute_input", "compute_infer", "compute_output")


@pytest.fixture(name="client", scope="module")
def client_fixture(server):
    with triton.InferenceServerClient(server.grpc) as client:
        yield client


def infer(client, images, **options):
    tensor = triton.InferInput("image", list(images.shape), "FP32")
    tensor.set_data_from_numpy(images)
    return client.infer(MODEL, [tensor], **options)


def counted(client, model=MODEL):
    (statistics,) = client.get_inference_statistics(model, "1").model_stats
    assert (statistics.name, statistics.version) == (model, "1")
    return statistics


def requests_of(statistics):
    return {
        name: getattr(statistics.inference_stats, name).count
        for name in ("success", "fail", *PHASES, "cache_hit", "cache_miss")
    }


def test_every_phase_counts_each_request_once_and_samples_apart(client, images):
    before = counted(client)
    sizes = [1, 3, 8, 1, 32]
    for size in sizes:
        infer(client, images[:size])
    after = counted(client)
    rise = {name: now - requests_of(before)[name] for name, now in requests_of(after).items()}
    answered = dict.fromkeys(("success", *PHASES), len(sizes))
    assert rise == answered | {"fail": 0, "cache_hit": 0, "cache_miss": 0}
    assert after.inference_count - before.inference_count == sum(sizes)
    # A request may be run in parts, 3 samples as 2 + 1.
    executions = after.execution_count - before.execution_count
    assert len(sizes) <= executions <= sum(sizes)


def test_batches_add_up_to_executions_and_samples(client, images):
    for size in (1, 5, 7, 32):
        infer(client, images[:size])
    statistics = counted(client)
    sizes = [batch.batch_size for batch in statistics.batch_stats]
    assert sizes == sorted(set(sizes))
    assert sum(batch.compute_infer.count for batch in statistics.batch_stats) == statistics.execution_count
    samples = sum(batch.batch_size * batch.compute_infer.count for batch in statistics.batch_stats)
    assert samples == statistics.inference_count
    for batch in statistics.batch_stats:
        assert batch.compute_input.count == batch.compute_infer.count == batch.compute_output.count
        assert batch.compute_infer.ns > 0


def test_time_of_the_phases_fits_into_that_of_the_requests(client, images):
    before = counted(client).inference_stats
    began = time.monotonic_ns()
    for _ in range(5):
        infer(client, images[:8])
    took = time.monotonic_ns() - began
    after = counted(client).inference_stats
    rise = {name: getattr(after, name).ns - getattr(before, name).ns for name in ("success", *PHASES)}
    assert all(ns > 0 for ns in rise.values()), rise
    assert sum(rise[phase] for phase in PHASES) <= rise["success"] <= took


def test_requests_that_were_accepted_and_not_run_have_failed(client, images):
    before = counted(client)
    with pytest.raises(InferenceServerException) as failure:
        infer(client, images[:1], timeout=1)
    assert failure.value.status() == "StatusCode.DEADLINE_EXCEEDED"
    after = counted(client)
    rise = {name: now - requests_of(before)[name] for name, now in requests_of(after).items()}
    assert rise == dict.fromkeys(rise, 0) | {"fail": 1}
    assert after.inference_count == before.inference_count
    assert after.execution_count == before.execution_count


def test_requests_that_were_refused_are_not_counted_as_inferences(client, images):
    before = counted(client)
    with pytest.raises(InferenceServerException):
        infer(client, images[:1].reshape(1, 1, 4, 16))
    assert requests_of(counted(client)) == requests_of(before)


def test_streamed_requests_count_as_others_do(client, images):
    before = counted(client)
    client.start_stream(callback=lambda result, error: None)
    tensor = triton.InferInput("image", [3, 1, 8, 8], "FP32")
    tensor.set_data_from_numpy(images[:3])
    for _ in range(10):
        client.async_stream_infer(MODEL, [tensor])
    client.stop_stream()
    after = counted(client)
    assert after.inference_stats.success.count - before.inference_stats.success.count == 10
    assert after.inference_count - before.inference_count == 30


def test_last_inference_is_the_wall_clocks_milliseconds(client, images):
    began = time.time()
    infer(client, images[:1])
    # The two clocks are read one after the other, and cut to milliseconds.
    assert began - 0.01 <= counted(client).last_inference / 1000 <= time.time() + 0.01


def test_statistics_without_a_name_are_of_every_model(client):
    statistics = client.get_inference_statistics().model_stats
    assert {(model.name, model.version) for model in statistics} == {(m, "1") for m in serving.SAMPLE_MODELS}


def test_statistics_without_a_version_are_of_every_version(client):
    (statistics,) = client.get_inference_statistics(MODEL, as_json=True)["model_stats"]
    assert statistics["name"] == MODEL
    assert int(statistics["version"]) == 1
    assert int(statistics["inference_count"]) == counted(client).inference_count
    assert {"success", *PHASES} <= statistics["inference_stats"].keys()


@pytest.mark.parametrize(("model", "version"), [("nobody", ""), (MODEL, "9")])
def test_statistics_of_what_is_not_there_are_not_found(client, model, version):
    with pytest.raises(InferenceServerException) as failure:
        client.get_inference_statistics(model, version)
    assert failure.value.status() == "StatusCode.NOT_FOUND"
    assert f"'{model}'" in failure.value.message()


def test_concurrent_requests_share_executions_and_none_is_lost(client, images):
    before = counted(client)
    tensor = triton.InferInput("image", [1, 1, 8, 8], "FP32")
    tensor.set_data_from_numpy(images[:1])
    failures = []
    client.start_stream(callback=lambda result, error: failures.append(error) if error else None)
    for _ in range(500):
        client.async_stream_infer(MODEL, [tensor])
    client.stop_stream()
    assert not failures
    after = counted(client)
    assert after.inference_count - before.inference_count == 500
    assert 0 < after.execution_count - before.execution_count <= 500
    for phase in PHASES:
        assert requests_of(after)[phase] - requests_of(before)[phase] == 500, phase
