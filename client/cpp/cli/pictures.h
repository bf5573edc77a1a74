#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "client/cpp/cli/command_line.h"
#include "client/cpp/cli/image.h"
#include "client/cpp/cli/picture_model.h"

namespace rectifier::client::cli {

// Pictures as a model takes them, all of one size.
struct Pictures {
  std::vector<std::string> names;
  std::vector<std::optional<int64_t>> labels;
  std::vector<int64_t> shape;  // of one picture
  Layout layout = Layout::kChannelsFirst;
  std::vector<float> values;  // one picture after the other

  size_t count() const { return names.size(); }
  size_t picture_size() const { return values.size() / count(); }

  // Picture `index` in gray from 0 to 255, for the eye: values in [0,1] as they are, others
  // stretched from the smallest to the largest. Of neither 1 nor 3 nor 4 channels, only the first.
  Image Drawing(size_t index) const;
};

// Reads and converts options.files; names and labels are the files'. INVALID_ARGUMENT when the
// model and the options leave open what to convert to.
absl::StatusOr<Pictures> LoadPictures(const ClassifyOptions& options, const PictureModel& model);

// Reads a float32 .npy of rank 4, at least one picture; the names are "#0", "#1", … Pictures that
// fit the model only in the layout that is not its own are turned into its own; no others are
// changed.
absl::StatusOr<Pictures> LoadArray(const std::filesystem::path& path, const PictureModel& model);

}  // namespace rectifier::client::cli
