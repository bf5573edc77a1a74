#include "server/ops/max_pool.h"

namespace rectifier {

absl::StatusOr<MaxPoolAttributes> MaxPoolAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  MaxPoolAttributes attributes;
  attributes.window = WindowAttributes::Read(reader);
  attributes.window.ceil_mode = reader.Bool("ceil_mode", false);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  return attributes;
}

absl::Status InferPooling(NodeTypes& types, const WindowAttributes& attributes) {
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRankAtLeast(0, 3));
  const Shape& x = types.shape(0);
  if (x.rank() > 5) {
    return Unimplemented(types.place(), "expected 1 to 3 spatial dimensions, got {}", x.rank() - 2);
  }
  if (attributes.kernel_shape.empty()) {
    return InvalidArgument(types.place(), "attribute kernel_shape is required");
  }
  RECTIFIER_ASSIGN_OR_RETURN(
      const Window window,
      SlideWindow(types.place(), attributes, attributes.kernel_shape, SpatialDims(x)));
  // A window that lies in the padding altogether has no maximum and no average.
  for (size_t i = 0; i < window.kernel.size(); ++i) {
    const int64_t extent = window.Extent(i);
    const int64_t pads = window.pads_begin[i] + window.pads_end[i];
    const int64_t input = SpatialDims(x)[i];
    if (input != kDynamicDim && pads > 0 && window.kernel[i] > 1 && input < window.dilations[i]) {
      return InvalidArgument(types.place(),
                             "attribute dilations: {} steps over the whole of a dimension of {}",
                             window.dilations[i], input);
    }
    if (window.pads_begin[i] >= extent || window.pads_end[i] >= extent) {
      return InvalidArgument(types.place(), "attribute pads: {} is not below the window's {}",
                             std::max(window.pads_begin[i], window.pads_end[i]), extent);
    }
  }
  Shape y{x[0], x[1]};
  for (const int64_t dim : window.output) y.push_back(dim);
  types.SetOutput(0, {DType::kFloat32, y});
  return absl::OkStatus();
}

absl::Status InferMaxPool(NodeTypes& types) {
  RECTIFIER_ASSIGN_OR_RETURN(const MaxPoolAttributes attributes,
                             MaxPoolAttributes::Read(types.node()));
  return InferPooling(types, attributes.window);
}

}  // namespace rectifier
