#include "client/cpp/cli/picture_model.h"

#include <algorithm>

#include "rectifier/tensor.h"
#include "server/core/status.h"

namespace rectifier::client::cli {
namespace {

bool IsChannelCount(int64_t dim) { return dim == 1 || dim == 3 || dim == 4; }

// The option, else the model's dimension; 0 when both are open.
absl::StatusOr<int> Dimension(const std::string& place, std::optional<int> option, int64_t dim,
                              const char* what) {
  constexpr int64_t kLargest = 1 << 14;
  if (option) return *option;
  if (dim < 0) return 0;
  if (dim > 0 && dim <= kLargest) return static_cast<int>(dim);
  return InvalidArgument(place, "its {} cannot be {}", what, dim);
}

}  // namespace

absl::StatusOr<PictureModel> PictureModelOf(const ModelMetadata& metadata,
                                            const PictureOptions& options) {
  const std::string model_place = "model '" + metadata.name + "'";
  if (metadata.inputs.size() != 1) {
    return InvalidArgument(model_place, "expected one input that takes pictures, got {}",
                           metadata.inputs.size());
  }
  const TensorMetadata& input = metadata.inputs[0];
  const std::string place = model_place + ", input '" + input.name + "'";
  if (input.datatype != "FP32" || input.shape.size() != 4) {
    return InvalidArgument(place, "expected pictures, FP32 of rank 4, got {}",
                           TypeName(input.datatype, input.shape));
  }
  const bool last_only = IsChannelCount(input.shape[3]) && !IsChannelCount(input.shape[1]);

  PictureModel model;
  model.input = input.name;
  model.layout =
      options.layout.value_or(last_only ? Layout::kChannelsLast : Layout::kChannelsFirst);
  const bool last = model.layout == Layout::kChannelsLast;
  const int64_t channels = input.shape[last ? 3 : 1];
  const int64_t height = input.shape[last ? 1 : 2];
  const int64_t width = input.shape[last ? 2 : 3];
  RECTIFIER_ASSIGN_OR_RETURN(model.channels,
                             Dimension(place, options.channels, channels, "channels"));
  RECTIFIER_ASSIGN_OR_RETURN(model.height, Dimension(place, options.height, height, "height"));
  RECTIFIER_ASSIGN_OR_RETURN(model.width, Dimension(place, options.width, width, "width"));

  const auto& outputs = metadata.outputs;
  const auto chosen = options.output ? std::find_if(outputs.begin(), outputs.end(),
                                                    [&](const TensorMetadata& output) {
                                                      return output.name == *options.output;
                                                    })
                                     : outputs.begin();
  if (chosen == outputs.end()) {
    return InvalidArgument(model_place, "has no output '{}'", options.output.value_or(""));
  }
  model.output = chosen->name;
  return model;
}

absl::Status CheckFilesCanBeConverted(const PictureModel& model) {
  const std::string place = "input '" + model.input + "'";
  if (model.channels == 0) {
    return InvalidArgument(place, "takes any number of channels: choose one with --channels");
  }
  if (!IsChannelCount(model.channels)) {
    return InvalidArgument(place, "a picture has 1, 3 or 4 channels, not {}", model.channels);
  }
  if (model.height == 0 || model.width == 0) {
    return InvalidArgument(place, "takes pictures of any size: choose one with --size");
  }
  return absl::OkStatus();
}

}  // namespace rectifier::client::cli
