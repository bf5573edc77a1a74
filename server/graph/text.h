#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/graph/graph.h"

namespace rectifier {

// The text form of a graph, one statement a line; `#` begins a comment:
//
//   graph "digits"
//   input %image: f32[?, 1, 8, 8]
//   const %w: f32[2, 1, 3, 3] = seed(7)
//   const %slope: f32[] = 0.1
//   %y: f32[?, 2, 8, 8] = Conv(%image, %w, _) {pads = [1, 1, 1, 1]} @"conv_1" -> Rectifier(%slope)
//   output %y
//   output "logits" = %y
//
// `_` is an input left out. After `@` comes the node's name where it differs from its first
// output's; after `->` a post-op with its further operands, its attributes and the name of the node
// that it was. A value's type may be left out. A name that is not made of [A-Za-z0-9_.:/-] is
// quoted: %"weird name". A constant is one number for all its elements, a row-major list, `seed(n)`
// (n's own pseudo-random values in [-1, 1)), or `elided`, which is printed for large ones and
// cannot be parsed.

struct PrintOptions {
  bool types = true;                   // of computed values
  int64_t max_constant_elements = 16;  // larger constants are elided
};

std::string PrintGraph(const Graph& graph, const PrintOptions& options = {});

// INVALID_ARGUMENT names the line. The result is verified.
absl::StatusOr<Graph> ParseGraph(std::string_view text);

// The tensor that `seed(n)` stands for.
Tensor SeededTensor(const Shape& shape, uint64_t seed);

// The same of any type: floats in [-1, 1), integers and bools 0 or 1.
Tensor SeededTensor(const TensorType& type, uint64_t seed);

}  // namespace rectifier
