#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/models/config/model_configuration.h"
#include "server/models/model.h"

namespace rectifier {

// A model and how it is to be served.
struct ConfiguredModel {
  std::shared_ptr<const Model> model;
  ModelConfiguration configuration;
};

// Loads the model at `path`, as Model::Load() takes it. When that is a version's folder in a
// repository (MODEL/VERSION), with the configuration in the model's folder, MODEL/config.pbtxt,
// which then decides on max_batch; the errors are Model::Load()'s and the configuration's, which
// begin with "config.pbtxt". Anything else, and a model without such a file, has the configuration
// that `options` give it.
absl::StatusOr<ConfiguredModel> LoadConfiguredModel(const std::filesystem::path& path,
                                                    const LoadOptions& options, const Clock& clock);

}  // namespace rectifier
