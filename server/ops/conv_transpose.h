#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"
#include "server/ops/window.h"

namespace rectifier {

// ConvTranspose(x [N, C, spatial…], w [C, M/group, kernel…], bias? [M]) → [N, M, output…]: the
// gradient of Conv with respect to its input, 1 to 3 spatial dimensions. Rectifiers may be fused as
// post-ops.
struct ConvTransposeAttributes {
  WindowAttributes window;
  int64_t group = 1;
  std::vector<int64_t> output_padding;  // added to one side of the output; default 0
  std::vector<int64_t> output_shape;    // spatial; when given, the paddings follow from it

  static absl::StatusOr<ConvTransposeAttributes> Read(const Node& node);
};

absl::Status InferConvTranspose(NodeTypes& types);

// The window, with its paddings made concrete; `output` is the result's spatial size.
absl::StatusOr<Window> ConvTransposeWindow(std::string_view place,
                                           const ConvTransposeAttributes& attributes,
                                           const Shape& x, const Shape& w);

}  // namespace rectifier
