#!/usr/bin/env python3
"""Triton as nvidia-pytriton brings it, serving ONNX files with ONNX Runtime behind its Python backend.

    triton_server.py READY_FILE MODEL.onnx ...

Needs Debian's own Python with nvidia-pytriton, onnxruntime and numpy. Writes the address to READY_FILE once it serves.
"""

import pathlib
import socket
import sys

import numpy as np
import onnxruntime
from pytriton.decorators import batch
from pytriton.model_config import DynamicBatcher, ModelConfig, Tensor
from pytriton.triton import Triton, TritonConfig, TritonSecurityConfig


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for held in sockets:
        held.bind(("127.0.0.1", 0))
    ports = [held.getsockname()[1] for held in sockets]
    for held in sockets:
        held.close()
    return ports


def bind(triton, path):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])

    def tensors(values):
        return [Tensor(name=v.name, dtype=np.float32, shape=tuple(d if isinstance(d, int) else -1 for d in v.shape[1:])) for v in values]

    @batch
    def infer(**inputs):
        return session.run(None, inputs)

    triton.bind(
        model_name=path.parts[-3],
        infer_func=infer,
        inputs=tensors(session.get_inputs()),
        outputs=tensors(session.get_outputs()),
        config=ModelConfig(max_batch_size=32, batcher=DynamicBatcher(max_queue_delay_microseconds=0)),
    )


def main():
    http, grpc, metrics = free_ports(3)
    config = TritonConfig(
        http_port=http, grpc_port=grpc, metrics_port=metrics, http_address="127.0.0.1", grpc_address="127.0.0.1", log_verbose=0
    )
    with Triton(config=config, security_config=TritonSecurityConfig(access_token="bench")) as server:
        for path in sys.argv[2:]:
            bind(server, pathlib.Path(path))
        server.run()
        ready = pathlib.Path(sys.argv[1])
        ready.with_suffix(".part").write_text(f"127.0.0.1:{grpc}")
        ready.with_suffix(".part").rename(ready)
        server.serve()


if __name__ == "__main__":
    main()
