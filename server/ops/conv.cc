#include "server/ops/conv.h"

#include <algorithm>

namespace rectifier {

absl::StatusOr<ConvAttributes> ConvAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  ConvAttributes attributes;
  attributes.window = WindowAttributes::Read(reader);
  attributes.group = reader.Int("group", 1);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  return attributes;
}

absl::StatusOr<Window> ConvWindow(std::string_view place, const ConvAttributes& attributes,
                                  const Shape& x, const Shape& w) {
  const auto kernel = SpatialDims(w);
  const auto& declared = attributes.window.kernel_shape;
  if (!declared.empty() &&
      !std::equal(declared.begin(), declared.end(), kernel.begin(), kernel.end())) {
    return InvalidArgument(
        place, "attribute kernel_shape does not agree with the weights' shape {}", w.ToString());
  }
  return SlideWindow(place, attributes.window, kernel, SpatialDims(x));
}

absl::Status InferConv(NodeTypes& types) {
  RECTIFIER_ASSIGN_OR_RETURN(const ConvAttributes attributes, ConvAttributes::Read(types.node()));
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
  if (w[1] == 0) {
    return InvalidArgument(types.place(), "the weights of shape {} have no elements", w.ToString());
  }
  const int64_t group = attributes.group;
  if (group < 1 || w[0] % group != 0 || w[0] == 0) {
    return InvalidArgument(types.place(), "attribute group: {} does not divide {} output channels",
                           group, w[0]);
  }
  int64_t channels = 0;
  if (MultiplyOverflows(w[1], group, &channels) || !DimsAgree(x[1], channels)) {
    return InvalidArgument(types.place(),
                           "input {}: expected {} channels ({} groups of {}), got {}",
                           types.name(0), channels, group, w[1], x[1]);
  }
  if (types.HasInput(2)) {
    RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(2));
    RECTIFIER_RETURN_IF_ERROR(types.ExpectVector(2, w[0]));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const Window window, ConvWindow(types.place(), attributes, x, w));
  Shape y{x[0], w[0]};
  for (const int64_t dim : window.output) y.push_back(dim);
  types.SetOutput(0, {DType::kFloat32, y});
  return absl::OkStatus();
}

}  // namespace rectifier
