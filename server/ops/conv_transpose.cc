#include "server/ops/conv_transpose.h"

#include <algorithm>

namespace rectifier {

absl::StatusOr<ConvTransposeAttributes> ConvTransposeAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  ConvTransposeAttributes attributes;
  attributes.window = WindowAttributes::Read(reader);
  attributes.group = reader.Int("group", 1);
  attributes.output_padding = reader.Ints("output_padding");
  attributes.output_shape = reader.Ints("output_shape");
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  return attributes;
}

absl::StatusOr<Window> ConvTransposeWindow(std::string_view place,
                                           const ConvTransposeAttributes& attributes,
                                           const Shape& x, const Shape& w) {
  const auto input = SpatialDims(x);
  const auto kernel = SpatialDims(w);
  const size_t n = input.size();
  const WindowAttributes& given = attributes.window;
  if (!given.kernel_shape.empty() &&
      !std::equal(given.kernel_shape.begin(), given.kernel_shape.end(), kernel.begin(),
                  kernel.end())) {
    return InvalidArgument(
        place, "attribute kernel_shape does not agree with the weights' shape {}", w.ToString());
  }
  Window window;
  RECTIFIER_ASSIGN_OR_RETURN(
      window.kernel, CheckedList(place, "kernel_shape", {kernel.begin(), kernel.end()}, n, 1, 1));
  RECTIFIER_ASSIGN_OR_RETURN(window.strides, CheckedList(place, "strides", given.strides, n, 1, 1));
  RECTIFIER_ASSIGN_OR_RETURN(window.dilations,
                             CheckedList(place, "dilations", given.dilations, n, 1, 1));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> pads,
                             CheckedList(place, "pads", given.pads, 2 * n, 0, 0));
  RECTIFIER_ASSIGN_OR_RETURN(
      const std::vector<int64_t> extra,
      CheckedList(place, "output_padding", attributes.output_padding, n, 0, 0));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> wanted,
                             CheckedList(place, "output_shape", attributes.output_shape, n, 0, 1));
  const bool same = given.auto_pad == "SAME_UPPER" || given.auto_pad == "SAME_LOWER";
  if (!same && given.auto_pad != "NOTSET" && given.auto_pad != "VALID") {
    return InvalidArgument(place, "attribute auto_pad: '{}' is not one", given.auto_pad);
  }
  for (size_t i = 0; i < n; ++i) {
    const bool shaped = !attributes.output_shape.empty() || same;
    int64_t begin = given.auto_pad == "NOTSET" ? pads[i] : 0;
    int64_t end = given.auto_pad == "NOTSET" ? pads[n + i] : 0;
    if (input[i] == kDynamicDim) {
      window.pads_begin.push_back(begin);
      window.pads_end.push_back(end);
      window.output.push_back(attributes.output_shape.empty() ? kDynamicDim : wanted[i]);
      continue;
    }
    int64_t reach = 0;
    const int64_t extent = window.Extent(i);
    if (input[i] < 1 || MultiplyOverflows(input[i] - 1, window.strides[i], &reach) ||
        reach > (int64_t{1} << 50)) {
      return InvalidArgument(place, "a dimension of {} cannot be transposed-convolved", input[i]);
    }
    const int64_t full = reach + extent + extra[i];
    if (shaped) {
      const int64_t output =
          attributes.output_shape.empty() ? input[i] * window.strides[i] : wanted[i];
      // The total may be negative when the wanted output is larger than the full one.
      const int64_t total = std::max<int64_t>(0, full - output);
      begin = given.auto_pad == "SAME_UPPER" ? total / 2 : total - total / 2;
      end = full - output - begin;
    }
    const int64_t output = full - begin - end;
    if (output < 1) {
      return InvalidArgument(place, "paddings {} + {} leave nothing of an output of {}", begin, end,
                             full);
    }
    window.pads_begin.push_back(begin);
    window.pads_end.push_back(end);
    window.output.push_back(output);
  }
  return window;
}

absl::Status InferConvTranspose(NodeTypes& types) {
  RECTIFIER_ASSIGN_OR_RETURN(const ConvTransposeAttributes attributes,
                             ConvTransposeAttributes::Read(types.node()));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(1));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRankAtLeast(0, 3));
  const Shape& x = types.shape(0);
  const Shape& w = types.shape(1);
  if (x.rank() > 5) {
    return Unimplemented(types.place(), "expected 1 to 3 spatial dimensions, got {}", x.rank() - 2);
  }
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRank(1, x.rank()));
  if (!w.IsStatic()) return InvalidArgument(types.place(), "the weights' shape must be known");
  if (attributes.group < 1 || w[0] == 0 || w[0] % attributes.group != 0) {
    return InvalidArgument(types.place(), "attribute group: {} does not divide {} input channels",
                           attributes.group, w[0]);
  }
  if (!DimsAgree(x[1], w[0])) {
    return InvalidArgument(types.place(), "input {}: expected {} channels, got {}", types.name(0),
                           w[0], x[1]);
  }
  int64_t channels = 0;
  if (MultiplyOverflows(w[1], attributes.group, &channels) || channels < 1) {
    return InvalidArgument(types.place(), "the weights have no output channels");
  }
  if (types.HasInput(2)) {
    RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(2));
    RECTIFIER_RETURN_IF_ERROR(types.ExpectVector(2, channels));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const Window window,
                             ConvTransposeWindow(types.place(), attributes, x, w));
  Shape y{x[0], channels};
  for (const int64_t dim : window.output) y.push_back(dim);
  types.SetOutput(0, {DType::kFloat32, y});
  return absl::OkStatus();
}

}  // namespace rectifier
