#pragma once

#include "absl/status/status.h"
#include "server/import/limits.h"
#include "server/import/onnx/proto_fwd.h"

namespace rectifier {

// Replaces the nodes of the graph that call a function of the model by the function's nodes, and an
// If whose condition is a constant by the nodes of its branch, until neither is left. Values inside
// are named "<node>/<value>".
//
// INVALID_ARGUMENT or UNIMPLEMENTED names the node; RESOURCE_EXHAUSTED above the limits.
absl::Status InlineFunctions(onnx::ModelProto& model, int opset, const ImportLimits& limits);

}  // namespace rectifier
