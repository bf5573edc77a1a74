#include "server/import/keras/spatial.h"

#include <algorithm>

#include "server/core/status.h"

namespace rectifier {
namespace {

std::vector<int64_t> ToChannelsFirst(int rank) {
  std::vector<int64_t> perm = {0, rank - 1};
  for (int64_t axis = 1; axis < rank - 1; ++axis) perm.push_back(axis);
  return perm;
}

std::vector<int64_t> ToChannelsLast(int rank) {
  std::vector<int64_t> perm = {0};
  for (int64_t axis = 2; axis < rank; ++axis) perm.push_back(axis);
  perm.push_back(1);
  return perm;
}

}  // namespace

absl::StatusOr<SpatialInput> ReadSpatialInput(LayerCall& call, size_t axes) {
  SpatialInput input;
  RECTIFIER_ASSIGN_OR_RETURN(input.x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(input.x, call.AsFloat(input.x));
  const int rank = static_cast<int>(axes) + 2;
  if (call.rank(input.x) != rank) {
    return InvalidArgument(call.place(), "expected an input of rank {}, got shape {}", rank,
                           call.shape(input.x).ToString());
  }
  input.axes = axes;
  input.channels_last = !call.config().ChannelsFirst();
  if (input.channels_last) {
    RECTIFIER_ASSIGN_OR_RETURN(input.x, call.Transpose(input.x, ToChannelsFirst(rank)));
  }
  input.shape = call.shape(input.x);
  input.channels = input.shape[1];
  return input;
}

absl::StatusOr<ValueId> InOrderOf(const SpatialInput& input, LayerCall& call, ValueId y) {
  if (!input.channels_last) return y;
  return call.Transpose(y, ToChannelsLast(call.rank(y)));
}

void PutList(Attributes& attributes, std::string_view name, std::vector<int64_t> values,
             int64_t otherwise) {
  const bool is_default =
      std::all_of(values.begin(), values.end(), [&](int64_t value) { return value == otherwise; });
  if (!is_default) attributes[std::string(name)] = std::move(values);
}

absl::StatusOr<Attributes> PaddingAttributes(LayerCall& call, const SpatialInput& input,
                                             const std::vector<int64_t>& kernel,
                                             const std::vector<int64_t>& strides,
                                             const std::vector<int64_t>& dilations) {
  const std::string padding = call.config().String("padding", "valid");
  Attributes attributes;
  if (padding == "valid") return attributes;
  const size_t n = input.axes;
  std::vector<int64_t> pads(2 * n);
  if (padding == "causal" && n == 1) {
    pads[0] = (kernel[0] - 1) * dilations[0];
    PutList(attributes, "pads", pads, 0);
    return attributes;
  }
  if (padding != "same") return call.config().Wrong("padding", "valid or same");
  for (size_t i = 0; i < n; ++i) {
    const int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
    const int64_t size = input.shape[static_cast<int>(i) + 2];
    int64_t total = extent - 1;  // with a stride of 1 it is the same for all sizes
    if (strides[i] != 1) {
      if (size == kDynamicDim) {
        attributes["auto_pad"] = std::string("SAME_UPPER");
        return attributes;
      }
      const int64_t output = (size + strides[i] - 1) / strides[i];
      total = std::max<int64_t>(0, (output - 1) * strides[i] + extent - size);
    }
    pads[i] = total / 2;
    pads[n + i] = total - total / 2;
  }
  PutList(attributes, "pads", pads, 0);
  return attributes;
}

}  // namespace rectifier
