#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/shape.h"

namespace rectifier {

// Pseudo-random choices, the same on every platform.
class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}

  // In [low, high].
  int64_t Between(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine_() % static_cast<uint64_t>(high - low + 1));
  }
  bool Chance(int percent) { return Between(1, 100) <= percent; }
  template <typename T>
  T Pick(const std::vector<T>& items) {
    return items[static_cast<size_t>(Between(0, static_cast<int64_t>(items.size()) - 1))];
  }
  std::vector<int64_t> Several(int64_t count, int64_t low, int64_t high) {
    std::vector<int64_t> values;
    for (int64_t i = 0; i < count; ++i) values.push_back(Between(low, high));
    return values;
  }

 private:
  std::mt19937_64 engine_;
};

// "[1, 2]".
inline std::string ListText(const std::vector<int64_t>& values) {
  return fmt::format("[{}]", fmt::join(values, ", "));
}

// Writes the text of a graph statement by statement; every function returns the name of the value
// that it adds.
class GraphWriter {
 public:
  std::string Input(const Shape& shape, std::string_view type = "f32") {
    const std::string name = fmt::format("%x{}", values_++);
    text_ += fmt::format("input {}: {}{}\n", name, type, shape.ToString());
    return name;
  }
  // Elements are pseudo-random in [-1, 1).
  std::string Constant(const Shape& shape) {
    return Constant(shape, fmt::format("seed({})", values_));
  }
  std::string Constant(const Shape& shape, std::string_view elements,
                       std::string_view type = "f32") {
    const std::string name = fmt::format("%c{}", values_++);
    text_ += fmt::format("const {}: {}{} = {}\n", name, type, shape.ToString(), elements);
    return name;
  }
  std::string InputOrConstant(bool input, const Shape& shape) {
    return input ? Input(shape) : Constant(shape);
  }
  // A list of integers as a constant.
  std::string Integers(const std::vector<int64_t>& values) {
    return Constant({static_cast<int64_t>(values.size())}, ListText(values), "i64");
  }
  // "Conv(%x0, %c1) {group = 2}", also with post-ops.
  std::string Node(std::string_view expression) {
    const std::string name = fmt::format("%y{}", values_++);
    text_ += fmt::format("{} = {}\n", name, expression);
    return name;
  }
  // The same of a node with several results.
  std::vector<std::string> Nodes(int64_t results, std::string_view expression) {
    std::vector<std::string> names;
    for (int64_t i = 0; i < results; ++i) names.push_back(fmt::format("%y{}", values_++));
    text_ += fmt::format("{} = {}\n", fmt::join(names, ", "), expression);
    return names;
  }
  std::string Rectifier(const std::string& x, const std::string& slope) {
    return Node(fmt::format("Rectifier({}, {}) {{origin = \"prelu\"}}", x, slope));
  }
  // `x` of [N, C, spatial…] after a 1×1 convolution, and so in the engine's own layout.
  std::string AfterConv(const std::string& x, const Shape& shape) {
    Shape weights{shape[1], shape[1]};
    for (int axis = 2; axis < shape.rank(); ++axis) weights.push_back(1);
    return Node(fmt::format("Conv({}, {})", x, Constant(weights)));
  }
  // The whole graph with this output.
  std::string Text(std::string_view output) const {
    return fmt::format("{}output {}\n", text_, output);
  }
  std::string Text(const std::vector<std::string>& outputs) const {
    return fmt::format("{}output {}\n", text_, fmt::join(outputs, "\noutput "));
  }

 private:
  std::string text_;
  int values_ = 0;
};

}  // namespace rectifier
