#include "client/cpp/cli/pictures.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "client/cpp/cli/labels.h"
#include "client/cpp/cli/png_reader.h"
#include "server/core/npy.h"
#include "server/core/status.h"

namespace rectifier::client::cli {
namespace {

Layout Other(Layout layout) {
  return layout == Layout::kChannelsLast ? Layout::kChannelsFirst : Layout::kChannelsLast;
}

// Whether the model takes pictures of this shape, if `layout` is both theirs and its own.
bool Fits(const std::vector<int64_t>& shape, Layout layout, const PictureModel& model) {
  const bool last = layout == Layout::kChannelsLast;
  const auto fits = [](int64_t dim, int taken) { return taken == 0 || dim == taken; };
  return fits(shape[last ? 2 : 0], model.channels) && fits(shape[last ? 0 : 1], model.height) &&
         fits(shape[last ? 1 : 2], model.width);
}

// The same pictures in the other layout.
Pictures Turned(Pictures pictures) {
  const bool last = pictures.layout == Layout::kChannelsLast;
  const auto channels = static_cast<size_t>(pictures.shape[last ? 2 : 0]);
  const size_t size = pictures.picture_size();
  const size_t pixels = size / channels;
  const std::vector<float> from = pictures.values;
  for (size_t start = 0; start < from.size(); start += size) {
    for (size_t i = 0; i < pixels; ++i) {
      for (size_t c = 0; c < channels; ++c) {
        const size_t in_planes = start + c * pixels + i;
        const size_t in_pixels = start + i * channels + c;
        pictures.values[last ? in_planes : in_pixels] = from[last ? in_pixels : in_planes];
      }
    }
  }
  std::rotate(pictures.shape.begin(), pictures.shape.begin() + (last ? 2 : 1),
              pictures.shape.end());
  pictures.layout = Other(pictures.layout);
  return pictures;
}

}  // namespace

Image Pictures::Drawing(size_t index) const {
  const bool last = layout == Layout::kChannelsLast;
  const auto channels = static_cast<size_t>(shape[last ? 2 : 0]);
  const auto height = static_cast<int>(shape[last ? 0 : 1]);
  const auto width = static_cast<int>(shape[last ? 1 : 2]);
  const size_t kept = channels == 3 || channels == 4 ? 3 : 1;
  const size_t pixels = picture_size() / channels;
  const float* from = &values[index * picture_size()];
  Image image{width, height, static_cast<int>(kept), std::vector<float>(pixels * kept)};
  for (size_t i = 0; i < pixels; ++i) {
    for (size_t c = 0; c < kept; ++c) {
      image.values[i * kept + c] = last ? from[i * channels + c] : from[c * pixels + i];
    }
  }
  const auto [low, high] = std::minmax_element(image.values.begin(), image.values.end());
  const bool in_range = *low >= 0 && *high <= 1;
  const float zero = in_range ? 0 : *low;
  const float range = in_range ? 1 : *high - *low;
  for (float& value : image.values) value = range > 0 ? (value - zero) / range * 255 : 0;
  return WithChannels(image, 1, 0);
}

absl::StatusOr<Pictures> LoadPictures(const ClassifyOptions& options, const PictureModel& model) {
  RECTIFIER_RETURN_IF_ERROR(CheckFilesCanBeConverted(model));
  for (const auto* numbers : {&options.normalization.mean, &options.normalization.deviation}) {
    if (numbers->size() != 1 && numbers->size() != static_cast<size_t>(model.channels)) {
      return InvalidArgument("--mean, --std", "{} numbers for {} channels", numbers->size(),
                             model.channels);
    }
  }
  Pictures pictures;
  pictures.layout = model.layout;
  pictures.shape = model.layout == Layout::kChannelsLast
                       ? std::vector<int64_t>{model.height, model.width, model.channels}
                       : std::vector<int64_t>{model.channels, model.height, model.width};
  for (const std::filesystem::path& file : options.files) {
    RECTIFIER_ASSIGN_OR_RETURN(const Image image, ReadPng(file));
    const Image converted =
        Resize(WithChannels(image, model.channels, options.background), model.width, model.height);
    const std::vector<float> input = ToInput(converted, model.layout, options.normalization);
    pictures.values.insert(pictures.values.end(), input.begin(), input.end());
    pictures.names.push_back(file.filename().string());
    pictures.labels.push_back(LabelInName(file));
  }
  return pictures;
}

absl::StatusOr<Pictures> LoadArray(const std::filesystem::path& path, const PictureModel& model) {
  RECTIFIER_ASSIGN_OR_RETURN(const rectifier::Tensor array, ReadNpy(path));
  if (array.dtype() != DType::kFloat32 || array.shape().rank() != 4 || array.ElementCount() == 0) {
    return InvalidArgument(path.string(),
                           "expected pictures, f32 [N,C,H,W] or [N,H,W,C], got {} {}",
                           Name(array.dtype()), array.shape().ToString());
  }
  const auto dims = array.shape().dims();
  Pictures pictures;
  pictures.shape.assign(dims.begin() + 1, dims.end());
  const bool turn = !Fits(pictures.shape, model.layout, model) &&
                    Fits(pictures.shape, Other(model.layout), model);
  pictures.layout = turn ? Other(model.layout) : model.layout;
  const auto values = array.data<float>();
  pictures.values.assign(values.begin(), values.end());
  pictures.labels.resize(static_cast<size_t>(dims[0]));
  for (int64_t i = 0; i < dims[0]; ++i) pictures.names.push_back(fmt::format("#{}", i));
  return turn ? Turned(std::move(pictures)) : pictures;
}

}  // namespace rectifier::client::cli
