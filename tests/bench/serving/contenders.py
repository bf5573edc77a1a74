"""The servers that are compared, each as a process on loopback that is stopped by leaving its context."""

import contextlib
import os
import pathlib
import signal
import subprocess
import sys
import time

SECONDS = 120.0


def wait_for(condition, what, process):
    deadline = time.monotonic() + SECONDS
    while not condition():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{what}: not there (exit code {process.returncode})")
        time.sleep(0.01)


@contextlib.contextmanager
def stopped_at_the_end(process):
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextlib.contextmanager
def rectifier(bin_dir, repository, scratch, *options, stderr=None):
    """The addresses and the process."""
    ports = pathlib.Path(scratch) / "ports"
    ports.unlink(missing_ok=True)
    command = [bin_dir / "rectifier", "serve", "--model-repository", repository, "--grpc-port", "0", "--http-port", "0"]
    command += ["--lame-duck-ms", "0", "--port-file", ports, *options]
    if "--log-level" not in options:
        command += ["--log-level", "error"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RECTIFIER_")}
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=stderr, env=environment)
    with stopped_at_the_end(process):
        wait_for(ports.exists, "rectifier", process)
        addresses = dict(line.split("=", 1) for line in ports.read_text().splitlines())
        time.sleep(2)  # what it measures of the models after it is ready
        yield addresses, process


@contextlib.contextmanager
def echo(bin_dir, reply, messages):
    command = [bin_dir / "echo_server", "--reply", reply] + (["--messages"] if messages else [])
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with stopped_at_the_end(process):
        yield process.stdout.readline().strip(), process


@contextlib.contextmanager
def triton(python, models, scratch):
    """Triton with ONNX Runtime behind its Python backend."""
    script = pathlib.Path(__file__).with_name("triton_server.py")
    ready = pathlib.Path(scratch) / "triton"
    ready.unlink(missing_ok=True)
    log = open(pathlib.Path(scratch) / "triton.log", "wb")
    process = subprocess.Popen([python, script, ready, *models], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    with stopped_at_the_end(process):
        wait_for(ready.exists, f"triton (see {log.name})", process)
        yield ready.read_text().strip(), process
