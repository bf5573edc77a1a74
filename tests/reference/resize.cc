// Resize-19 as ONNX's operator documentation and its reference implementation say it.

#include <algorithm>
#include <cmath>
#include <map>
#include <string>

#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"

namespace rectifier::reference {
namespace {

// One dimension, in the names of ONNX's formulas.
struct Axis {
  double length_original = 0;
  double length_resized = 0;
  double scale = 1;
  double start = 0;  // of the region of interest
  double end = 1;
};

// ONNX Runtime leaves a dimension alone that keeps its size, whatever the coordinates' mode.
bool IsResized(const Axis& axis) { return axis.scale != 1 || axis.start != 0 || axis.end != 1; }

bool Has(Inputs inputs, size_t i) {
  return inputs.size() > i && inputs[i] != nullptr && !inputs[i]->values.empty();
}

std::vector<Axis> ResizedAxes(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  std::vector<Axis> axes;
  std::vector<int64_t> chosen = IntsOr(node, "axes", {});
  for (int i = 0; i < x.rank(); ++i) {
    const auto length = static_cast<double>(x.shape()[i]);
    axes.push_back({length, length});
    if (IntsOr(node, "axes", {}).empty()) chosen.push_back(i);
  }
  const auto at = [&](size_t i) -> Axis& {
    return axes[static_cast<size_t>(FromFront(chosen[i], x.rank()))];
  };
  const bool crop =
      AttributeOr<std::string>(node, "coordinate_transformation_mode", "") == "tf_crop_and_resize";
  const auto policy = AttributeOr<std::string>(node, "keep_aspect_ratio_policy", "stretch");
  for (size_t i = 0; i < chosen.size(); ++i) {
    if (crop) {
      at(i).start = inputs[1]->values[i];
      at(i).end = inputs[1]->values[chosen.size() + i];
    }
    if (Has(inputs, 2)) {
      at(i).scale = inputs[2]->values[i];
      // As ONNX Runtime has it, in single precision.
      const auto part = static_cast<float>(at(i).end - at(i).start);
      at(i).length_resized = std::floor(static_cast<float>(at(i).length_original) * part *
                                        static_cast<float>(at(i).scale));
    } else {
      at(i).length_resized = inputs[3]->values[i];
      at(i).scale = at(i).length_resized / at(i).length_original;
    }
  }
  if (policy == "stretch" || Has(inputs, 2)) return axes;
  double scale = at(0).scale;
  for (size_t i = 0; i < chosen.size(); ++i) {
    scale = policy == "not_larger" ? std::min(scale, at(i).scale) : std::max(scale, at(i).scale);
  }
  for (size_t i = 0; i < chosen.size(); ++i) {
    at(i).scale = scale;
    at(i).length_resized = std::floor(scale * at(i).length_original + 0.5);
  }
  return axes;
}

double OriginalCoordinate(const std::string& mode, const Axis& axis, double x_resized) {
  const double length_original = axis.length_original;
  const double length_resized = axis.length_resized;
  if (mode == "half_pixel") return (x_resized + 0.5) / axis.scale - 0.5;
  if (mode == "half_pixel_symmetric") {
    const double adjustment = length_resized / (axis.scale * length_original);
    const double center = length_original / 2;
    const double offset = center * (1 - adjustment);
    return offset + (x_resized + 0.5) / axis.scale - 0.5;
  }
  if (mode == "pytorch_half_pixel") {
    return length_resized > 1 ? (x_resized + 0.5) / axis.scale - 0.5 : 0;
  }
  if (mode == "align_corners") {
    // The reference implementation, unlike ONNX Runtime, divides by the length that was not
    // rounded.
    const double unrounded = axis.scale * length_original;
    return length_resized > 1 ? x_resized * (length_original - 1) / (unrounded - 1) : 0;
  }
  if (mode == "asymmetric") return x_resized / axis.scale;
  if (mode == "tf_half_pixel_for_nn") return (x_resized + 0.5) / axis.scale;
  // tf_crop_and_resize
  return length_resized > 1
             ? axis.start * (length_original - 1) + x_resized * (axis.end - axis.start) *
                                                        (length_original - 1) / (length_resized - 1)
             : 0.5 * (axis.start + axis.end) * (length_original - 1);
}

double LinearCoefficient(double distance) { return std::max(0.0, 1 - std::abs(distance)); }

// Keys' convolution (1981), equations 4 and 5 with `a` for -1/2.
double CubicCoefficient(double distance, double a) {
  const double x = std::abs(distance);
  if (x <= 1) return (a + 2) * x * x * x - (a + 3) * x * x + 1;
  return x < 2 ? a * x * x * x - 5 * a * x * x + 8 * a * x - 4 * a : 0;
}

// The elements along an axis that one of the result is made of, with their weights; none where it
// is the extrapolation value.
using Weights = std::map<int64_t, double>;

Weights WeightsAt(const Node& node, const Axis& axis, double x_resized) {
  const auto mode = AttributeOr<std::string>(node, "mode", "nearest");
  const auto coordinates =
      AttributeOr<std::string>(node, "coordinate_transformation_mode", "half_pixel");
  const double x = OriginalCoordinate(coordinates, axis, x_resized);
  const double last = axis.length_original - 1;
  if (coordinates == "tf_crop_and_resize" && (x < 0 || x > last)) return {};
  const auto inside = [&](double i) { return static_cast<int64_t>(std::clamp(i, 0.0, last)); };
  const double left = std::floor(x);
  const double ratio = x - left;
  if (mode == "nearest") {
    const auto rounding = AttributeOr<std::string>(node, "nearest_mode", "round_prefer_floor");
    const bool up = rounding == "floor"               ? false
                    : rounding == "ceil"              ? ratio > 0
                    : rounding == "round_prefer_ceil" ? ratio >= 0.5
                                                      : ratio > 0.5;
    return {{inside(up ? left + 1 : left), 1.0}};
  }
  const bool antialias = AttributeOr<int64_t>(node, "antialias", 0) != 0;
  const bool exclude_outside = AttributeOr<int64_t>(node, "exclude_outside", 0) != 0;
  const double a = AttributeOr<float>(node, "cubic_coeff_a", -0.75F);
  // Antialiasing stretches the filter when the result is smaller.
  const double stretch = antialias ? std::max(1.0, 1 / axis.scale) : 1;
  const double reach = std::ceil(2 * stretch);
  Weights weights;
  double sum = 0;
  for (double i = left - reach; i <= left + 1 + reach; ++i) {
    if (exclude_outside && (i < 0 || i > last)) continue;
    const double distance = (i - x) / stretch;
    const double weight =
        mode == "linear" ? LinearCoefficient(distance) : CubicCoefficient(distance, a);
    sum += weight;
    weights[inside(i)] += weight;
  }
  if (antialias || exclude_outside) {
    for (auto& [index, weight] : weights) weight /= sum;
  }
  return weights;
}

}  // namespace

// Every element is a sum over the product of its axes' weights.
Array Resize(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const auto axes = ResizedAxes(node, inputs);
  const double outside = AttributeOr<float>(node, "extrapolation_value", 0);
  Shape shape;
  for (const Axis& axis : axes) shape.push_back(static_cast<int64_t>(axis.length_resized));
  Array y = Zeros(shape);
  ForEach(shape, [&](const Coordinates& at) {
    std::vector<Weights> weights;
    Shape taps;
    for (size_t i = 0; i < axes.size(); ++i) {
      weights.push_back(IsResized(axes[i]) ? WeightsAt(node, axes[i], static_cast<double>(at[i]))
                                           : Weights{{at[i], 1.0}});
      taps.push_back(static_cast<int64_t>(weights[i].size()));
    }
    if (taps.ElementCount() == 0) {
      y[at] = outside;
      return;
    }
    ForEach(taps, [&](const Coordinates& tap) {
      double weight = 1;
      Coordinates from;
      for (size_t i = 0; i < axes.size(); ++i) {
        const auto& [index, factor] = *std::next(weights[i].begin(), tap[i]);
        from.push_back(index);
        weight *= factor;
      }
      y[at] += weight * x[from];
    });
  });
  return y;
}

}  // namespace rectifier::reference
