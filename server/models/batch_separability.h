#pragma once

#include <memory>

#include "absl/status/status.h"
#include "server/engine/program.h"

namespace rectifier {

// Runs two different samples of generated values alone (in `one`, a batch of 1) and together (in
// `two`, a batch of 2). INVALID_ARGUMENT, naming the output, when the bits differ: then a sample's
// answer depends on its company (a Softmax over the batch, say, or a Reshape that mixes samples),
// and the model must not be batched.
absl::Status CheckBatchSeparable(const std::shared_ptr<const Program>& one,
                                 const std::shared_ptr<const Program>& two);

}  // namespace rectifier
