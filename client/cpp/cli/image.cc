#include "client/cpp/cli/image.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace rectifier::client::cli {
namespace {

constexpr float kOpaque = 255;

Image Blank(int width, int height, int channels) {
  return {width, height, channels,
          std::vector<float>(static_cast<size_t>(width) * height * channels)};
}

// One axis of a bilinear resize: result i is (1 − weight) · source[low] + weight · source[high].
struct Tap {
  int low;
  int high;
  float weight;
};

std::vector<Tap> Taps(int source, int target) {
  std::vector<Tap> taps;
  const double ratio = static_cast<double>(source) / target;
  for (int i = 0; i < target; ++i) {
    const double position = std::max(0.0, (i + 0.5) * ratio - 0.5);
    const int low = std::min(static_cast<int>(position), source - 1);
    taps.push_back({low, std::min(low + 1, source - 1), static_cast<float>(position - low)});
  }
  return taps;
}

}  // namespace

Image WithChannels(const Image& image, int channels, float background) {
  if (image.channels == channels) return image;
  const bool colour = image.channels >= 3;
  const bool alpha = image.channels % 2 == 0;
  Image result = Blank(image.width, image.height, channels);
  const size_t pixels = static_cast<size_t>(image.width) * image.height;
  for (size_t i = 0; i < pixels; ++i) {
    const float* from = &image.values[i * image.channels];
    float* to = &result.values[i * channels];
    std::array<float, 3> rgb = {from[0], from[colour ? 1 : 0], from[colour ? 2 : 0]};
    const float opacity = alpha ? from[image.channels - 1] : kOpaque;
    if (channels == 4) {
      to[3] = opacity;
    } else if (alpha) {
      for (float& value : rgb) {
        value = background + (value - background) * (opacity / kOpaque);
      }
    }
    if (channels == 1) {
      to[0] = colour ? 0.299F * rgb[0] + 0.587F * rgb[1] + 0.114F * rgb[2] : rgb[0];
    } else {
      std::copy(rgb.begin(), rgb.end(), to);
    }
  }
  return result;
}

Image Resize(const Image& image, int width, int height) {
  if (image.width == width && image.height == height) return image;
  Image result = Blank(width, height, image.channels);
  const std::vector<Tap> columns = Taps(image.width, width);
  const std::vector<Tap> rows = Taps(image.height, height);
  float* to = result.values.data();
  for (const Tap& row : rows) {
    for (const Tap& column : columns) {
      for (int c = 0; c < image.channels; ++c) {
        const float top = std::lerp(image.at(row.low, column.low, c),
                                    image.at(row.low, column.high, c), column.weight);
        const float bottom = std::lerp(image.at(row.high, column.low, c),
                                       image.at(row.high, column.high, c), column.weight);
        *to++ = std::lerp(top, bottom, row.weight);
      }
    }
  }
  return result;
}

std::vector<float> ToInput(const Image& image, Layout layout, const Normalization& normalization) {
  const auto of_channel = [](const std::vector<float>& values, int channel) {
    return values.size() == 1 ? values[0] : values[static_cast<size_t>(channel)];
  };
  std::vector<float> result(image.values.size());
  const size_t pixels = static_cast<size_t>(image.width) * image.height;
  const size_t channels = static_cast<size_t>(image.channels);
  for (int c = 0; c < image.channels; ++c) {
    const float mean = of_channel(normalization.mean, c);
    const float deviation = of_channel(normalization.deviation, c);
    for (size_t i = 0; i < pixels; ++i) {
      const float value = (image.values[i * channels + c] * normalization.scale - mean) / deviation;
      result[layout == Layout::kChannelsFirst ? c * pixels + i : i * channels + c] = value;
    }
  }
  return result;
}

}  // namespace rectifier::client::cli
