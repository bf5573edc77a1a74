#!/usr/bin/env python3
"""Runs the ecosystem's own clients, unmodified, against the server, and checks what they say against what it counted.

    .deps/test-venv/bin/python tests/compatibility/clients.py --grpcurl GRPCURL --ghz GHZ \\
        --perf-analyzer PERF_ANALYZER [--perf-analyzer-root ROOT]

A client that is not named is left out. How to get them:

    grpcurl, ghz     GOBIN=DIR go install github.com/fullstorydev/grpcurl/cmd/grpcurl@latest    (Go 1.24 or newer)
                     GOBIN=DIR go install github.com/bojand/ghz/cmd/ghz@latest
    perf_analyzer    pip download --no-deps --only-binary=:all: --platform manylinux_2_38_x86_64 \\
                         --python-version 3.12 perf-analyzer==2.60.0
                     and unzip the wheel; the program is perf_analyzer/bin/perf_analyzer.
                     It needs glibc 2.38. Where there is an older one, unzip it into a root of Debian 13 (debootstrap
                     --variant=minbase trixie ROOT), mount --bind /proc ROOT/proc, and name ROOT: it is run by chroot.

Each run is bounded in time. A run passes when the client ends with the exit code that it should, tells of no error,
and the server counted the requests that the client did, none of them failed. Exit code 1 when one does not pass.
"""

import argparse
import base64
import contextlib
import dataclasses
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import grpc
from tritonclient.grpc import service_pb2 as protocol
from tritonclient.grpc import service_pb2_grpc

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "bench" / "serving"))
import contenders  # noqa: E402

MODEL = "digits_prelu"
ELEMENTS = 64
SERVICE = "inference.GRPCInferenceService"
SECONDS = 60


class Failed(Exception):
    """What a client did that it should not have done."""


def expect(holds, what):
    if not holds:
        raise Failed(what)


@dataclasses.dataclass
class Counts:
    requests: int
    samples: int
    failures: int

    def since(self, before):
        return Counts(*(now - then for now, then in zip(vars(self).values(), vars(before).values(), strict=True)))


class Server:
    """Where it listens, and what it has counted."""

    def __init__(self, address, unix_socket, stub):
        self.address = address
        self.unix_socket = unix_socket
        self._stub = stub

    def counts(self):
        reply = self._stub.ModelStatistics(protocol.ModelStatisticsRequest(name=MODEL, version="1"), timeout=SECONDS)
        model = reply.model_stats[0]
        return Counts(model.inference_stats.success.count, model.inference_count, model.inference_stats.fail.count)


def run(command, code=0, **options):
    """What the command printed, when it ended with `code`."""
    result = subprocess.run(
        [str(part) for part in command],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        **options,
    )
    text = result.stdout + result.stderr
    expect(result.returncode == code, f"exit code {result.returncode}, not {code}: {' '.join(text.split())[-300:]}")
    return text if code else result.stdout


def module_version(program):
    """Of a program that Go built."""
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        said = subprocess.run(["go", "version", "-m", program], capture_output=True, text=True, check=True).stdout
        return re.search(r"^\tmod\t\S+\t(\S+)", said, re.MULTILINE)[1]
    return "of an unknown version: no Go to ask"


def request(raw, **fields):
    """A ModelInferRequest as JSON."""
    tensor = {"name": "image", "datatype": "FP32", "shape": [1, 1, 8, 8]}
    if raw:
        fields["raw_input_contents"] = [base64.b64encode(bytes(4 * ELEMENTS)).decode()]
    else:
        tensor["contents"] = {"fp32_contents": [0] * ELEMENTS}
    return {"model_name": MODEL, "inputs": [tensor], **fields}


# grpcurl


@dataclasses.dataclass
class Grpcurl:
    program: pathlib.Path

    def runs(self):
        return {
            "list, describe (reflection)": self.reflect,
            "every describing call": self.describe,
            "ModelInfer, typed and raw": self.infer,
            "ModelInfer over a Unix socket": self.unix_socket,
            "ModelStreamInfer": self.stream,
            "health Check and Watch": self.health,
            "refusals": self.refusals,
        }

    def version(self):
        return f"grpcurl {module_version(self.program)}"

    def call(self, server, method, *messages, code=0, options=()):
        data = "".join(map(json.dumps, messages)) or "{}"
        command = [self.program, "-plaintext", "-format-error", *options, "-d", data, server.address, method]
        return run(command, code)

    def ask(self, server, method, *messages):
        return json.loads(self.call(server, f"{SERVICE}/{method}", *messages))

    def reflect(self, server):
        services = run([self.program, "-plaintext", server.address, "list"]).split()
        expect(SERVICE in services and "grpc.health.v1.Health" in services, services)
        for service in services:
            expect("rpc " in run([self.program, "-plaintext", server.address, "describe", service]), service)
        return f"{len(services)} services"

    def describe(self, server):
        model = {"name": MODEL}
        expect(self.ask(server, "ServerLive")["live"] and self.ask(server, "ServerReady")["ready"], "not ready")
        expect(self.ask(server, "ModelReady", model)["ready"], "model not ready")
        expect(self.ask(server, "ServerMetadata")["name"] == "rectifier", "name")
        expect(self.ask(server, "ModelMetadata", model)["inputs"][0]["name"] == "image", "input")
        expect(self.ask(server, "ModelConfig", model)["config"]["max_batch_size"] > 0, "max_batch_size")
        expect(self.ask(server, "ModelStatistics", model)["model_stats"][0]["name"] == MODEL, "statistics")
        expect(MODEL in [m["name"] for m in self.ask(server, "RepositoryIndex")["models"]], "index")
        return "8 calls"

    def infer(self, server):
        before = server.counts()
        typed = self.ask(server, "ModelInfer", request(raw=False, id="7"))
        expect(typed["id"] == "7" and len(typed["outputs"][0]["contents"]["fp32_contents"]) == 10, typed)
        raw = self.ask(server, "ModelInfer", request(raw=True))
        expect(len(base64.b64decode(raw["raw_output_contents"][0])) == 40, raw)
        expect(server.counts().since(before) == Counts(2, 2, 0), "the server counted otherwise")
        return "2 calls, 2 counted"

    def unix_socket(self, server):
        command = [self.program, "-plaintext", "-unix", "-d", json.dumps(request(raw=True)), server.unix_socket]
        expect("raw_output_contents" in json.loads(run([*command, f"{SERVICE}/ModelInfer"])), "no outputs")
        return "1 call"

    def stream(self, server):
        messages = [request(raw=False, id=str(i)) for i in range(3)]
        messages[1]["model_name"] = "nobody"
        decoder, text, answers = json.JSONDecoder(), self.call(server, f"{SERVICE}/ModelStreamInfer", *messages), []
        while text.strip():
            one, end = decoder.raw_decode(text.strip())
            answers.append(one)
            text = text.strip()[end:]
        expect([a["infer_response"]["id"] for a in answers] == ["0", "1", "2"], answers)
        expect(["error_message" in a for a in answers] == [False, True, False], answers)
        return "3 requests, 2 answers and an error"

    def health(self, server):
        for service in ("", MODEL):
            check = self.call(server, "grpc.health.v1.Health/Check", {"service": service})
            expect(json.loads(check)["status"] == "SERVING", check)
        # A watch goes on until the client's deadline: exit code 64 + DEADLINE_EXCEEDED.
        watch = self.call(
            server, "grpc.health.v1.Health/Watch", {"service": MODEL}, code=64 + 4, options=["-max-time", "1"]
        )
        expect('"SERVING"' in watch, watch)
        return "SERVING"

    def refusals(self, server):
        """grpcurl ends with 64 + the status code."""
        unknown = self.call(server, f"{SERVICE}/ModelInfer", {"model_name": "nobody"}, code=64 + 5)
        expect("model 'nobody'" in unknown, unknown)
        self.call(server, f"{SERVICE}/ModelInfer", {"model_name": MODEL}, code=64 + 3)
        self.call(server, "grpc.health.v1.Health/Check", {"service": "nobody"}, code=64 + 5)
        return "3 calls"


# ghz


@dataclasses.dataclass
class Ghz:
    program: pathlib.Path

    def runs(self):
        def infer(raw, *options):
            return lambda server: self.load(server, "ModelInfer", request(raw), 1, *options)

        return {
            "ModelInfer, typed, concurrency 1": infer(False, "-n", 1000, "-c", 1),
            "ModelInfer, typed, concurrency 16": infer(False, "-n", 4000, "-c", 16),
            "ModelInfer, raw, concurrency 16": infer(True, "-n", 4000, "-c", 16),
            "ModelInfer, raw, concurrency 64, 8 connections": infer(True, "-n", 4000, "-c", 64, "--connections", 8),
            "ModelInfer, raw, 500 a second": infer(True, "-n", 1000, "-c", 16, "--rps", 500),
            "ModelStreamInfer, 8 requests a call": lambda server: self.load(
                server, "ModelStreamInfer", [request(raw=True)] * 8, 8, "-n", 400, "-c", 8
            ),
            "health Check": lambda server: self.load(server, None, {}, 0, "-n", 2000, "-c", 8),
        }

    def version(self):
        return f"ghz {module_version(self.program)}"

    def load(self, server, method, data, requests_a_call, *options):
        name = f"{SERVICE}/{method}" if method else "grpc.health.v1.Health/Check"
        before = server.counts()
        command = [self.program, "--insecure", "--format", "json", "--call", name, "-d", json.dumps(data), *options]
        report = json.loads(run([*command, server.address]))
        count = report["count"]
        expect(report["statusCodeDistribution"] == {"OK": count}, report["statusCodeDistribution"])
        expect(report["rps"] > 0 and report["endReason"] == "normal", report["endReason"])
        expected = count * requests_a_call
        counted = server.counts().since(before)
        expect(counted == Counts(expected, expected, 0), f"{count} calls, the server counted {counted}")
        return f"{count} calls, {counted.requests} counted, {report['rps']:.0f} calls/s"


# perf_analyzer


@dataclasses.dataclass
class PerfAnalyzer:
    program: pathlib.Path
    root: pathlib.Path | None

    def runs(self):
        modes = {
            "sync": ["--sync"],
            "async": ["--async"],
            "streaming": ["--async", "--streaming"],
        }
        runs = {}
        for batch in (1, 8):
            for name, options in modes.items():
                runs[f"-b {batch}, {name}, concurrency 1 and 9"] = self.measuring(batch, *options, concurrency="1:9:8")
        for share in (1, 16):
            runs[f"-b 8, async, concurrency 16, {share} to a channel"] = self.measuring(
                8, "--async", "--shared-memory", "none", concurrency="16", share=share
            )
        runs["-b 1, async, 500 requests a second"] = self.measuring(1, "--async", "--request-rate-range", 500)
        runs["-b 1, gzip: refused in clear words"] = self.refuse_compression
        return runs

    def version(self):
        folder = self.program if self.root is None else self.root / self.program.relative_to("/")
        found = sorted(folder.parents[2].glob("perf_analyzer-*.dist-info"))
        return f"perf_analyzer {found[0].stem.split('-')[1]}" if found else "perf_analyzer"

    def command(self, server, batch, *options):
        within = ["chroot", self.root] if self.root else []
        command = [*within, self.program, "-m", MODEL, "-u", server.address, "-i", "grpc", "-b", batch]
        # Short windows on a machine that others use: how steady they are is not what is asked.
        steady = ["--measurement-interval", 500, "--stability-percentage", 90, "--max-trials", 6]
        return [*command, "--shape", "image:1,8,8", *steady, *options]

    def measuring(self, batch, *options, concurrency=None, share=None):
        if concurrency:
            options += ("--concurrency-range", concurrency)
        environment = dict(os.environ)
        if share:
            environment["TRITON_CLIENT_GRPC_CHANNEL_MAX_SHARE_COUNT"] = str(share)

        def measure(server):
            before = server.counts()
            text = run(self.command(server, batch, *options), env=environment)
            counted = server.counts().since(before)
            expect(counted.failures == 0, f"the server counted {counted}")
            expect("rror" not in text, " ".join(text.split())[-300:])
            clients = [int(n) for n in re.findall(r"^    Request count: (\d+)", text, re.MULTILINE)]
            servers = [int(n) for n in re.findall(r"^    Inference count: (\d+)", text, re.MULTILINE)]
            rates = [float(n) for n in re.findall(r"^    Throughput: ([\d.]+)", text, re.MULTILINE)]
            steps = 2 if concurrency == "1:9:8" else 1
            expect(len(clients) == len(servers) == len(rates) == steps, f"{len(clients)} of {steps} measurements")
            expect(min(rates) > 0, rates)
            for client, samples in zip(clients, servers, strict=True):
                # What is under way at the ends of its three windows is in one count and not in the other.
                slack = 3 * 16 + 0.02 * client
                expect(abs(samples / batch - client) <= slack, f"client {client} requests, server {samples} samples")
            expect(counted.samples == batch * counted.requests >= sum(servers), f"the server counted {counted}")
            figures = ", ".join(f"{rate:.0f}" for rate in rates)
            return f"client {sum(clients)} requests, server {sum(servers)} samples; {figures} samples/s"

        return measure

    def refuse_compression(self, server):
        command = self.command(server, 1, "--async", "--grpc-compression-algorithm", "gzip", "--concurrency-range", 1)
        text = run(command, code=99)
        expect("Compression algorithm 'gzip' is disabled" in text, text)
        return "exit code 99, the reason named"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--grpcurl", type=pathlib.Path)
    parser.add_argument("--ghz", type=pathlib.Path)
    parser.add_argument("--perf-analyzer", type=pathlib.Path, help="its path within the root, if there is one")
    parser.add_argument("--perf-analyzer-root", type=pathlib.Path)
    parser.add_argument("--bin-dir", type=pathlib.Path, default=ROOT / "build" / "release" / "bin")
    parser.add_argument("--only", default="", help="only the runs whose name contains this")
    arguments = parser.parse_args()
    clients = []
    if arguments.grpcurl:
        clients.append(Grpcurl(arguments.grpcurl))
    if arguments.ghz:
        clients.append(Ghz(arguments.ghz))
    if arguments.perf_analyzer:
        clients.append(PerfAnalyzer(arguments.perf_analyzer, arguments.perf_analyzer_root))
    if not clients:
        parser.error("name at least one client")

    passed = failed = 0
    with contextlib.ExitStack() as stack:
        scratch = stack.enter_context(tempfile.TemporaryDirectory())
        socket = pathlib.Path(scratch) / "rectifier.sock"
        addresses, _ = stack.enter_context(
            contenders.rectifier(arguments.bin_dir, ROOT / "examples" / "models", scratch, "--unix-socket", socket)
        )
        channel = stack.enter_context(
            grpc.insecure_channel(addresses["grpc"], options=[("grpc.enable_http_proxy", 0)])
        )
        server = Server(addresses["grpc"], socket, service_pb2_grpc.GRPCInferenceServiceStub(channel))
        for client in clients:
            print(client.version())
            for name, one_run in client.runs().items():
                if arguments.only not in name:
                    continue
                began = time.monotonic()
                try:
                    verdict, said = "ok", one_run(server)
                except (Failed, OSError, ValueError, KeyError, subprocess.TimeoutExpired) as failure:
                    verdict, said = "FAILED", f"{type(failure).__name__}: {failure}"
                passed += verdict == "ok"
                failed += verdict != "ok"
                print(f"  {verdict:6} {name:48} {time.monotonic() - began:5.1f} s  {said}", flush=True)
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
