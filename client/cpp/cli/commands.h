#pragma once

#include <ostream>

#include "absl/status/status.h"
#include "client/cpp/cli/command_line.h"
#include "rectifier/client.h"

namespace rectifier::client::cli {

// The program's commands. What was asked for goes to `out`; an error is what the program ends with.

// FAILED_PRECONDITION when it answers that it is not ready.
absl::Status RunReady(const ReadyOptions& options, const Client& client, std::ostream& out);

absl::Status RunMetadata(const MetadataOptions& options, const Client& client, std::ostream& out);

absl::Status RunInfer(const InferOptions& options, const Client& client, std::ostream& out);

// FAILED_PRECONDITION when the accuracy is below the smallest allowed.
absl::Status RunClassify(const ClassifyOptions& options, const Client& client, std::ostream& out);

}  // namespace rectifier::client::cli
