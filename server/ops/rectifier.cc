#include "server/ops/rectifier.h"

#include <algorithm>
#include <cmath>

#include "server/ops/attribute_reader.h"
#include "server/ops/broadcast.h"

namespace rectifier {

absl::StatusOr<RectifierAttributes> RectifierAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  RectifierAttributes attributes;
  attributes.origin = reader.String("origin", "");
  attributes.form = reader.String("form", "");
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  if (OriginInWords(attributes.origin).empty()) {
    return InvalidArgument(Place(node), "attribute origin: '{}' is not one", attributes.origin);
  }
  return attributes;
}

std::string_view OriginInWords(std::string_view origin) {
  if (origin == kOriginRelu) return "none (ReLU)";
  if (origin == kOriginLeakyRelu) return "hyperparameter";
  if (origin == kOriginPRelu) return "learned";
  if (origin == kOriginRecognized) return "recognised";
  return "";
}

absl::Status CheckSlope(const std::string& place, const TensorType& slope, const Shape& x) {
  if (slope.dtype != DType::kFloat32) {
    return InvalidArgument(place, "slope: expected f32, got {}", Name(slope.dtype));
  }
  if (!BroadcastsInto(slope.shape, x)) {
    return InvalidArgument(place, "slope of shape {} does not broadcast into {}",
                           slope.shape.ToString(), x.ToString());
  }
  return absl::OkStatus();
}

absl::Status CheckSlopeIsFinite(const std::string& place, const Tensor& slope) {
  if (slope.dtype() != DType::kFloat32) return absl::OkStatus();  // CheckSlope() refuses it
  const auto values = slope.data<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      return InvalidArgument(place, "slope: element {} is {}, expected a finite number", i,
                             values[i]);
    }
  }
  return absl::OkStatus();
}

std::optional<float> UniformSlope(const Tensor& slope) {
  const auto values = slope.data<float>();
  if (values.empty()) return std::nullopt;
  // The first is not compared with itself: a single NaN is uniform, too.
  const bool uniform = std::all_of(values.begin() + 1, values.end(),
                                   [&](float value) { return value == values[0]; });
  return uniform ? std::optional(values[0]) : std::nullopt;
}

bool SlopeVariesOnlyAlong(const Shape& slope, int rank, int axis) {
  const Shape padded = PadRank(slope, rank);
  for (int i = 0; i < rank; ++i) {
    if (i != axis && padded[i] != 1) return false;
  }
  return true;
}

std::optional<int> PostOpChannelAxis(std::string_view op, int rank) {
  if (op == "Conv" || op == "ConvTranspose" || op == "Gemm") return 1;
  if (op == "GroupNormalization" || op == "InstanceNormalization") return 1;
  if (op == "MatMul") return rank - 1;
  return std::nullopt;
}

absl::Status InferRectifier(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(RectifierAttributes::Read(types.node()).status());
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  RECTIFIER_RETURN_IF_ERROR(CheckSlope(types.place(), types.type(1), types.shape(0)));
  types.SetOutput(0, types.type(0));
  return absl::OkStatus();
}

}  // namespace rectifier
