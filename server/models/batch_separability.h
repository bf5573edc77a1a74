#pragma once

#include <memory>

#include "absl/status/status.h"
#include "server/engine/program.h"

namespace rectifier {

// Runs different samples of generated values together in `many` (a batch of 2 or more), and the
// first, the middle and the last of them alone in `one` (a batch of 1). INVALID_ARGUMENT, naming
// the output, when the bits differ: then a sample's answer depends on its company (a Softmax over
// the batch, say, or a Reshape that mixes samples), and the model must not be run in such batches.
absl::Status CheckBatchSeparable(const std::shared_ptr<const Program>& one,
                                 const std::shared_ptr<const Program>& many);

}  // namespace rectifier
