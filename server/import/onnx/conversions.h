#pragma once

#include "absl/status/status.h"
#include "server/import/onnx/node_conversion.h"

namespace rectifier {

// What a node of an ONNX file becomes in the graph, by operator. Each function reads the node's
// attributes for its operator set and leaves those that have their default value out of the graph.
// The number of inputs has been checked against the table in spellings.cc; types are checked
// afterwards by the graph's own operators.

// The operator of the same name with the same attributes, but for those without a meaning
// (consumed_inputs of opset 1, stash_type).
absl::Status ConvertUnchanged(NodeConversion& node);

// activation_conversions.cc
absl::Status ConvertRelu(NodeConversion& node);
absl::Status ConvertLeakyRelu(NodeConversion& node);
absl::Status ConvertPRelu(NodeConversion& node);
absl::Status ConvertSoftmax(NodeConversion& node);

// arithmetic_conversions.cc
absl::Status ConvertCast(NodeConversion& node);
absl::Status ConvertCastLike(NodeConversion& node);
absl::Status ConvertGemm(NodeConversion& node);
absl::Status ConvertLegacyBinary(NodeConversion& node);  // with axis and broadcast, before opset 7
absl::Status ConvertLegacyClip(NodeConversion& node);    // before opset 11
absl::Status ConvertPow(NodeConversion& node);
absl::Status ConvertVariadic(NodeConversion& node);  // Max, Min, Sum, Mean

// inference_conversions.cc: what is simpler, or gone, when a network is not trained
absl::Status ConvertBatchNormalization(NodeConversion& node);
absl::Status ConvertConstant(NodeConversion& node);
absl::Status ConvertDropout(NodeConversion& node);
absl::Status ConvertIdentity(NodeConversion& node);
absl::Status ConvertIf(NodeConversion& node);  // one that was not inlined

// layout_conversions.cc
absl::Status ConvertConcat(NodeConversion& node);
absl::Status ConvertFlatten(NodeConversion& node);
absl::Status ConvertLegacyPad(NodeConversion& node);  // before opset 11
absl::Status ConvertPad(NodeConversion& node);
absl::Status ConvertLegacyReshape(NodeConversion& node);  // before opset 5
absl::Status ConvertReshape(NodeConversion& node);
absl::Status ConvertTranspose(NodeConversion& node);

// shape_conversions.cc
absl::Status ConvertConstantOfShape(NodeConversion& node);
absl::Status ConvertGlobalPool(NodeConversion& node);  // GlobalMaxPool, GlobalLpPool
absl::Status ConvertLayerNormalization(NodeConversion& node);
absl::Status ConvertLegacyAxes(NodeConversion& node);   // axes as an attribute
absl::Status ConvertLegacySlice(NodeConversion& node);  // before opset 10
absl::Status ConvertResize(NodeConversion& node);
absl::Status ConvertSplit(NodeConversion& node);
absl::Status ConvertUpsample(NodeConversion& node);

// window_conversions.cc
absl::Status ConvertAveragePool(NodeConversion& node);
absl::Status ConvertConv(NodeConversion& node);
absl::Status ConvertConvTranspose(NodeConversion& node);
absl::Status ConvertLpPool(NodeConversion& node);
absl::Status ConvertMaxPool(NodeConversion& node);

}  // namespace rectifier
