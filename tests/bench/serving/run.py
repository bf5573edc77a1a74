#!/usr/bin/env python3
"""Measures what the server costs, beside the ceilings and beside a peer, and prints tables of ratios.

* A small network, and one that computes next to nothing, against a bare gRPC server that answers with the same bytes:
  one that neither reads requests nor makes replies, and one that parses the one and serializes the other, as services
  usually do. With the server's CPU time for each request.
* Large networks against the engine in a loop on as many threads, without a server: a worker for each CPU, so that the
  client and the transport take their time from the workers, and one, so that they have a CPU to themselves.
* With --triton, against Triton (ONNX Runtime behind its Python backend).

All are driven by the same client, in turns, several times; a figure is the median of the turns' ratios and in brackets
their least and greatest. Needs numpy, onnx, onnxruntime and tritonclient[grpc].
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import contenders
import grpc
import numpy as np
import picture
from tritonclient.grpc import service_pb2

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "networks"))
import catalog  # noqa: E402
import peer  # noqa: E402

SMALL = "perceptron"  # 64, 256, 128, 64, 10
TINY = "perceptron_tiny"  # 12, 16, 8, 4
LARGE = ("mobilefacenet", "tiny_yolov2")
WARM_UP = 0.5  # load_generator's, in seconds
METHOD = "/inference.GRPCInferenceService/ModelInfer"


def request_for(network, model, typed, batch=1, scale="full", name=None):
    case = peer.make_case(network, scale, model, batch)
    request = service_pb2.ModelInferRequest(model_name=name or network.name, id="1")
    for name, array in case.inputs.items():
        tensor = request.inputs.add(name=name, datatype="FP32", shape=array.shape)
        if typed:
            tensor.contents.fp32_contents.extend(array.ravel().tolist())
        else:
            request.raw_input_contents.append(array.astype(np.float32).tobytes())
    return request.SerializeToString()


def call(address, request, metadata=()):
    """The reply's bytes."""
    options = [("grpc.max_receive_message_length", -1), ("grpc.enable_http_proxy", 0)]
    with grpc.insecure_channel(address, options=options) as channel:
        return channel.unary_unary(METHOD)(request, timeout=60, metadata=metadata)


class Load:
    def __init__(self, bin_dir, scratch, seconds):
        self._program = bin_dir / "load_generator"
        self._scratch = pathlib.Path(scratch)
        self.seconds = seconds

    def __call__(self, address, request, concurrency, reply=None, seconds=None, connections=None):
        """What load_generator reports of a closed loop."""
        request_file = self._scratch / "request"
        request_file.write_bytes(request)
        command = [self._program, "--target", address, "--request", request_file, "--concurrency", str(concurrency)]
        command += ["--connections", str(connections or min(concurrency, 8)), "--seconds", str(seconds or self.seconds)]
        if reply is not None:
            reply_file = self._scratch / "reply"
            reply_file.write_bytes(reply)
            command += ["--reply", reply_file]
        report = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
        if set(report["codes"]) - {"OK"} or report["wrong"]:
            sys.exit(f"{address}: {report}")
        return report


class Spread:
    """A ratio that was measured several times."""

    def __init__(self, values):
        self.values = sorted(values)

    def __str__(self):
        return f"{statistics.median(self.values):.2f} [{self.values[0]:.2f}–{self.values[-1]:.2f}]"


def in_turns(rounds, contestants):
    """Each contestant is a function; returns their results by name, a list of one entry a round."""
    results = {name: [] for name in contestants}
    for turn in range(rounds):
        order = list(contestants) if turn % 2 == 0 else list(reversed(contestants))
        for name in order:
            results[name].append(contestants[name]())
    return results


def ratios(results, ours, theirs, key):
    return Spread([a[key] / b[key] for a, b in zip(results[ours], results[theirs], strict=True)])


def table(title, header, rows):
    print(f"\n{title}\n")
    print("| " + " | ".join(header) + " |")
    print("|" + "---|" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def with_cpu(load, process, *arguments):
    """What `load` reports, and the process's CPU time for each request."""
    before = cpu_seconds(process)
    report = load(*arguments)
    requests = report["per_second"] * (load.seconds + WARM_UP)  # which goes at the same rate
    return report | {"cpu_us": (cpu_seconds(process) - before) * 1e6 / requests}


def against_echo(options, load, address, process, models, scratch):
    rows = []
    points = []
    for name, form in ((name, form) for name in (TINY, SMALL) for form in ("raw", "typed")):
        network, model = models[name]
        scale = "small" if name == TINY else "full"
        request = request_for(network, model, form == "typed", scale=scale, name=name)
        reply = call(address, request)
        reply_file = pathlib.Path(scratch) / "echoed"
        reply_file.write_bytes(reply)
        with (
            contenders.echo(options.bin_dir, reply_file, False) as (bytes_echo, bytes_process),
            contenders.echo(options.bin_dir, reply_file, True) as (message_echo, message_process),
        ):
            for concurrency in options.concurrency:
                results = in_turns(
                    options.rounds,
                    {
                        "rectifier": lambda: with_cpu(load, process, address, request, concurrency, reply),
                        "echo of messages": lambda: with_cpu(load, message_process, message_echo, request, concurrency),
                        "echo of bytes": lambda: with_cpu(load, bytes_process, bytes_echo, request, concurrency),
                    },
                )
                ours = statistics.median(r["per_second"] for r in results["rectifier"])
                row = [name, form, concurrency, f"{ours:.0f}"]
                for other in ("echo of messages", "echo of bytes"):
                    row += [ratios(results, "rectifier", other, key) for key in ("per_second", "p99_ms")]
                row += [f"{statistics.median(r['cpu_us'] for r in reports):.0f}" for reports in results.values()]
                rows.append(row)
                if form == "raw" and name == SMALL:
                    for contestant, reports in results.items():
                        points.append((contestant, concurrency, reports))
    header = ["network", "contents", "in flight", "requests/s", "of messages: throughput", "p99", "of bytes: throughput"]
    header += ["p99", "CPU µs a request", "messages'", "bytes'"]
    table("A request of one sample, in parts of a bare gRPC echo", header, rows)
    return points


def against_engine(options, load, address, models, repository, threads):
    """Rows of the table."""
    rows = []
    for name in options.large:
        network, model = models[name]
        request = request_for(network, model, False)
        reply = call(address, request)
        file = pathlib.Path(repository) / name / "1" / "model.onnx"

        def engine(batch=1, file=file):
            command = [options.bin_dir / "engine_loop", file, "--threads", str(threads), "--batch", str(batch)]
            command += ["--seconds", str(options.seconds)]
            return {"per_second": float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)}

        for concurrency in options.concurrency:
            results = in_turns(
                options.rounds,
                {"rectifier": lambda: load(address, request, concurrency, reply), "engine": engine},
            )
            rows.append(
                [
                    name,
                    threads,
                    concurrency,
                    f"{statistics.median(r['per_second'] for r in results['rectifier']):.1f}",
                    f"{statistics.median(r['per_second'] for r in results['engine']):.1f}",
                    ratios(results, "rectifier", "engine", "per_second"),
                ]
            )
    return rows


def against_triton(options, load, address, models, repository, scratch):
    names = [SMALL, *options.large]
    files = [str(pathlib.Path(repository) / name / "1" / "model.onnx") for name in names]
    rows = []
    with contenders.triton(options.triton, files, scratch) as (triton, _):
        for name in names:
            network, model = models[name]
            request = request_for(network, model, False)
            reply = call(address, request)
            ours = service_pb2.ModelInferResponse.FromString(reply).raw_output_contents[0]
            theirs = service_pb2.ModelInferResponse.FromString(call(triton, request)).raw_output_contents[0]
            np.testing.assert_allclose(np.frombuffer(ours, "<f4"), np.frombuffer(theirs, "<f4"), rtol=1e-3, atol=1e-4)
            for concurrency in (1, 9):
                results = in_turns(
                    options.rounds,
                    {
                        "rectifier": lambda: load(address, request, concurrency, reply),
                        "triton": lambda: load(triton, request, concurrency),
                    },
                )
                medians = [statistics.median(r["per_second"] for r in results[who]) for who in ("rectifier", "triton")]
                row = [name, concurrency, *(f"{median:.1f}" for median in medians)]
                rows.append([*row, *(ratios(results, "rectifier", "triton", key) for key in ("per_second", "p99_ms"))])
    header = ["network", "in flight", "requests/s", "Triton's", "throughput", "p99"]
    table("In parts of Triton with ONNX Runtime behind its Python backend", header, rows)


def resident(process):
    for line in pathlib.Path(f"/proc/{process.pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def memory(options, load, address, models, process):
    network, model = models[SMALL]
    request = request_for(network, model, False)
    load(address, request, 64, seconds=60)
    early = resident(process)
    load(address, request, 64, seconds=60 * (options.memory_minutes - 1))
    late = resident(process)
    connections = 200
    channels = [grpc.insecure_channel(address, options=[("grpc.use_local_subchannel_pool", 1)]) for _ in range(connections)]
    for channel in channels:
        grpc.channel_ready_future(channel).result(timeout=10)
    connected = resident(process)
    for channel in channels:
        channel.close()
    rows = [
        ["after 1 minute of load, MiB", f"{early:.1f}"],
        [f"after {options.memory_minutes} minutes, MiB", f"{late:.1f} ({late / early:.3f}×)"],
        ["an idle connection, KiB", f"{(connected - late) * 1024 / connections:.1f}"],
    ]
    table("Resident memory", ["", ""], rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contestant")
    parser.add_argument("--seconds", type=float, default=3, help="of one measurement")
    parser.add_argument("--concurrency", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--large", nargs="*", default=list(LARGE), help="networks of tests/networks")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--only", choices=["echo", "engine", "triton", "memory"], nargs="+", default=["echo", "engine", "triton"])
    parser.add_argument("--triton", metavar="PYTHON", help="Debian's Python with nvidia-pytriton and onnxruntime")
    parser.add_argument("--memory-minutes", type=int, default=10)
    parser.add_argument("--picture", type=pathlib.Path, metavar="FILE.svg", help="latency against throughput")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="rectifier-bench-") as scratch:
        repository = pathlib.Path(scratch) / "models"
        models = {}
        # What the server measures of large networks would disturb the others for long.
        large = options.large if {"engine", "triton"} & set(options.only) else []
        for network in catalog.selected([SMALL, *large]):
            model = network.model("full")
            folder = repository / network.name / "1"
            folder.mkdir(parents=True)
            (folder / "model.onnx").write_bytes(model.SerializeToString())
            models[network.name] = (network, model)
        (network,) = catalog.selected([SMALL])
        models[TINY] = (network, network.model("small"))
        folder = repository / TINY / "1"
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(models[TINY][1].SerializeToString())
        load = Load(options.bin_dir, scratch, options.seconds)

        def server(workers):
            return contenders.rectifier(options.bin_dir, repository, scratch, "--workers", str(workers))

        if set(options.only) != {"engine"}:
            with server(options.workers) as (addresses, process):
                address = addresses["grpc"]
                if "echo" in options.only:
                    points = against_echo(options, load, address, process, models, scratch)
                    if options.picture:
                        options.picture.write_text(picture.latency_against_throughput(points))
                if "triton" in options.only and options.triton:
                    against_triton(options, load, address, models, repository, scratch)
                if "memory" in options.only:
                    memory(options, load, address, models, process)
        if "engine" in options.only:
            rows = []
            for workers in dict.fromkeys((options.workers, 1)):
                with server(workers) as (addresses, _):
                    rows += against_engine(options, load, addresses["grpc"], models, repository, workers)
            header = ["network", "workers", "in flight", "requests/s", "engine on as many threads, samples/s", "throughput"]
            table("Large networks, in parts of the bare engine in a loop", header, rows)


if __name__ == "__main__":
    main()
