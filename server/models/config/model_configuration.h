#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/batching/batching_policy.h"

namespace rectifier {

// A value that the network is compared with, and where it stands in the file.
struct ConfiguredText {
  std::string place;
  std::string value;  // empty: not given
};

struct ConfiguredTensor {
  std::string place;
  std::string name;
  std::string data_type;      // "TYPE_FP32", as the file spells it
  std::vector<int64_t> dims;  // of one sample when the model is batched; kDynamicDim: any size
};

// What a model's config.pbtxt asks for. Without a file, everything is as it stands here.
struct ModelConfiguration {
  // Samples in one batch; 0: dimension 0 is not a batch.
  int64_t max_batch = 32;
  std::string max_batch_place;  // empty: not given
  // Everything but max_batch and the bounds of the whole queue, which are the server's.
  BatchingOptions batching;
  std::string preferred_place;  // of the preferred batches

  // What the network should be. No inputs: any; no outputs: any.
  std::vector<ConfiguredTensor> inputs;
  std::vector<ConfiguredTensor> outputs;
  ConfiguredText platform;
  ConfiguredText backend;
  ConfiguredText model_file;
};

// Bounds of what can be asked for, besides those of the batcher.
inline constexpr int kMaxPriorityLevels = 64;
inline constexpr int kMaxInstances = 1024;
inline constexpr Duration kMaxConfiguredTime = std::chrono::hours(24);

// Reads the text of a config.pbtxt, of the model in the folder `model_name`; `default_max_batch`:
// where it does not say. Everything in it is either in what is returned, or named in the error, one
// problem a line, with the file's line, the field, what was expected and what is there:
// INVALID_ARGUMENT, or UNIMPLEMENTED for what this server does not have.
absl::StatusOr<ModelConfiguration> ParseModelConfiguration(std::string_view text,
                                                           std::string_view model_name,
                                                           int64_t default_max_batch);

}  // namespace rectifier
