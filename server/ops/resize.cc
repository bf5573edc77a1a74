#include "server/ops/resize.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "server/ops/attribute_reader.h"
#include "server/ops/integer_list.h"

namespace rectifier {
namespace {

constexpr int kRoi = 1;
constexpr int kScales = 2;
constexpr int kSizes = 3;

// Positions along one dimension: a table is made of them.
constexpr int64_t kMaxDim = int64_t{1} << 22;

constexpr std::array<std::string_view, 7> kCoordinates = {
    "half_pixel", "half_pixel_symmetric", "pytorch_half_pixel",   "align_corners",
    "asymmetric", "tf_crop_and_resize",   "tf_half_pixel_for_nn",
};
constexpr std::array<std::string_view, 4> kRoundings = {"round_prefer_floor", "round_prefer_ceil",
                                                        "floor", "ceil"};
constexpr std::array<std::string_view, 3> kPolicies = {"stretch", "not_larger", "not_smaller"};
constexpr std::array<std::string_view, 3> kModes = {"nearest", "linear", "cubic"};

template <size_t N>
absl::Status ExpectOneOf(const Node& node, std::string_view name, const std::string& value,
                         const std::array<std::string_view, N>& known) {
  if (std::find(known.begin(), known.end(), value) != known.end()) return absl::OkStatus();
  return InvalidArgument(Place(node), "attribute {}: expected one of {}, got '{}'", name,
                         fmt::join(known, ", "), value);
}

// An optional input counts as left out when it is an empty constant: exporters write it so.
bool IsGiven(const Graph& graph, const Node& node, int i) {
  const auto at = static_cast<size_t>(i);
  if (node.inputs.size() <= at || node.inputs[at] == kNoValue) return false;
  const Shape& shape = graph.value(node.inputs[at]).type->shape;
  return !(shape.rank() == 1 && shape[0] == 0);
}

absl::StatusOr<std::vector<float>> ConstantFloats(const Graph& graph, const Node& node, int i,
                                                  size_t count) {
  const ValueId id = node.inputs[static_cast<size_t>(i)];
  const Tensor* tensor = graph.constant(id);
  if (tensor == nullptr) {
    return Unimplemented(Place(node), "input {} ({}): expected a constant", i,
                         graph.value(id).name);
  }
  if (tensor->dtype() != DType::kFloat32 || tensor->shape().rank() != 1 ||
      tensor->data<float>().size() != count) {
    return InvalidArgument(Place(node), "input {} ({}): expected {} numbers of f32, got {}{}", i,
                           graph.value(id).name, count, Name(tensor->dtype()),
                           tensor->shape().ToString());
  }
  const auto data = tensor->data<float>();
  return std::vector<float>(data.begin(), data.end());
}

absl::StatusOr<std::vector<int>> Axes(const Node& node, const ResizeAttributes& attributes,
                                      int rank) {
  std::vector<int> axes;
  for (const int64_t axis : attributes.axes) {
    RECTIFIER_ASSIGN_OR_RETURN(const int at,
                               NormalizeAxis(Place(node), axis, rank, "attribute axes"));
    if (std::find(axes.begin(), axes.end(), at) != axes.end()) {
      return InvalidArgument(Place(node), "attribute axes: {} is named twice", at);
    }
    axes.push_back(at);
  }
  if (axes.empty()) {
    axes.resize(static_cast<size_t>(rank));
    std::iota(axes.begin(), axes.end(), 0);
  }
  return axes;
}

absl::Status SetScale(const Node& node, float scale, bool crop, ResizedDim& dim) {
  // The reach of an antialiasing filter grows as scales shrink.
  constexpr float kMinScale = 1.0F / static_cast<float>(kMaxDim);
  if (!(scale >= kMinScale) || !std::isfinite(scale)) {
    return InvalidArgument(Place(node), "input 2: expected a positive scale, got {}", scale);
  }
  dim.scale = scale;
  if (dim.input == kDynamicDim) {
    dim.output = kDynamicDim;
    return absl::OkStatus();
  }
  const float part = crop ? static_cast<float>(dim.roi_end - dim.roi_start) : 1.0F;
  // In f32, as ONNX Runtime does: 10 · 0.7 is 7 there and just below it in double.
  const float output = std::floor(static_cast<float>(dim.input) * part * scale);
  if (output < 0 || output > static_cast<float>(kMaxDim)) {
    return InvalidArgument(Place(node), "a dimension of {} scaled by {} is too large", dim.input,
                           scale);
  }
  dim.output = static_cast<int64_t>(output);
  return absl::OkStatus();
}

absl::Status SetSizes(const Node& node, const ResizeAttributes& attributes,
                      const std::vector<int>& axes, const std::vector<int64_t>& sizes,
                      std::vector<ResizedDim>& dims) {
  if (sizes.size() != axes.size()) {
    return InvalidArgument(Place(node), "input 3: expected {} sizes, got {}", axes.size(),
                           sizes.size());
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    ResizedDim& dim = dims[static_cast<size_t>(axes[i])];
    if (sizes[i] < 1 || sizes[i] > kMaxDim) {
      return InvalidArgument(Place(node), "input 3: expected a size, got {}", sizes[i]);
    }
    if (dim.input == 0) {
      return InvalidArgument(Place(node), "dimension {} is empty and cannot become {}", axes[i],
                             sizes[i]);
    }
    dim.output = sizes[i];
    dim.scale = static_cast<double>(sizes[i]) / static_cast<double>(dim.input);
  }
  if (attributes.aspect_ratio == "stretch") return absl::OkStatus();
  // One scale for all: the least or the largest of those that were asked for.
  double scale = dims[static_cast<size_t>(axes[0])].scale;
  for (const int axis : axes) {
    if (dims[static_cast<size_t>(axis)].input == kDynamicDim) {
      dims[static_cast<size_t>(axis)].output = kDynamicDim;
      continue;
    }
    const double other = dims[static_cast<size_t>(axis)].scale;
    scale =
        attributes.aspect_ratio == "not_larger" ? std::min(scale, other) : std::max(scale, other);
  }
  for (const int axis : axes) {
    ResizedDim& dim = dims[static_cast<size_t>(axis)];
    dim.scale = scale;
    if (dim.input == kDynamicDim) continue;
    dim.output = static_cast<int64_t>(std::floor(static_cast<double>(dim.input) * scale + 0.5));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ResizeAttributes> ResizeAttributes::Read(const Node& node) {
  AttributeReader reader(node);
  ResizeAttributes attributes;
  const std::string mode = reader.String("mode", "nearest");
  attributes.coordinates = reader.String("coordinate_transformation_mode", attributes.coordinates);
  attributes.rounding = reader.String("nearest_mode", attributes.rounding);
  attributes.aspect_ratio = reader.String("keep_aspect_ratio_policy", attributes.aspect_ratio);
  attributes.cubic_coefficient = reader.Float("cubic_coeff_a", attributes.cubic_coefficient);
  attributes.extrapolation_value = reader.Float("extrapolation_value", 0);
  attributes.exclude_outside = reader.Bool("exclude_outside", false);
  attributes.antialias = reader.Bool("antialias", false);
  attributes.axes = reader.Ints("axes");
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  RECTIFIER_RETURN_IF_ERROR(ExpectOneOf(node, "mode", mode, kModes));
  RECTIFIER_RETURN_IF_ERROR(
      ExpectOneOf(node, "coordinate_transformation_mode", attributes.coordinates, kCoordinates));
  RECTIFIER_RETURN_IF_ERROR(ExpectOneOf(node, "nearest_mode", attributes.rounding, kRoundings));
  RECTIFIER_RETURN_IF_ERROR(
      ExpectOneOf(node, "keep_aspect_ratio_policy", attributes.aspect_ratio, kPolicies));
  attributes.mode = mode == "nearest"  ? Mode::kNearest
                    : mode == "linear" ? Mode::kLinear
                                       : Mode::kCubic;
  return attributes;
}

absl::StatusOr<std::vector<ResizedDim>> ReadResize(const Graph& graph, const Node& node,
                                                   const ResizeAttributes& attributes,
                                                   const Shape& x) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int> axes, Axes(node, attributes, x.rank()));
  std::vector<ResizedDim> dims;
  for (const int64_t dim : x.dims()) dims.push_back({dim, dim, 1, 0, 1});
  const bool crop = attributes.coordinates == "tf_crop_and_resize";
  if (crop) {
    if (!IsGiven(graph, node, kRoi)) {
      return InvalidArgument(Place(node), "input 1 (roi) is required for tf_crop_and_resize");
    }
    RECTIFIER_ASSIGN_OR_RETURN(const std::vector<float> roi,
                               ConstantFloats(graph, node, kRoi, 2 * axes.size()));
    for (size_t i = 0; i < axes.size(); ++i) {
      if (!std::isfinite(roi[i]) || !std::isfinite(roi[axes.size() + i])) {
        return InvalidArgument(Place(node), "input 1 (roi): expected finite numbers");
      }
      dims[static_cast<size_t>(axes[i])].roi_start = roi[i];
      dims[static_cast<size_t>(axes[i])].roi_end = roi[axes.size() + i];
    }
  }
  const bool has_scales = IsGiven(graph, node, kScales);
  if (has_scales == IsGiven(graph, node, kSizes)) {
    return InvalidArgument(Place(node), "expected either scales or sizes, got {}",
                           has_scales ? "both" : "none");
  }
  if (has_scales) {
    RECTIFIER_ASSIGN_OR_RETURN(const std::vector<float> scales,
                               ConstantFloats(graph, node, kScales, axes.size()));
    for (size_t i = 0; i < axes.size(); ++i) {
      RECTIFIER_RETURN_IF_ERROR(
          SetScale(node, scales[i], crop, dims[static_cast<size_t>(axes[i])]));
    }
    return dims;
  }
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> sizes,
                             ConstantIntegers(graph, node, kSizes));
  RECTIFIER_RETURN_IF_ERROR(SetSizes(node, attributes, axes, sizes, dims));
  return dims;
}

absl::Status InferResize(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  RECTIFIER_ASSIGN_OR_RETURN(const ResizeAttributes attributes,
                             ResizeAttributes::Read(types.node()));
  const Shape& x = types.shape(0);
  Shape y = UnknownShape(x.rank());
  bool known = true;
  for (int i = 1; i < types.input_count(); ++i) {
    known = known && (!types.HasInput(i) || types.constant(i) != nullptr);
  }
  if (known) {
    RECTIFIER_ASSIGN_OR_RETURN(const std::vector<ResizedDim> dims,
                               ReadResize(types.graph(), types.node(), attributes, x));
    for (int i = 0; i < x.rank(); ++i) y[i] = dims[static_cast<size_t>(i)].output;
  }
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

}  // namespace rectifier
