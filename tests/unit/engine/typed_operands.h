#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tests/unit/engine/graph_writer.h"

namespace rectifier {

inline Shape RandomShape(Random& random, int rank, int64_t most = 6) {
  return Shape(random.Several(rank, 1, most));
}

// The range of the integers that SeededTensor() makes, and of those made here.
inline int64_t LeastElement(std::string_view type) {
  return type == "u8" || type == "bool" ? 0 : -4;
}
inline int64_t LargestElement(std::string_view type) {
  return type == "bool" ? 1 : type == "u8" ? 9 : 5;
}

// A constant of any type with small elements.
inline std::string TypedConstant(Random& random, GraphWriter& graph, const Shape& shape,
                                 std::string_view type) {
  if (type == "f32") return graph.Constant(shape);
  const auto elements =
      random.Several(shape.ElementCount(), LeastElement(type), LargestElement(type));
  return graph.Constant(shape, ListText(elements), type);
}

// A value of any type with small elements that lies channels-last: it comes after a convolution.
inline std::string AfterConvOfType(GraphWriter& graph, const Shape& shape, std::string_view type) {
  const std::string x = graph.AfterConv(graph.Input(shape), shape);
  if (type == "f32") return x;
  if (type == "bool") {
    return graph.Node(fmt::format("Greater({}, {})", x, graph.Constant({}, "0.0")));
  }
  const std::string low = graph.Constant({}, fmt::format("{}.0", LeastElement(type)));
  const std::string high = graph.Constant({}, fmt::format("{}.0", LargestElement(type)));
  const std::string large = graph.Node(fmt::format("Mul({}, {})", x, graph.Constant({}, "4.0")));
  const std::string clipped = graph.Node(fmt::format("Clip({}, {}, {})", large, low, high));
  return graph.Node(fmt::format("Cast({}) {{to = \"{}\"}}", clipped, type));
}

// An input of this type, in half of all cases that allow it after a convolution.
inline std::string RandomProducer(Random& random, GraphWriter& graph, const Shape& shape,
                                  std::string_view type = "f32") {
  const bool after_conv =
      shape.rank() >= 3 && shape.rank() <= 5 && shape.ElementCount() > 0 && random.Chance(50);
  return after_conv ? AfterConvOfType(graph, shape, type) : graph.Input(shape, type);
}

}  // namespace rectifier
