#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/core/check.h"
#include "server/core/float_formats.h"
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

// A tensor with small pseudo-random elements: floats in [-1, 1), integers in [-4, 5] or, without a
// sign, in [0, 9], and 0 or 1 for bool.
inline Tensor SeededTensor(const TensorType& type, uint64_t seed) {
  const Tensor floats = SeededTensor(type.shape, seed);
  absl::StatusOr<Tensor> tensor = Tensor::Allocate(type);
  RECTIFIER_CHECK(tensor.ok());
  const auto fill = [&]<typename T>(T /*element*/, const auto& convert) {
    auto* to = reinterpret_cast<T*>(tensor->bytes().data());
    for (const float value : floats.data<float>()) *to++ = static_cast<T>(convert(value));
  };
  const auto same = [](float value) { return value; };
  const auto digit = [](float value) { return std::floor((value + 1) * 5); };
  const auto around_0 = [&](float value) { return digit(value) - 4; };
  switch (type.dtype) {
    case DType::kBool:
      fill(bool{}, [](float value) { return value > 0; });
      break;
    case DType::kUInt8:
      fill(uint8_t{}, digit);
      break;
    case DType::kInt8:
      fill(int8_t{}, around_0);
      break;
    case DType::kInt32:
      fill(int32_t{}, around_0);
      break;
    case DType::kInt64:
      fill(int64_t{}, around_0);
      break;
    case DType::kFloat16:
      fill(uint16_t{}, HalfFromFloat);
      break;
    case DType::kBFloat16:
      fill(uint16_t{}, BFloatFromFloat);
      break;
    case DType::kFloat32:
      fill(float{}, same);
      break;
    default:
      RECTIFIER_CHECK(type.dtype == DType::kFloat64);
      fill(double{}, same);
      break;
  }
  return *std::move(tensor);
}

// Such tensors for the graph's inputs, with `size` for every dimension that is not known.
inline std::vector<Tensor> SeededInputs(const Graph& graph, int64_t size, uint64_t seed) {
  std::vector<Tensor> tensors;
  const std::vector<Shape> shapes = BoundInputShapes(graph, size);
  for (size_t i = 0; i < shapes.size(); ++i) {
    const DType dtype = graph.value(graph.inputs()[i]).type->dtype;
    tensors.push_back(SeededTensor(TensorType{dtype, shapes[i]}, seed++));
  }
  return tensors;
}

// f32 tensors of these shapes with pseudo-random elements in [-1, 1).
inline std::vector<Tensor> SeededTensors(const std::vector<Shape>& shapes, uint64_t seed) {
  std::vector<Tensor> tensors;
  for (const Shape& shape : shapes) tensors.push_back(SeededTensor(shape, seed++));
  return tensors;
}

}  // namespace rectifier
