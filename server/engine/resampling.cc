#include "server/engine/resampling.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

namespace rectifier {
namespace {

using kernels::Tap;

// Where position `i` of the new dimension lies in the old one.
double Coordinate(const std::string& mode, const ResizedDim& dim, int64_t i) {
  const auto x = static_cast<double>(i);
  const auto input = static_cast<double>(dim.input);
  const auto output = static_cast<double>(dim.output);
  const double half_pixel = (x + 0.5) / dim.scale - 0.5;
  if (mode == "half_pixel") return half_pixel;
  if (mode == "pytorch_half_pixel") return dim.output > 1 ? half_pixel : 0;
  if (mode == "asymmetric") return x / dim.scale;
  if (mode == "tf_half_pixel_for_nn") return (x + 0.5) / dim.scale;
  if (mode == "align_corners") {
    // By the size before it was rounded down, as ONNX's cases have it (ONNX Runtime has not).
    return dim.output > 1 ? x * (input - 1) / (dim.scale * input - 1) : 0;
  }
  if (mode == "half_pixel_symmetric") {
    // What rounding the size down took away is taken from both ends.
    const double adjustment = output / (dim.scale * input);
    return input / 2 * (1 - adjustment) + half_pixel;
  }
  // tf_crop_and_resize
  if (dim.output == 1) return (dim.roi_start + dim.roi_end) / 2 * (input - 1);
  return dim.roi_start * (input - 1) +
         x * (dim.roi_end - dim.roi_start) * (input - 1) / (output - 1);
}

bool IsOutside(const ResizeAttributes& attributes, const ResizedDim& dim, double x) {
  return attributes.coordinates == "tf_crop_and_resize" &&
         (x < 0 || x > static_cast<double>(dim.input - 1));
}

int64_t Rounded(const std::string& mode, double x) {
  if (mode == "floor") return static_cast<int64_t>(std::floor(x));
  if (mode == "ceil") return static_cast<int64_t>(std::ceil(x));
  if (mode == "round_prefer_ceil") return static_cast<int64_t>(std::floor(x + 0.5));
  return static_cast<int64_t>(std::ceil(x - 0.5));
}

// Weight of an element at `distance`: linear over 1, cubic (Keys, "Cubic Convolution Interpolation
// for Digital Image Processing", 1981) over 2.
double LinearWeight(double distance) { return std::max(0.0, 1 - std::abs(distance)); }

double CubicWeight(double distance, double a) {
  const double d = std::abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return 0;
}

std::vector<Tap> TapsAt(const ResizeAttributes& attributes, const ResizedDim& dim, double x) {
  const bool cubic = attributes.mode == ResizeAttributes::Mode::kCubic;
  // Downscaling with antialias widens the filter by what is left out.
  const double shrink = attributes.antialias ? std::min(1.0, dim.scale) : 1.0;
  const double reach = (cubic ? 2 : 1) / shrink;
  const auto first = static_cast<int64_t>(std::floor(x - reach)) + 1;
  const auto last = static_cast<int64_t>(std::ceil(x + reach)) - 1;
  std::vector<Tap> taps;
  double sum = 0;
  std::vector<double> weights;
  for (int64_t i = first; i <= last; ++i) {
    const double distance = (static_cast<double>(i) - x) * shrink;
    double weight =
        cubic ? CubicWeight(distance, attributes.cubic_coefficient) : LinearWeight(distance);
    const bool outside = i < 0 || i >= dim.input;
    if (outside && attributes.exclude_outside) weight = 0;
    sum += weight;
    weights.push_back(weight);
  }
  const bool normalize = attributes.antialias || attributes.exclude_outside;
  for (int64_t i = first; i <= last; ++i) {
    double weight = weights[static_cast<size_t>(i - first)];
    if (weight == 0) continue;
    if (normalize && sum != 0) weight /= sum;
    taps.push_back({std::clamp<int64_t>(i, 0, dim.input - 1), static_cast<float>(weight)});
  }
  return taps;
}

}  // namespace

kernels::Resampling Resample(const ResizeAttributes& attributes, const ResizedDim& dim) {
  kernels::Resampling resampling;
  resampling.outside = attributes.extrapolation_value;
  for (int64_t i = 0; i < dim.output; ++i) {
    const double x = Coordinate(attributes.coordinates, dim, i);
    resampling.taps.push_back(IsOutside(attributes, dim, x) ? std::vector<Tap>()
                                                            : TapsAt(attributes, dim, x));
  }
  return resampling;
}

std::vector<int64_t> NearestIndices(const ResizeAttributes& attributes, const ResizedDim& dim) {
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < dim.output; ++i) {
    const double x = Coordinate(attributes.coordinates, dim, i);
    indices.push_back(IsOutside(attributes, dim, x)
                          ? -1
                          : std::clamp<int64_t>(Rounded(attributes.rounding, x), 0, dim.input - 1));
  }
  return indices;
}

}  // namespace rectifier
