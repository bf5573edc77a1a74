#pragma once

#include <string>

#include "proto/model_config.pb.h"
#include "server/batching/batching_policy.h"
#include "server/models/signature.h"

namespace rectifier {

// How a model is served, with everything filled in: a config.pbtxt that asks for just that.
// `batching.max_concurrent` is set.
inference::ModelConfig DescribeModel(const std::string& name, const ModelSignature& signature,
                                     const BatchingOptions& batching);

}  // namespace rectifier
