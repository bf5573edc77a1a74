#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/ops/node_types.h"

namespace rectifier {

// The project's one activation: Rectifier(x, slope) = x > 0 ? x : slope · x, elementwise, with
// `slope` broadcast into x (NumPy's rules, aligned at the end, never enlarging x).
//
// ReLU is slope 0, LeakyReLU a scalar slope that its author chose, PReLU (He et al., "Delving Deep
// into Rectifiers", 2015) one that was learned. The attribute `origin` keeps which it was, and
// `form` the formula that a pass found it in; they change no result.
//
// NaN gives NaN, except that a slope of 0 in all elements may give 0.
struct RectifierAttributes {
  std::string origin;  // one of the constants below
  std::string form;    // the formula that was recognised

  static absl::StatusOr<RectifierAttributes> Read(const Node& node);
};

inline constexpr std::string_view kOriginRelu = "relu";
inline constexpr std::string_view kOriginLeakyRelu = "leaky_relu";
inline constexpr std::string_view kOriginPRelu = "prelu";
inline constexpr std::string_view kOriginRecognized = "recognized";

// The origin in the words of the documentation: "hyperparameter", "learned", "none (ReLU)",
// "recognised".
std::string_view OriginInWords(std::string_view origin);

absl::Status InferRectifier(NodeTypes& types);

// INVALID_ARGUMENT unless `slope` is f32 and broadcasts into a tensor of shape `x`.
absl::Status CheckSlope(const std::string& place, const TensorType& slope, const Shape& x);

// INVALID_ARGUMENT names the first element that is not a finite number: an infinite slope would
// make NaN of 0.
absl::Status CheckSlopeIsFinite(const std::string& place, const Tensor& slope);

// The slope when all elements are equal (and there is one), so that it can be treated as a scalar.
std::optional<float> UniformSlope(const Tensor& slope);

// Whether a slope, broadcast into a tensor of rank `rank`, changes along `axis` at most.
bool SlopeVariesOnlyAlong(const Shape& slope, int rank, int axis);

// The axis of a node's result along which the slope of a fused Rectifier may vary; nullopt for
// operators that take no post-ops. `rank` is the result's.
std::optional<int> PostOpChannelAxis(std::string_view op, int rank);

}  // namespace rectifier
