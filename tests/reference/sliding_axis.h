#pragma once

#include <vector>

#include "server/graph/graph.h"
#include "tests/reference/array.h"

namespace rectifier::reference {

// One spatial dimension of a window that slides over an input, with every place it stops at written
// down. Found by walking, not by the closed formula that the server uses.
struct SlidingAxis {
  int64_t dilation = 1;
  int64_t pad_begin = 0;
  int64_t pad_end = 0;
  std::vector<int64_t> starts;  // in the input's coordinates; negative in the padding before it
};

// One for each of the spatial dimensions of `input` [N, C, spatial…], as the node's strides,
// dilations, pads, auto_pad and ceil_mode say.
std::vector<SlidingAxis> SlidingAxes(const Node& node, const std::vector<int64_t>& kernel,
                                     const Shape& input);

}  // namespace rectifier::reference
