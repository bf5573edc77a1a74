#include "tests/reference/sliding_axis.h"

#include "tests/reference/attributes.h"

namespace rectifier::reference {
namespace {

// The places at which a window of `extent` lies within an input and its padding. With `ceil_mode`
// also one more, which hangs over the end, when the others left something uncovered and it begins
// before the end of the input (ONNX MaxPool-22: "sliding windows that would start in the right
// padded region are ignored").
std::vector<int64_t> Walk(int64_t input, const SlidingAxis& axis, int64_t extent, int64_t stride,
                          bool ceil_mode) {
  const int64_t end = input + axis.pad_end;
  std::vector<int64_t> starts;
  int64_t start = -axis.pad_begin;
  for (; start + extent <= end; start += stride) starts.push_back(start);
  const int64_t covered = start - stride + extent;
  if (ceil_mode && covered < end && start < input) starts.push_back(start);
  return starts;
}

// SAME: as little padding as gives ceil(input / stride) places; the odd one goes to the end for
// SAME_UPPER, to the beginning for SAME_LOWER.
void PadSame(int64_t input, int64_t extent, int64_t stride, bool upper, SlidingAxis& axis) {
  size_t wanted = 0;
  for (int64_t at = 0; at < input; at += stride) ++wanted;
  while (Walk(input, axis, extent, stride, false).size() < wanted) {
    const bool at_end = upper == (axis.pad_begin == axis.pad_end);
    ++(at_end ? axis.pad_end : axis.pad_begin);
  }
}

}  // namespace

std::vector<SlidingAxis> SlidingAxes(const Node& node, const std::vector<int64_t>& kernel,
                                     const Shape& input) {
  const size_t n = kernel.size();
  const auto strides = IntsOr(node, "strides", std::vector<int64_t>(n, 1));
  const auto dilations = IntsOr(node, "dilations", std::vector<int64_t>(n, 1));
  const auto pads = IntsOr(node, "pads", std::vector<int64_t>(2 * n, 0));
  const auto auto_pad = AttributeOr<std::string>(node, "auto_pad", "NOTSET");
  const bool ceil_mode = AttributeOr<int64_t>(node, "ceil_mode", 0) != 0;
  std::vector<SlidingAxis> axes(n);
  for (size_t i = 0; i < n; ++i) {
    const int64_t size = input[static_cast<int>(i) + 2];
    const int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
    axes[i].dilation = dilations[i];
    if (auto_pad == "NOTSET") {
      axes[i].pad_begin = pads[i];
      axes[i].pad_end = pads[n + i];
    } else if (auto_pad != "VALID") {
      PadSame(size, extent, strides[i], auto_pad == "SAME_UPPER", axes[i]);
    }
    axes[i].starts = Walk(size, axes[i], extent, strides[i], ceil_mode);
  }
  return axes;
}

}  // namespace rectifier::reference
