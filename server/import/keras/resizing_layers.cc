#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "server/core/status.h"
#include "server/import/keras/layers.h"
#include "server/import/keras/spatial.h"

namespace rectifier {
namespace {

// How much is added to, or taken off, each end of an axis.
struct Sides {
  int64_t begin = 0;
  int64_t end = 0;
};

// A number for all sides, a list of one for each axis, or of pairs. Of one axis alone a list of two
// is a pair.
absl::StatusOr<std::vector<Sides>> ReadSides(LayerConfig& config, std::string_view name,
                                             size_t axes) {
  std::vector<Sides> sides;
  const auto is_size = [](const Json& json) {
    return json.is_number_integer() && json.get<int64_t>() >= 0 &&
           json.get<int64_t>() <= std::numeric_limits<int32_t>::max();
  };
  const auto add = [&](const Json& json) {
    if (is_size(json)) {
      sides.push_back({json.get<int64_t>(), json.get<int64_t>()});
    } else if (json.is_array() && json.size() == 2 && is_size(json[0]) && is_size(json[1])) {
      sides.push_back({json[0].get<int64_t>(), json[1].get<int64_t>()});
    }
  };
  const Json* found = config.Find(name);
  const Json one = 1;
  if (found == nullptr) found = &one;
  const bool is_pair = found->is_array() && found->size() == 2 && (*found)[0].is_number();
  if (found->is_array() && !(axes == 1 && is_pair)) {
    for (const Json& item : *found) add(item);
  } else {
    add(*found);
  }
  if (found->is_number() && !sides.empty()) sides.resize(axes, sides[0]);
  if (sides.size() != axes) {
    return config.Wrong(name, fmt::format("a size from 0 on, or {} of them or of pairs", axes));
  }
  return sides;
}

absl::StatusOr<ValueId> SpatialLayerInput(LayerCall& call, size_t axes) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, call.Input());
  if (call.rank(x) == static_cast<int>(axes) + 2) return x;
  return InvalidArgument(call.place(), "expected an input of rank {}, got shape {}", axes + 2,
                         call.shape(x).ToString());
}

// `count` elements of each axis of `axes` from `begin` on.
absl::StatusOr<ValueId> Window(LayerCall& call, ValueId x, std::span<const int64_t> begin,
                               std::span<const int64_t> end, std::span<const int64_t> axes) {
  return call.Add("Slice", {x, call.Integers(begin), call.Integers(end), call.Integers(axes)});
}

// The settings of the graph's Resize for what Keras calls `interpolation`.
absl::StatusOr<Attributes> Interpolation(LayerCall& call, const std::string& name) {
  if (name == "nearest") {
    // The pixel at floor((i + 0.5) · scale).
    return Attributes{{"mode", std::string("nearest")},
                      {"coordinate_transformation_mode", std::string("half_pixel")},
                      {"nearest_mode", std::string("round_prefer_ceil")}};
  }
  if (name == "bilinear") return Attributes{{"mode", std::string("linear")}};
  if (name == "bicubic") {
    return Attributes{
        {"mode", std::string("cubic")}, {"cubic_coeff_a", -0.5F}, {"exclude_outside", int64_t{1}}};
  }
  return Unimplemented(call.place(),
                       "interpolation: only nearest, bilinear and bicubic are supported, got {}",
                       name);
}

// What is cut off to get the ratio of sides height : width out of a picture.
struct Box {
  int64_t top;
  int64_t left;
  int64_t height;
  int64_t width;
};

int64_t Half(int64_t size) { return size / 2; }

// size · a / b, rounded down as Keras does it
int64_t Scaled(int64_t size, int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<double>(size) * static_cast<double>(a) /
                              static_cast<double>(b));
}

Box LargestOfRatio(int64_t height, int64_t width, int64_t to_height, int64_t to_width) {
  const int64_t crop_height =
      std::max<int64_t>(1, std::min(height, Scaled(width, to_height, to_width)));
  const int64_t crop_width =
      std::max<int64_t>(1, std::min(width, Scaled(height, to_width, to_height)));
  return {Half(height - crop_height), Half(width - crop_width), crop_height, crop_width};
}

absl::StatusOr<ValueId> Cut(LayerCall& call, ValueId x, const Box& box) {
  const std::array<int64_t, 2> begin = {box.top, box.left};
  const std::array<int64_t, 2> end = {box.top + box.height, box.left + box.width};
  const std::array<int64_t, 2> axes = {2, 3};
  return Window(call, x, begin, end, axes);
}

// The smallest picture of the ratio that holds x, which stands in its middle.
absl::StatusOr<ValueId> PadToRatio(LayerCall& call, ValueId x, const Box& size, int64_t to_height,
                                   int64_t to_width, float value) {
  const int64_t height = std::max(size.height, Scaled(size.width, to_height, to_width));
  const int64_t width = std::max(size.width, Scaled(size.height, to_width, to_height));
  const int64_t top = Half(height - size.height);
  const int64_t left = Half(width - size.width);
  // Keras puts as much behind as before.
  const std::array<int64_t, 8> pads = {0, 0, top, left, 0, 0, top, left};
  return call.Add("Pad", {x, call.Integers(pads), call.Scalar(value)});
}

absl::StatusOr<ValueId> ResizedTo(LayerCall& call, ValueId x, int64_t height, int64_t width,
                                  const std::string& interpolation) {
  RECTIFIER_ASSIGN_OR_RETURN(Attributes attributes, Interpolation(call, interpolation));
  attributes["axes"] = std::vector<int64_t>{2, 3};
  const ValueId sizes = call.Integers(std::array<int64_t, 2>{height, width});
  return call.Add("Resize", {x, kNoValue, kNoValue, sizes}, std::move(attributes));
}

template <typename T>
std::pair<float, float> RangeOf() {
  return {std::numeric_limits<T>::min(), std::numeric_limits<T>::max()};
}

// What is interpolated of whole numbers, as whole numbers of the same type again.
absl::StatusOr<ValueId> LikeItsInput(LayerCall& call, ValueId y) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId input, call.Input());
  const DType type = call.dtype(input);
  if (type == DType::kFloat32 || type == DType::kBool) return y;
  RECTIFIER_ASSIGN_OR_RETURN(y, call.Add("Round", {y}));
  std::optional<std::pair<float, float>> range;  // which cubic curves may leave
  if (type == DType::kUInt8) range = RangeOf<uint8_t>();
  if (type == DType::kInt8) range = RangeOf<int8_t>();
  if (type == DType::kUInt16) range = RangeOf<uint16_t>();
  if (type == DType::kInt16) range = RangeOf<int16_t>();
  if (range) {
    RECTIFIER_ASSIGN_OR_RETURN(
        y, call.Add("Clip", {y, call.Scalar(range->first), call.Scalar(range->second)}));
  }
  return call.Add("Cast", {y}, {{"to", std::string(Name(type))}});
}

absl::StatusOr<Box> KnownSize(LayerCall& call, ValueId x) {
  if (call.shape(x)[2] == kDynamicDim || call.shape(x)[3] == kDynamicDim) {
    return Unimplemented(call.place(), "the height and width of its input must be known");
  }
  return Box{0, 0, call.shape(x)[2], call.shape(x)[3]};
}

}  // namespace

absl::StatusOr<ValueId> ConvertZeroPadding(LayerCall& call, size_t axes) {
  const bool channels_first = call.config().ChannelsFirst();
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, SpatialLayerInput(call, axes));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<Sides> sides,
                             ReadSides(call.config(), "padding", axes));
  const size_t rank = axes + 2;
  std::vector<int64_t> pads(2 * rank);
  for (size_t i = 0; i < axes; ++i) {
    const size_t axis = i + (channels_first ? 2 : 1);
    pads[axis] = sides[i].begin;
    pads[rank + axis] = sides[i].end;
  }
  return call.Add("Pad", {x, call.Integers(pads)});
}

absl::StatusOr<ValueId> ConvertCropping(LayerCall& call, size_t axes) {
  const bool channels_first = call.config().ChannelsFirst();
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, SpatialLayerInput(call, axes));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<Sides> sides,
                             ReadSides(call.config(), "cropping", axes));
  std::vector<int64_t> begin;
  std::vector<int64_t> end;
  std::vector<int64_t> at;
  for (size_t i = 0; i < axes; ++i) {
    const auto axis = static_cast<int>(i) + (channels_first ? 2 : 1);
    const int64_t size = call.shape(x)[axis];
    if (size != kDynamicDim && sides[i].begin + sides[i].end >= size) {
      return InvalidArgument(call.place(), "cropping: {} + {} leave nothing of {}", sides[i].begin,
                             sides[i].end, size);
    }
    begin.push_back(sides[i].begin);
    end.push_back(sides[i].end == 0 ? std::numeric_limits<int64_t>::max() : -sides[i].end);
    at.push_back(axis);
  }
  return Window(call, x, begin, end, at);
}

absl::StatusOr<ValueId> ConvertUpSampling(LayerCall& call, size_t axes) {
  const std::vector<int64_t> size = call.config().Tuple("size", axes, 2);
  const std::string interpolation = call.config().String("interpolation", "nearest");
  RECTIFIER_ASSIGN_OR_RETURN(const SpatialInput input, ReadSpatialInput(call, axes));
  Attributes attributes = {{"mode", std::string("nearest")},
                           {"coordinate_transformation_mode", std::string("asymmetric")},
                           {"nearest_mode", std::string("floor")}};
  if (interpolation != "nearest") {
    RECTIFIER_ASSIGN_OR_RETURN(attributes, Interpolation(call, interpolation));
  }
  std::vector<float> scales = {1, 1};
  for (const int64_t factor : size) scales.push_back(static_cast<float>(factor));
  const ValueId factors = call.Floats(Shape{static_cast<int64_t>(scales.size())}, scales);
  RECTIFIER_ASSIGN_OR_RETURN(
      ValueId y, call.Add("Resize", {input.x, kNoValue, factors}, std::move(attributes)));
  RECTIFIER_ASSIGN_OR_RETURN(y, InOrderOf(input, call, y));
  // Keras 2 leaves floats, unless it repeats.
  return call.keras2() && interpolation != "nearest" ? y : LikeItsInput(call, y);
}

absl::StatusOr<ValueId> ConvertResizing(LayerCall& call) {
  LayerConfig& config = call.config();
  const int64_t height = config.Int("height", 0);
  const int64_t width = config.Int("width", 0);
  const std::string interpolation = config.String("interpolation", "bilinear");
  const float fill = config.Float("fill_value", 0);
  const bool crop = config.Bool("crop_to_aspect_ratio", false);
  const bool pad = config.Bool("pad_to_aspect_ratio", false);
  constexpr int64_t kMost = 1 << 20;
  if (height < 1 || height > kMost) return config.Wrong("height", "a size");
  if (width < 1 || width > kMost) return config.Wrong("width", "a size");
  if (config.Bool("antialias", false)) {
    return Unimplemented(call.place(), "antialias: not supported");
  }
  RECTIFIER_ASSIGN_OR_RETURN(const SpatialInput input, ReadSpatialInput(call, 2));
  ValueId x = input.x;
  if (crop || pad) {
    RECTIFIER_ASSIGN_OR_RETURN(const Box size, KnownSize(call, x));
    if (crop) {
      RECTIFIER_ASSIGN_OR_RETURN(
          x, Cut(call, x, LargestOfRatio(size.height, size.width, height, width)));
    } else {
      RECTIFIER_ASSIGN_OR_RETURN(x, PadToRatio(call, x, size, height, width, fill));
    }
  }
  RECTIFIER_ASSIGN_OR_RETURN(ValueId y, ResizedTo(call, x, height, width, interpolation));
  RECTIFIER_ASSIGN_OR_RETURN(y, InOrderOf(input, call, y));
  return call.keras2() ? y : LikeItsInput(call, y);  // Keras 2 leaves floats
}

// The middle of the picture; of one that is too small the largest part of the ratio, resized.
absl::StatusOr<ValueId> ConvertCenterCrop(LayerCall& call) {
  const int64_t height = call.config().Int("height", 0);
  const int64_t width = call.config().Int("width", 0);
  constexpr int64_t kMost = 1 << 20;
  if (height < 1 || height > kMost) return call.config().Wrong("height", "a size");
  if (width < 1 || width > kMost) return call.config().Wrong("width", "a size");
  RECTIFIER_ASSIGN_OR_RETURN(const SpatialInput input, ReadSpatialInput(call, 2));
  RECTIFIER_ASSIGN_OR_RETURN(const Box size, KnownSize(call, input.x));
  ValueId y = input.x;
  if (size.height >= height && size.width >= width) {
    RECTIFIER_ASSIGN_OR_RETURN(
        y, Cut(call, y, {Half(size.height - height), Half(size.width - width), height, width}));
  } else {
    RECTIFIER_ASSIGN_OR_RETURN(
        y, Cut(call, y, LargestOfRatio(size.height, size.width, height, width)));
    RECTIFIER_ASSIGN_OR_RETURN(y, ResizedTo(call, y, height, width, "bilinear"));
  }
  return InOrderOf(input, call, y);
}

}  // namespace rectifier
