#include "server/service/wire_messages.h"

#include "server/core/shape.h"

namespace rectifier {
namespace {

using enum WireKind;

constexpr WireField kParameterFields[] = {
    {1, "bool_param", kVarint},    {2, "int64_param", kVarint},  {3, "string_param", kText},
    {4, "double_param", kFixed64}, {5, "uint64_param", kVarint},
};
constexpr WireMessage kParameter{"InferParameter", kParameterFields};

constexpr WireField kParameterEntryFields[] = {
    {1, "key", kText},
    {2, "value", kMessage, 1, &kParameter},
};
constexpr WireMessage kParameterEntry{"ParametersEntry", kParameterEntryFields};

constexpr WireField kContentsFields[] = {
    {1, "bool_contents", kVarints},
    {2, "int_contents", kVarints},
    {3, "int64_contents", kVarints},
    {4, "uint_contents", kVarints},
    {5, "uint64_contents", kVarints},
    {6, "fp32_contents", kFixed32s},
    {7, "fp64_contents", kFixed64s},
    // No model takes BYTES; each entry would cost forty bytes for two.
    {8, "bytes_contents", kBytes, kMaxTensors},
};
constexpr WireMessage kContents{"InferTensorContents", kContentsFields};

constexpr WireField kInputFields[] = {
    {1, "name", kText},
    {2, "datatype", kText},
    {3, "shape", kVarints, kMaxRank},
    {4, "parameters", kMessage, kMaxParameters, &kParameterEntry},
    // Once: several would be merged, and their entries would add up past the caps.
    {5, "contents", kMessage, 1, &kContents, /*apart=*/true},
};
constexpr WireMessage kInput{"InferInputTensor", kInputFields, /*divided=*/true};

constexpr WireField kOutputFields[] = {
    {1, "name", kText},
    {2, "parameters", kMessage, kMaxParameters, &kParameterEntry},
};
constexpr WireMessage kOutput{"InferRequestedOutputTensor", kOutputFields};

constexpr WireField kModelInferFields[] = {
    {1, "model_name", kText},
    {2, "model_version", kText},
    {3, "id", kText},
    {4, "parameters", kMessage, kMaxParameters, &kParameterEntry},
    {5, "inputs", kMessage, kMaxTensors, &kInput},
    {6, "outputs", kMessage, kMaxTensors, &kOutput},
    {7, "raw_input_contents", kBytes, kMaxTensors, nullptr, /*apart=*/true},
};

constexpr WireField kModelNameFields[] = {{1, "name", kText}, {2, "version", kText}};
constexpr WireField kRepositoryIndexFields[] = {{1, "repository_name", kText},
                                                {2, "ready", kVarint}};
constexpr WireField kHealthCheckFields[] = {{1, "service", kText}};

}  // namespace

constexpr WireMessage kEmptyWire{"request", {}};
constexpr WireMessage kModelNameWire{"request", kModelNameFields};
constexpr WireMessage kRepositoryIndexWire{"request", kRepositoryIndexFields};
constexpr WireMessage kModelInferWire{"ModelInferRequest", kModelInferFields, /*divided=*/true};
constexpr WireMessage kHealthCheckWire{"HealthCheckRequest", kHealthCheckFields};

}  // namespace rectifier
