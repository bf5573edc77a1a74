#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/shape.h"
#include "server/ops/attribute_reader.h"

namespace rectifier {

// The attributes that convolutions and poolings share, as written in the graph. Every list is over
// the spatial dimensions, outermost first; empty means the default.
struct WindowAttributes {
  std::vector<int64_t> kernel_shape;
  std::vector<int64_t> strides;     // default 1
  std::vector<int64_t> dilations;   // default 1
  std::vector<int64_t> pads;        // all beginnings, then all ends; default 0
  std::string auto_pad = "NOTSET";  // or VALID, SAME_UPPER, SAME_LOWER
  bool ceil_mode = false;

  // Reads all but ceil_mode.
  static WindowAttributes Read(AttributeReader& reader);
};

// A window made concrete for an input: one entry for each spatial dimension.
struct Window {
  std::vector<int64_t> kernel;
  std::vector<int64_t> strides;
  std::vector<int64_t> dilations;
  std::vector<int64_t> pads_begin;
  std::vector<int64_t> pads_end;
  std::vector<int64_t> output;  // sizes of the result; dynamic where the input is

  // What the dilated kernel spans along spatial dimension `i`.
  int64_t Extent(size_t i) const { return (kernel[i] - 1) * dilations[i] + 1; }
};

// Checks the attributes for `kernel.size()` spatial dimensions and computes paddings and output
// sizes of a window that slides over `input` (its spatial dimensions, which may be dynamic).
// INVALID_ARGUMENT names `place` and the attribute.
absl::StatusOr<Window> SlideWindow(std::string_view place, const WindowAttributes& attributes,
                                   std::span<const int64_t> kernel, std::span<const int64_t> input);

// The spatial dimensions of a tensor [N, C, spatial…].
std::span<const int64_t> SpatialDims(const Shape& shape);

// Checks length (or empty: filled with `otherwise`) and range of a list attribute.
absl::StatusOr<std::vector<int64_t>> CheckedList(std::string_view place, std::string_view name,
                                                 const std::vector<int64_t>& values, size_t length,
                                                 int64_t otherwise, int64_t minimum);

}  // namespace rectifier
