#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace rectifier::client::cli {

// A picture, its rows from the top, its pixels' channels side by side: gray; gray and alpha; red,
// green, blue; or these and alpha. Values run from 0 to 255, with fractions if the file is finer.
struct Image {
  int width = 0;
  int height = 0;
  int channels = 0;
  std::vector<float> values;  // height · width · channels

  float at(int y, int x, int channel) const {
    return values[(static_cast<size_t>(y) * width + x) * channels + channel];
  }
};

// `image` with `channels` (1 gray, 3 colour, 4 colour and alpha) channels. Gray is repeated; colour
// becomes gray by ITU-R BT.601's luma, 0.299 R + 0.587 G + 0.114 B; alpha that has no place in the
// result is laid over `background`; alpha that is asked for and missing is opaque.
Image WithChannels(const Image& image, int channels, float background);

// Bilinear, with the centres of the outer pixels half a pixel from the edges (PyTorch's
// interpolate(align_corners=False)). Nothing is averaged when it shrinks: to bring a large picture
// down by much, do it before.
Image Resize(const Image& image, int width, int height);

// The layout of a network's input, after its batch.
enum class Layout { kChannelsFirst, kChannelsLast };

// (value · scale − mean[channel]) / deviation[channel]. `mean` and `deviation` hold one number for
// all channels or one for each; `deviation` none that is zero.
struct Normalization {
  float scale = 1.0F / 255.0F;
  std::vector<float> mean = {0};
  std::vector<float> deviation = {1};
};

// The network's input: `image`'s values, normalized, in `layout`.
std::vector<float> ToInput(const Image& image, Layout layout, const Normalization& normalization);

}  // namespace rectifier::client::cli
