#pragma once

#include <string>

#include "absl/status/status.h"
#include "server/core/status.h"
#include "server/graph/text.h"
#include "server/import/onnx/onnx_importer.h"
#include "tests/support/onnx_builder.h"

namespace rectifier {

// The graph that a model becomes, as text, or "INVALID_ARGUMENT: …" when it is refused.
inline std::string ImportedText(const std::string& bytes, const ImportLimits& limits = {}) {
  const absl::StatusOr<Graph> graph = ImportOnnx("model.onnx", bytes, limits);
  if (graph.ok()) return PrintGraph(*graph);
  const auto code = absl::StatusCodeToString(graph.status().code());
  return code + ": " + std::string(Message(graph.status()));
}

inline std::string ImportedText(const OnnxBuilder& model, const ImportLimits& limits = {}) {
  return ImportedText(model.Bytes(), limits);
}

// A graph with the input x: f32[dims] and the output y.
inline OnnxBuilder XToY(int opset, const std::vector<int64_t>& dims) {
  OnnxBuilder model(opset);
  model.Input("x", dims).Output("y");
  return model;
}

// A test case of a spelling: a model and the text that it becomes.
struct SpellingCase {
  std::string name;
  OnnxBuilder model;
  std::string text;
};

}  // namespace rectifier
