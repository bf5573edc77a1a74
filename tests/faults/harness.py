"""The server under test, what it takes of the machine, and the client that loads it."""

import contextlib
import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import networks
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "integration"))
import exposition  # noqa: E402
import serving  # noqa: E402
from tritonclient.grpc import service_pb2  # noqa: E402

MIB = 1 << 20

# Of a program of this folder; what ends in time ends long before.
SECONDS = 120


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: a figure of a fault, and whether it is as it must be."""

    done: str
    figure: str
    target: str
    passed: bool


@dataclasses.dataclass(frozen=True)
class Usage:
    """What a process holds."""

    threads: int
    descriptors: int
    resident: int  # bytes

    @staticmethod
    def of(pid):
        status = dict(line.split(":\t", 1) for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines())
        return Usage(
            int(status["Threads"]), len(os.listdir(f"/proc/{pid}/fd")), int(status["VmRSS"].split()[0]) * 1024
        )


def peak_resident(pid):
    """The highest resident size since reset_peak(), bytes."""
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM"):
            return int(line.split()[1]) * 1024
    raise AssertionError("no VmHWM")


def reset_peak(pid):
    pathlib.Path(f"/proc/{pid}/clear_refs").write_text("5")


def infer_request(model, shape):
    request = service_pb2.ModelInferRequest(model_name=model, id="1")
    request.inputs.add(name="x", datatype="FP32", shape=shape)
    request.raw_input_contents.append(np.random.RandomState(1).normal(size=shape).astype("<f4").tobytes())
    return request.SerializeToString()


LIGHT = infer_request("light", [1, 8, 16, 16])
HEAVY = infer_request("heavy", [1, 8, 16, 16])
WIDE = infer_request("wide", [1, 1, 16, 16])


def long_request(size):
    return infer_request("long", [1, 8, size, size])


class FaultServer(serving.Server):
    """A server of some of networks.py's networks, whose costs are known when it has been entered."""

    def __init__(self, builders, *options, lame_duck_ms=0):
        self._models = tempfile.TemporaryDirectory(prefix="rectifier-faults-")
        self._builders = builders
        networks.write(self._models.name, *builders)
        super().__init__(self._models.name, *options, "--log-level", "error", lame_duck_ms=lame_duck_ms)

    def __enter__(self):
        super().__enter__()
        for builder in self._builders:
            if builder is not networks.long:  # one of open dimensions is not measured before requests come
                self.wait_until(lambda name=builder.__name__: self._is_measured(name), "the costs of the networks")
        return self

    def discard(self):
        super().discard()
        self._models.cleanup()

    def _is_measured(self, name):
        return bool(self.metrics().values("rectifier_program_cost_seconds", model=name))

    def metrics(self):
        return exposition.Exposition(self.get("/metrics").text)

    def executed(self, model):
        """Requests of a model that were run, by the metrics."""
        return self.metrics().value(
            "rectifier_inference_phase_duration_seconds_count", model=model, phase="compute"
        )

    def usage(self):
        return Usage.of(self.process.pid)

    @contextlib.contextmanager
    def must_return_to_what_it_held(self, rows, slack_mib=32):
        """Adds the row that compares what the server holds before and after."""
        before = self.usage()
        yield
        after = settled = self.usage()
        deadline = time.monotonic() + 15
        while not self._is_back(before, settled, slack_mib) and time.monotonic() < deadline:
            time.sleep(0.2)  # connections that were cut are noticed and freed in their own time
            settled = self.usage()
        after = settled
        rows.append(
            Row(
                "afterwards, within 15 s",
                f"threads {before.threads} → {after.threads}, descriptors {before.descriptors} → "
                f"{after.descriptors}, resident {before.resident / MIB:.0f} → {after.resident / MIB:.0f} MiB",
                f"threads + 4, descriptors + 2, + {slack_mib} MiB",
                self._is_back(before, after, slack_mib),
            )
        )

    @staticmethod
    def _is_back(before, after, slack_mib):
        # gRPC keeps threads for its calls, a few more or fewer.
        return (
            after.threads <= before.threads + 4
            and after.descriptors <= before.descriptors + 2
            and after.resident <= before.resident + slack_mib * MIB
        )


class Load:
    """load_generator against a server, in the background; report() waits for its end."""

    def __init__(self, server, request, *options):
        self._request = tempfile.NamedTemporaryFile(prefix="rectifier-request-")
        self._request.write(request)
        self._request.flush()
        program = pathlib.Path(os.environ["RECTIFIER_BIN"]).with_name("load_generator")
        command = [program, "--target", server.grpc, "--request", self._request.name, *map(str, options)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=serving.clean_environment())

    def report(self):
        out, _ = self._process.communicate(timeout=SECONDS)
        self._request.close()
        assert self._process.returncode == 0, "load_generator failed"
        return json.loads(out)


def load(server, request, *options):
    return Load(server, request, *options).report()


def failures(report):
    """Of a closed loop's report: codes that are not OK, with their numbers."""
    return {code: count for code, count in report["codes"].items() if code != "OK"}
