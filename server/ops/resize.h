#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// Resize(x, roi?, scales?, sizes?) of f32 in mode nearest, linear or cubic (opset 18, its meaning
// of every attribute); one of scales and sizes is given. roi, scales and sizes are for the
// dimensions that `axes` lists, or for all.
struct ResizeAttributes {
  enum class Mode { kNearest, kLinear, kCubic };

  Mode mode = Mode::kNearest;
  std::string coordinates = "half_pixel";       // coordinate_transformation_mode
  std::string rounding = "round_prefer_floor";  // nearest_mode
  std::string aspect_ratio = "stretch";         // keep_aspect_ratio_policy
  float cubic_coefficient = -0.75F;             // cubic_coeff_a
  float extrapolation_value = 0;
  bool exclude_outside = false;
  bool antialias = false;
  std::vector<int64_t> axes;

  static absl::StatusOr<ResizeAttributes> Read(const Node& node);
};

// What happens to one dimension.
struct ResizedDim {
  int64_t input = 0;
  int64_t output = 0;
  double scale = 1;
  double roi_start = 0;  // of tf_crop_and_resize, in parts of the dimension
  double roi_end = 1;
};

// One entry for each dimension of x, whose shape is `x`; sizes are dynamic where x's are.
absl::StatusOr<std::vector<ResizedDim>> ReadResize(const Graph& graph, const Node& node,
                                                   const ResizeAttributes& attributes,
                                                   const Shape& x);

absl::Status InferResize(NodeTypes& types);

}  // namespace rectifier
