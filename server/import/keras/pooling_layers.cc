#include <numeric>

#include "server/core/status.h"
#include "server/import/keras/layers.h"
#include "server/import/keras/spatial.h"

namespace rectifier {

absl::StatusOr<ValueId> ConvertPooling(LayerCall& call, std::string_view op, size_t axes) {
  const std::vector<int64_t> window = call.config().Tuple("pool_size", axes, 2);
  // Left out or null, the strides are the window.
  const std::vector<int64_t> strides =
      call.config().Has("strides") ? call.config().Tuple("strides", axes, 1) : window;
  RECTIFIER_ASSIGN_OR_RETURN(const SpatialInput input, ReadSpatialInput(call, axes));
  RECTIFIER_ASSIGN_OR_RETURN(
      Attributes attributes,
      PaddingAttributes(call, input, window, strides, std::vector<int64_t>(axes, 1)));
  attributes["kernel_shape"] = window;
  PutList(attributes, "strides", strides, 1);
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId y, call.Add(op, {input.x}, std::move(attributes)));
  return InOrderOf(input, call, y);
}

absl::StatusOr<ValueId> ConvertGlobalPooling(LayerCall& call, std::string_view op, size_t axes) {
  const bool keep = call.config().Bool("keepdims", false);
  const bool channels_first = call.config().ChannelsFirst();
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(x, call.AsFloat(x));
  if (call.rank(x) != static_cast<int>(axes) + 2) {
    return InvalidArgument(call.place(), "expected an input of rank {}, got shape {}", axes + 2,
                           call.shape(x).ToString());
  }
  std::vector<int64_t> reduced(axes);
  std::iota(reduced.begin(), reduced.end(), channels_first ? 2 : 1);
  Attributes attributes;
  if (!keep) attributes["keepdims"] = int64_t{0};
  return call.Add(op, {x, call.Integers(reduced)}, std::move(attributes));
}

}  // namespace rectifier
