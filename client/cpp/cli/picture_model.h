#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "client/cpp/cli/image.h"
#include "rectifier/client.h"

namespace rectifier::client::cli {

// What the user says about the model's input, in place of its metadata.
struct PictureOptions {
  std::optional<Layout> layout;
  std::optional<int> channels;
  std::optional<int> height;
  std::optional<int> width;
  std::optional<std::string> output;
};

// A model that takes pictures and gives one row of scores for each.
struct PictureModel {
  std::string input;
  std::string output;
  Layout layout = Layout::kChannelsFirst;
  int channels = 0;  // these three: 0 where the model takes any
  int height = 0;
  int width = 0;
};

// From the model's only input, FP32 of rank 4, and its first output, unless another is named. The
// layout is channels-first, unless only the last dimension can be a number of channels.
// INVALID_ARGUMENT when the model is none of these.
absl::StatusOr<PictureModel> PictureModelOf(const ModelMetadata& metadata,
                                            const PictureOptions& options);

// INVALID_ARGUMENT, naming the option, where neither model nor options say what to make of a
// picture file.
absl::Status CheckFilesCanBeConverted(const PictureModel& model);

}  // namespace rectifier::client::cli
