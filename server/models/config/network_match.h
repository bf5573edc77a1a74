#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "server/models/config/model_configuration.h"
#include "server/models/signature.h"

namespace rectifier {

// A network as it was loaded with a configuration's max_batch.
struct ConfiguredNetwork {
  const ModelSignature& signature;
  std::string_view file;                // the name of its file
  std::string_view batch_limit_reason;  // why its batches are smaller; may be empty
};

// Whether the network is what the configuration says, and can be batched as it asks. Errors are
// ParseModelConfiguration()'s, FAILED_PRECONDITION where batches cannot be as large.
absl::Status CheckNetwork(const ModelConfiguration& configuration,
                          const ConfiguredNetwork& network);

}  // namespace rectifier
