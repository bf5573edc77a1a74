"""Every type of the protocol that a model may take, raw and typed, as tritonclient sends and reads it."""

import ml_dtypes
import numpy as np
import pytest
import repositories
import serving
import tritonclient.grpc as triton
from tritonclient.grpc import service_pb2 as protocol
from tritonclient.grpc import service_pb2_grpc
from tritonclient.utils import InferenceServerException, triton_to_np_dtype

# Each type's values, as far from 0 as the server keeps them: double is computed in float32. [2, 3] and [2, 3].
VALUES = {
    "BOOL": [True, False, True, True, False, False],
    "INT8": [-128, 127, 0, -1, 1, 5],
    "INT16": [-32768, 32767, 0, -1, 1, 5],
    "INT32": [-(2**31), 2**31 - 1, 0, -1, 1, 5],
    "INT64": [-(2**63), 2**63 - 1, 0, -1, 1, 5],
    "UINT8": [255, 128, 0, 1, 2, 5],
    "UINT16": [65535, 32768, 0, 1, 2, 5],
    "UINT32": [2**32 - 1, 2**31, 0, 1, 2, 5],
    "UINT64": [2**64 - 1, 2**63, 0, 1, 2, 5],
    "FP16": [65504.0, -65504.0, 6.103515625e-05, -0.0, 0.5, 1.0],
    "BF16": [3.3895313892515355e38, -1.0, 1.1754943508222875e-38, -0.0, 0.5, 1.0],
    "FP32": [3.4028234663852886e38, -1.0, 1.1754943508222875e-38, -0.0, 0.1, 1.0],
    "FP64": [3.4028234663852886e38, -1.0, 1.1754943508222875e-38, -0.0, 0.5, 1.0],
}
CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
}
RAW_ONLY = ["FP16", "BF16"]
OUT_OF_RANGE = {
    "INT8": [-129, 128],
    "INT16": [-32769, 32768],
    "UINT8": [256],
    "UINT16": [65536],
}


@pytest.fixture(name="typed_server", scope="module")
def typed_server_fixture(tmp_path_factory):
    """For each type a model that gives a back as same_a and b as same_b."""
    repository = tmp_path_factory.mktemp("types")
    for datatype in VALUES:
        model = repositories.identities(datatype, {"a": "same_a", "b": "same_b"})
        repositories.add_model(repository, datatype.lower(), model)
    with serving.Server(repository) as running:
        yield running


@pytest.fixture(name="client", scope="module")
def client_fixture(typed_server):
    with triton.InferenceServerClient(typed_server.grpc) as client:
        yield client


@pytest.fixture(name="stub", scope="module")
def stub_fixture(typed_server):
    with typed_server.channel() as channel:
        yield service_pb2_grpc.GRPCInferenceServiceStub(channel)


def arrays(datatype):
    """Values for a, and the same in another order for b."""
    dtype = ml_dtypes.bfloat16 if datatype == "BF16" else triton_to_np_dtype(datatype)
    values = np.array(VALUES[datatype], dtype).reshape(2, 3)
    return values, np.ascontiguousarray(values[::-1])


def raw_input(name, datatype, values):
    tensor = triton.InferInput(name, list(values.shape), datatype)
    return tensor.set_data_from_numpy(values)


def typed_request(datatype, first, second, field=None):
    request = protocol.ModelInferRequest(model_name=datatype.lower())
    for name, values in (("a", first), ("b", second)):
        tensor = request.inputs.add(name=name, datatype=datatype, shape=[2, 3])
        getattr(tensor.contents, field or CONTENTS[datatype]).extend(values)
    return request


def test_every_type_of_the_protocol_is_tried():
    assert set(VALUES) == {*CONTENTS, *RAW_ONLY}
    assert set(VALUES) == set(repositories.ELEMENT_TYPES) - {"BYTES"}


@pytest.mark.parametrize("datatype", VALUES)
def test_metadata_and_config_name_the_type(client, datatype):
    model = datatype.lower()
    metadata = client.get_model_metadata(model)
    assert {tensor.datatype for tensor in [*metadata.inputs, *metadata.outputs]} == {datatype}
    config = client.get_model_config(model, as_json=True)["config"]
    assert {tensor["data_type"] for tensor in [*config["input"], *config["output"]]} == {f"TYPE_{datatype}"}


@pytest.mark.parametrize("datatype", VALUES)
def test_raw_tensors_come_back_bit_by_bit(client, datatype):
    first, second = arrays(datatype)
    # In another order than the model's: inputs are found by their names.
    result = client.infer(datatype.lower(), [raw_input("b", datatype, second), raw_input("a", datatype, first)])
    for name, sent in (("same_a", first), ("same_b", second)):
        came = result.as_numpy(name)
        assert result.get_output(name).datatype == datatype
        assert came.dtype == sent.dtype
        assert came.tobytes() == sent.tobytes()


@pytest.mark.parametrize("datatype", CONTENTS)
def test_typed_elements_come_back_in_the_same_field(stub, datatype):
    first, second = ([value.item() for value in values.flat] for values in arrays(datatype))
    reply = stub.ModelInfer(typed_request(datatype, first, second), timeout=serving.SECONDS)
    assert not reply.raw_output_contents
    for output, sent in zip(reply.outputs, (first, second), strict=True):
        assert [field.name for field, _ in output.contents.ListFields()] == [CONTENTS[datatype]]
        assert list(getattr(output.contents, CONTENTS[datatype])) == sent


def refusal(call, *arguments):
    with pytest.raises(Exception) as failure:
        call(*arguments)
    error = failure.value
    if isinstance(error, InferenceServerException):
        return error.status().removeprefix("StatusCode."), error.message()
    return error.code().name, error.details()


@pytest.mark.parametrize("datatype", RAW_ONLY)
def test_types_without_a_field_are_refused_typed(stub, datatype):
    request = typed_request(datatype, [1.0] * 6, [1.0] * 6, "fp32_contents")
    code, message = refusal(stub.ModelInfer, request)
    assert code == "INVALID_ARGUMENT"
    assert message == f"input 'a': {datatype} travels in raw_input_contents only"


@pytest.mark.parametrize(("datatype", "value"), [(d, v) for d, values in OUT_OF_RANGE.items() for v in values])
def test_typed_elements_that_do_not_fit_their_type_are_refused(stub, datatype, value):
    code, message = refusal(stub.ModelInfer, typed_request(datatype, [0] * 6, [0, 0, value, 0, 0, 0]))
    assert code == "INVALID_ARGUMENT"
    assert "input 'b'" in message
    assert f"{value} is out of range" in message


@pytest.mark.parametrize("datatype", CONTENTS)
def test_typed_elements_in_the_field_of_another_type_are_refused(stub, datatype):
    other = "fp64_contents" if CONTENTS[datatype] == "bool_contents" else "bool_contents"
    code, message = refusal(stub.ModelInfer, typed_request(datatype, [1] * 6, [1] * 6, other))
    assert code == "INVALID_ARGUMENT"
    assert message == f"input 'a': expected elements in {CONTENTS[datatype]}, got {other}"


@pytest.mark.parametrize("datatype", VALUES)
def test_bytes_are_refused_by_name(client, datatype):
    text = np.array([[b"1", b"2", b"3"]] * 2, np.object_)
    tensors = [raw_input(name, "BYTES", text) for name in ("a", "b")]
    code, message = refusal(client.infer, datatype.lower(), tensors)
    assert code == "INVALID_ARGUMENT"
    assert message == f"input 'a': expected datatype {datatype}, got 'BYTES'"


def test_model_of_bytes_is_unavailable_and_its_type_is_named(tmp_path):
    repositories.add_model(tmp_path, "text", repositories.identities("BYTES", {"a": "same_a"}))
    with serving.Server(tmp_path) as server, triton.InferenceServerClient(server.grpc) as client:
        assert not client.is_model_ready("text")
        (model,) = client.get_model_repository_index(as_json=True)["models"]
        assert model["state"] == "UNAVAILABLE"
        assert "STRING" in model["reason"]


@pytest.mark.parametrize("wanted", [["same_a"], ["same_b"], ["same_b", "same_a"], ["same_a", "same_b"]])
def test_outputs_are_those_that_were_asked_for_in_that_order(client, wanted):
    sent = dict(zip(("same_a", "same_b"), arrays("INT32"), strict=True))
    inputs = [raw_input("a", "INT32", sent["same_a"]), raw_input("b", "INT32", sent["same_b"])]
    outputs = [triton.InferRequestedOutput(name) for name in wanted]
    result = client.infer("int32", inputs, outputs=outputs)
    assert [output.name for output in result.get_response().outputs] == wanted
    assert len(result.get_response().raw_output_contents) == len(wanted)
    for name in wanted:
        np.testing.assert_array_equal(result.as_numpy(name), sent[name])


def test_raw_and_typed_inputs_cannot_be_mixed(stub):
    request = typed_request("INT32", [1] * 6, [1] * 6)
    request.inputs[0].ClearField("contents")
    request.raw_input_contents.append(bytes(24))
    code, message = refusal(stub.ModelInfer, request)
    assert code == "INVALID_ARGUMENT"
    assert "input 'b'" in message
    assert "raw_input_contents" in message
