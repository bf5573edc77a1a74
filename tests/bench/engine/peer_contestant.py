#!/usr/bin/env python3
"""Runs a network in another engine, with the commands and answers of contestant.cc.

The settings are those that are fair: the threads asked for, float32 throughout, static shapes, and a way to call that
copies nothing. What a call from Python to C takes by itself, less than a microsecond, is measured and taken off.
"""

import argparse
import ctypes
import json
import pathlib
import statistics
import sys
import tempfile
import time

import numpy as np


class OnnxRuntime:
    """All optimisations; inputs and outputs are bound once."""

    def __init__(self, model, threads, inputs):
        import onnx
        import onnxruntime

        self._library = onnxruntime
        self._model, self._threads, self._inputs = model, threads, inputs
        self._dimensions = {
            value.name: [dim.dim_param for dim in value.type.tensor_type.shape.dim]
            for value in onnx.load(model, load_external_data=False).graph.input
        }

    def load(self):
        """The first answer."""
        options = self._library.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        session = self._library.InferenceSession(self._model, self._fixed(options), ["CPUExecutionProvider"])
        names = [output.name for output in session.get_outputs()]
        outputs = session.run(names, self._inputs)
        self._session = session
        return outputs

    def _fixed(self, options):
        """With every symbolic dimension given its size."""
        for name, array in self._inputs.items():
            for dimension, size in zip(self._dimensions[name], array.shape):
                if dimension:
                    options.add_free_dimension_override_by_name(dimension, size)
        return options

    def caller(self, outputs):
        """A function that answers, into `outputs` once fetch() is called."""
        binding = self._session.io_binding()
        for name, array in self._inputs.items():
            binding.bind_cpu_input(name, array)
        for output, array in zip(self._session.get_outputs(), outputs):
            binding.bind_output(output.name, "cpu", 0, array.dtype, array.shape, array.ctypes.data)
        run, bound = self._session._sess.run_with_iobinding, binding._iobinding
        return lambda: run(bound, None)

    def fetch(self):
        """Puts the last answer into `outputs`, where it is already."""


class OpenVino:
    """One stream for the least latency; called through the C library, as the Python call takes up to 20 us."""

    PROPERTIES = {
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "f32",
        "NUM_STREAMS": "1",
        "ENABLE_CPU_PINNING": "NO",
    }

    def __init__(self, model, threads, inputs):
        import openvino

        self._library = openvino
        self._model, self._inputs = model, inputs
        self._properties = self.PROPERTIES | {"INFERENCE_NUM_THREADS": str(threads)}

    def load(self):
        core = self._library.Core()
        self._reshaped = core.read_model(self._model)
        self._reshaped.reshape({name: list(array.shape) for name, array in self._inputs.items()})
        compiled = core.compile_model(self._reshaped, "CPU", self._properties)
        request = compiled.create_infer_request()
        request.infer(self._inputs)
        return [request.get_output_tensor(i).data.copy() for i in range(len(compiled.outputs))]

    def caller(self, outputs):
        (path,) = (pathlib.Path(self._library.__file__).parent / "libs").glob("libopenvino_c.so.*")
        self._c = ctypes.CDLL(str(path))
        with tempfile.TemporaryDirectory() as scratch:
            file = str(pathlib.Path(scratch) / "model.xml")
            self._library.save_model(self._reshaped, file, compress_to_fp16=False)
            request = self._request(file)
        for i, name in enumerate(port.any_name for port in self._reshaped.inputs):
            array = self._inputs[name]
            to = self._data(self._c.ov_infer_request_get_input_tensor_by_index, request, i)
            ctypes.memmove(to, array.ctypes.data, array.nbytes)
        infer = self._c.ov_infer_request_infer
        self._check(infer(request))
        self._results = [
            (self._data(self._c.ov_infer_request_get_output_tensor_by_index, request, i), array)
            for i, array in enumerate(outputs)
        ]

        def call():
            self._status = infer(request)

        return call

    def fetch(self):
        """Puts the last answer into `outputs`."""
        self._check(self._status)
        for address, array in self._results:
            ctypes.memmove(array.ctypes.data, address, array.nbytes)

    def _request(self, file):
        core, compiled, request = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
        self._check(self._c.ov_core_create(ctypes.byref(core)))
        words = [word.encode() for pair in self._properties.items() for word in pair]
        words = [ctypes.c_char_p(word) for word in words]
        count = ctypes.c_size_t(len(words))
        device = ctypes.c_char_p(b"CPU")
        path = ctypes.c_char_p(file.encode())
        self._check(self._c.ov_core_compile_model_from_file(core, path, device, count, ctypes.byref(compiled), *words))
        self._check(self._c.ov_compiled_model_create_infer_request(compiled, ctypes.byref(request)))
        return request

    def _data(self, get, request, index):
        tensor, data = ctypes.c_void_p(), ctypes.c_void_p()
        self._check(get(request, ctypes.c_size_t(index), ctypes.byref(tensor)))
        self._check(self._c.ov_tensor_data(tensor, ctypes.byref(data)))
        return data.value

    def _check(self, status):
        if status != 0:
            sys.exit(f"OpenVINO: status {status}")


ENGINES = {"onnxruntime": OnnxRuntime, "openvino": OpenVino}


def resident_mib():
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    return 0.0


def timed(call, seconds):
    """Nanoseconds of each run, after one that warms up unless it takes all of the time."""
    clock = time.perf_counter_ns
    start = clock()
    call()
    last = clock()
    if last - start >= seconds * 1e9:
        return [last - start]
    times = []
    start = last
    while True:
        call()
        now = clock()
        times.append(now - last)
        last = now
        if last - start >= seconds * 1e9:
            return times


def call_overhead():
    """Nanoseconds of a call into C that does nothing."""
    nothing = ctypes.CDLL(None).labs
    argument = ctypes.c_void_p(1)
    return statistics.median(timed(lambda: nothing(argument), 0.01))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("engine", choices=ENGINES)
    parser.add_argument("model")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--input", action="append", default=[], metavar="NAME=FILE.npy")
    options = parser.parse_args()
    inputs = {name: np.load(file) for name, file in (text.rsplit("=", 1) for text in options.input)}
    engine = ENGINES[options.engine](options.model, options.threads, inputs)
    before = resident_mib()
    start = time.perf_counter()
    outputs = [np.ascontiguousarray(output) for output in engine.load()]
    seconds = time.perf_counter() - start
    print(json.dumps({"first_answer_s": seconds, "before_mib": before, "after_mib": resident_mib()}), flush=True)
    call = None
    overhead = call_overhead()
    for line in sys.stdin:
        call = call or engine.caller(outputs)
        command, argument = line.split()
        if command == "time":
            times = [(nanoseconds - overhead) / 1e6 for nanoseconds in timed(call, float(argument))]
            engine.fetch()
            report = {"median_ms": statistics.median(times), "min_ms": min(times), "runs": len(times)}
            print(json.dumps(report), flush=True)
        else:
            call()
            engine.fetch()
            for i, array in enumerate(outputs):
                np.save(pathlib.Path(argument) / f"{i}.npy", array)
            print(flush=True)


if __name__ == "__main__":
    main()
