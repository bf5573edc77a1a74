#pragma once

#include <gtest/gtest.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/core/tensor.h"
#include "server/graph/graph.h"
#include "server/graph/text.h"
#include "server/ops/infer_types.h"

namespace rectifier {

// The graph that `text` describes, with the types of all values. The text is the test's own: a
// mistake in it fails the test and ends the program.
inline Graph TypedGraph(std::string_view text) {
  absl::StatusOr<Graph> graph = ParseGraph(text);
  const absl::Status status = graph.ok() ? InferTypes(*graph) : graph.status();
  if (!status.ok()) ADD_FAILURE() << Message(status) << " in\n" << text;
  RECTIFIER_CHECK(status.ok());
  return *std::move(graph);
}

// "f32[2, ?, 8]".
inline std::string TypeText(const TensorType& type) {
  return fmt::format("{}{}", Name(type.dtype), type.shape.ToString());
}

// The shapes of the graph's inputs, with `size` for every dimension that is not known.
inline std::vector<Shape> BoundInputShapes(const Graph& graph, int64_t size) {
  std::vector<Shape> shapes;
  for (const ValueId id : graph.inputs()) {
    Shape shape = graph.value(id).type->shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] == kDynamicDim) shape[axis] = size;
    }
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

// f32 tensors of these shapes with pseudo-random elements in [-1, 1).
inline std::vector<Tensor> SeededTensors(const std::vector<Shape>& shapes, uint64_t seed) {
  std::vector<Tensor> tensors;
  for (const Shape& shape : shapes) tensors.push_back(SeededTensor(shape, seed++));
  return tensors;
}

}  // namespace rectifier
