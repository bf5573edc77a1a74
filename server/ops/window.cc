#include "server/ops/window.h"

#include <algorithm>

#include "server/core/status.h"

namespace rectifier {
namespace {

// Sizes of kernels, strides, dilations and paddings: far above any network's, and small enough that
// no sum or product below overflows.
constexpr int64_t kMaxWindowValue = int64_t{1} << 24;
constexpr int64_t kMaxInputDim = int64_t{1} << 40;

struct Dimension {
  int64_t kernel, stride, dilation, pad_begin, pad_end;
  int64_t extent() const { return (kernel - 1) * dilation + 1; }
};

// Splits the padding that makes output = ceil(input / stride); the odd one goes to the end for
// SAME_UPPER, to the beginning for SAME_LOWER.
void PadSame(bool upper, int64_t input, Dimension& d) {
  const int64_t output = (input + d.stride - 1) / d.stride;
  const int64_t total = std::max<int64_t>(0, (output - 1) * d.stride + d.extent() - input);
  d.pad_begin = upper ? total / 2 : total - total / 2;
  d.pad_end = total - d.pad_begin;
}

int64_t OutputSize(int64_t input, const Dimension& d, bool ceil_mode) {
  const int64_t room = input + d.pad_begin + d.pad_end - d.extent();
  if (room < 0) {
    const bool hangs_over = room > -d.stride && input + d.pad_begin > 0;
    return ceil_mode && hangs_over ? 1 : 0;
  }
  int64_t output = room / d.stride + 1;
  // With ceil_mode a last window that hangs over the end counts, if it begins inside the input or
  // the padding before it.
  if (ceil_mode && room % d.stride != 0 && output * d.stride < input + d.pad_begin) ++output;
  return output;
}

}  // namespace

WindowAttributes WindowAttributes::Read(AttributeReader& reader) {
  WindowAttributes attributes;
  attributes.kernel_shape = reader.Ints("kernel_shape");
  attributes.strides = reader.Ints("strides");
  attributes.dilations = reader.Ints("dilations");
  attributes.pads = reader.Ints("pads");
  attributes.auto_pad = reader.String("auto_pad", "NOTSET");
  return attributes;
}

std::span<const int64_t> SpatialDims(const Shape& shape) { return shape.dims().subspan(2); }

absl::StatusOr<std::vector<int64_t>> CheckedList(std::string_view place, std::string_view name,
                                                 const std::vector<int64_t>& values, size_t length,
                                                 int64_t otherwise, int64_t minimum) {
  if (values.empty()) return std::vector<int64_t>(length, otherwise);
  if (values.size() != length) {
    return InvalidArgument(place, "attribute {}: expected {} values, got {}", name, length,
                           values.size());
  }
  for (const int64_t value : values) {
    if (value < minimum || value > kMaxWindowValue) {
      return InvalidArgument(place, "attribute {}: expected values in [{}, {}], got {}", name,
                             minimum, kMaxWindowValue, value);
    }
  }
  return values;
}

absl::StatusOr<Window> SlideWindow(std::string_view place, const WindowAttributes& attributes,
                                   std::span<const int64_t> kernel,
                                   std::span<const int64_t> input) {
  const size_t n = input.size();
  Window window;
  RECTIFIER_ASSIGN_OR_RETURN(
      window.kernel, CheckedList(place, "kernel_shape", {kernel.begin(), kernel.end()}, n, 1, 1));
  RECTIFIER_ASSIGN_OR_RETURN(window.strides,
                             CheckedList(place, "strides", attributes.strides, n, 1, 1));
  RECTIFIER_ASSIGN_OR_RETURN(window.dilations,
                             CheckedList(place, "dilations", attributes.dilations, n, 1, 1));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> pads,
                             CheckedList(place, "pads", attributes.pads, 2 * n, 0, 0));
  const std::string& auto_pad = attributes.auto_pad;
  const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
  if (!same && auto_pad != "NOTSET" && auto_pad != "VALID") {
    return InvalidArgument(place, "attribute auto_pad: '{}' is not one", auto_pad);
  }
  for (size_t i = 0; i < n; ++i) {
    Dimension d{window.kernel[i], window.strides[i], window.dilations[i], 0, 0};
    if (auto_pad == "NOTSET") {
      d.pad_begin = pads[i];
      d.pad_end = pads[n + i];
    }
    int64_t output = kDynamicDim;
    if (input[i] != kDynamicDim) {
      if (input[i] < 1 || input[i] > kMaxInputDim) {
        return InvalidArgument(place, "a window cannot slide over a dimension of {}", input[i]);
      }
      if (same) PadSame(auto_pad == "SAME_UPPER", input[i], d);
      output = OutputSize(input[i], d, attributes.ceil_mode);
      if (output < 1) {
        return InvalidArgument(place, "a window of {} does not fit into {} with padding {} + {}",
                               d.extent(), input[i], d.pad_begin, d.pad_end);
      }
    }
    window.pads_begin.push_back(d.pad_begin);
    window.pads_end.push_back(d.pad_end);
    window.output.push_back(output);
  }
  return window;
}

}  // namespace rectifier
