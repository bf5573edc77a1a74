"""Small requests that would like to be large."""

import grpc
import networks
from harness import FaultServer, MIB, Row, peak_resident, reset_peak

SERVICE = "/inference.GRPCInferenceService/"


def _varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number, payload):
    return bytes([number << 3 | 2]) + _varint(len(payload)) + payload


def _fill(piece, size):
    return piece * (size // len(piece))


def payloads(size):
    """Name, method and bytes; fields are those of ModelInferRequest."""
    contents = lambda number, payload: _field(5, _field(1, b"x") + _field(5, _field(number, payload)))  # noqa: E731
    model = _field(1, b"light")
    groups = _fill(b"\x7b\x7c", size)
    return [
        ("empty inputs", "ModelInfer", model + _fill(_field(5, b""), size)),
        ("packed shape", "ModelInfer", model + _field(5, _field(3, b"\x01" * size))),
        ("unknown groups", "ModelInfer", model + groups),
        ("unknown groups", "ServerLive", groups),
        ("unknown groups", "ModelStatistics", groups),
        ("parameters", "ModelInfer", model + _fill(_field(4, b""), size)),
        ("parameters of an input", "ModelInfer", model + _field(5, _fill(_field(4, b""), size))),
        ("empty raw contents", "ModelInfer", model + _fill(_field(7, b""), size)),
        ("typed bool contents", "ModelInfer", model + contents(1, b"\x01" * size)),
        ("typed int contents", "ModelInfer", model + contents(2, b"\x01" * size)),
        ("typed int64 contents", "ModelInfer", model + contents(3, b"\x01" * size)),
        ("typed uint64 contents", "ModelInfer", model + contents(5, b"\x01" * size)),
        ("empty bytes contents", "ModelInfer", model + _field(5, _field(5, _fill(_field(8, b""), size)))),
        ("unknown varints", "ModelInfer", model + _fill(b"\x78\x00", size)),
    ]


def amplification():
    """Each payload of 4 MiB, the server's peak above what it held."""
    size = 4 * MIB
    worst, answered = (0.0, ""), {}
    rows = []
    with FaultServer((networks.light,)) as server, server.channel() as channel:

        def send(method, message):
            try:
                channel.unary_unary(SERVICE + method)(message, timeout=60)
                return "OK"
            except grpc.RpcError as error:
                return error.code().name

        send("ModelInfer", b"\x0a" + b"\xff" * (size - 1))  # what the connection allocates once
        for name, method, message in payloads(size):
            base = server.usage().resident
            reset_peak(server.process.pid)
            code = send(method, message)
            times = (peak_resident(server.process.pid) - base) / len(message)
            worst = max(worst, (times, f"{name}, {method}"))
            answered[code] = answered.get(code, 0) + 1
        # What malloc keeps for the next of them is there by now; more must not come.
        with server.must_return_to_what_it_held(rows):
            for _, method, message in payloads(size):
                send(method, message)
    rows[:0] = [
        Row(
            f"{len(payloads(16))} payloads of 4 MiB, one by one",
            f"at most {worst[0]:.1f} × wire bytes ({worst[1]}); {answered}",
            "≤ 16 ×; all INVALID_ARGUMENT",
            worst[0] <= 16 and set(answered) == {"INVALID_ARGUMENT"},
        ),
    ]
    return rows
