"""The real server, as its own process on loopback, and what the tests ask it with.

Every wait here is for a condition and has a bound; nothing sleeps for a fixed time.
"""

import contextlib
import dataclasses
import http.client
import os
import pathlib
import signal
import socket
import subprocess
import tempfile
import time

import grpc
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE_REPOSITORY = ROOT / "examples" / "models"
DATA = ROOT / "examples" / "data" / "digits"
PYTORCH_MODELS = ("digits_leaky_relu", "digits_prelu")
KERAS_MODELS = ("digits_keras_leaky_relu", "digits_keras_prelu")
SAMPLE_MODELS = (*PYTORCH_MODELS, *KERAS_MODELS)

# Generous, because sanitizers and a shared machine are slow; a wait that is not a failure ends long before.
SECONDS = 60.0


def binary(variable):
    """The program that CMake passed in the environment. A test without one fails."""
    path = os.environ.get(variable)
    assert path, f"{variable} must name the program to test"
    assert os.access(path, os.X_OK), f"{variable}: {path} is no program"
    return path


def clean_environment(**settings):
    """This process's environment without what would set options or detour loopback connections."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("RECTIFIER_") and not name.lower().endswith("_proxy")
    }
    return kept | settings


def run(*arguments, env=None, program="RECTIFIER_BIN", cwd=None):
    """Runs the program to its end; the result has returncode, stdout and stderr (text)."""
    return subprocess.run(
        [binary(program), *map(str, arguments)],
        env=clean_environment(**(env or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
        cwd=cwd,
    )


def run_client(*arguments, env=None):
    return run(*arguments, env=env, program="RECTIFIER_CLIENT_BIN")


def held_out_images():
    """As the networks from PyTorch take them, [N,1,8,8]."""
    return np.load(DATA / "heldout_images.npy")


def channels_last(images):
    """As the networks from Keras take them, [N,8,8,1]."""
    return np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def held_out_labels():
    return np.load(DATA / "heldout_labels.npy")


def recorded_logits(model):
    """What PyTorch or Keras, whichever trained the model, computes for the held-out images."""
    return np.load(DATA / f"{model}.logits.npy")


@contextlib.contextmanager
def taken_port(listening=True):
    """A port that nobody else can have; connections are refused unless it is listened on."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        if listening:
            holder.listen()
        yield holder.getsockname()[1]


@dataclasses.dataclass
class HttpReply:
    code: int
    text: str
    headers: dict


class Server:
    """`rectifier serve` on free loopback ports.

    As a context manager it is up on entry, and on leaving it is stopped by SIGTERM and must end with exit code 0,
    unless the test has ended it itself.
    """

    def __init__(self, repository=SAMPLE_REPOSITORY, *options, env=None, lame_duck_ms=0):
        self._scratch = tempfile.TemporaryDirectory(prefix="rectifier-")
        self.directory = pathlib.Path(self._scratch.name)
        self.port_file = self.directory / "ports"
        self._log = self.directory / "log"
        self._command = [
            binary("RECTIFIER_BIN"),
            "serve",
            *("--model-repository", str(repository)),
            *("--host", "127.0.0.1"),
            *("--grpc-port", "0"),
            *("--http-port", "0"),
            *("--lame-duck-ms", str(lame_duck_ms)),
            *("--port-file", str(self.port_file)),
            *map(str, options),
        ]
        self._env = clean_environment(**(env or {}))
        self.process = None
        self.grpc = self.http = None

    def spawn(self):
        """Starts the process without waiting for anything."""
        with open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                self._command, env=self._env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.directory
            )

    def wait_until_up(self):
        self.wait_until(self.port_file.exists, "the port file")
        addresses = dict(line.split("=", 1) for line in self.port_file.read_text().splitlines())
        self.grpc, self.http = addresses["grpc"], addresses["http"]

    def wait_until(self, condition, what):
        """Returns once `condition()` holds; fails when the process ends first, or after a minute."""
        deadline = time.monotonic() + SECONDS
        while not condition():
            assert time.monotonic() < deadline, f"{what}: not within {SECONDS} s\n{self.log()}"
            with contextlib.suppress(subprocess.TimeoutExpired):
                code = self.process.wait(timeout=0.005)
                raise AssertionError(f"{what}: the server ended with {code}\n{self.log()}")

    def log(self):
        return self._log.read_text(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self):
        """The exit code, once the process has ended."""
        return self.process.wait(timeout=SECONDS)

    def stop(self):
        self.signal(signal.SIGTERM)
        return self.wait()

    def __enter__(self):
        try:
            self.spawn()
            self.wait_until_up()
        except BaseException:
            self.discard()
            raise
        return self

    def __exit__(self, failure, *_):
        try:
            if failure is None and self.process.returncode is None:
                code = self.stop()
                assert code == 0, f"exit code {code}\n{self.log()}"
        finally:
            if failure is not None:
                print(self.log())
            self.discard()

    def discard(self):
        """Kills the process if it still runs, and removes the files."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._scratch.cleanup()

    def channel(self, **options):
        """A connection of its own: gRPC would share one between channels to the same address."""
        settings = {"grpc.use_local_subchannel_pool": 1, "grpc.enable_http_proxy": 0} | options
        return grpc.insecure_channel(self.grpc, options=list(settings.items()))

    def get(self, path, method="GET"):
        connection = http.client.HTTPConnection(self.http, timeout=SECONDS)
        try:
            connection.request(method, path)
            reply = connection.getresponse()
            return HttpReply(reply.status, reply.read().decode(), dict(reply.getheaders()))
        finally:
            connection.close()
