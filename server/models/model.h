#pragma once

#include <filesystem>
#include <memory>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/engine/compiler.h"
#include "server/import/limits.h"
#include "server/models/probe.h"
#include "server/models/program_cache.h"
#include "server/models/signature.h"
#include "server/passes/run_passes.h"

namespace rectifier {

struct LoadOptions {
  ImportLimits limits;
  PassOptions passes;
  CompilerOptions compiler;
  CompilerFactory new_compiler = nullptr;
  // Samples; a model that cannot be batched has fewer. 0: it is not to be batched, so that
  // dimension 0 is one like others.
  int64_t max_batch = 32;
  // Programs that are kept of a model with dynamic dimensions other than the batch.
  size_t max_cached_programs = 32;
  std::stop_token stop;  // gives up between two steps of a load
};

// A Model is a network compiled for every batch size that it will run at: immutable, and the same
// object for all workers. Where inputs have other dynamic dimensions, its Programs are made for the
// shapes that requests bring, and those used last are kept.
//
// Threading: safe from any thread.
class Model {
 public:
  // Reads, optimizes and compiles the model at `path`, as LoadGraph(). A batched one is run with
  // generated samples to see that they do not depend on their company. CANCELLED when a stop was
  // asked for.
  static absl::StatusOr<std::shared_ptr<const Model>> Load(const std::filesystem::path& path,
                                                           const LoadOptions& options,
                                                           const Clock& clock);

  const ModelSignature& signature() const { return signature_; }

  // Inputs have dynamic dimensions other than the batch.
  bool has_dynamic_shapes() const { return cache_ != nullptr; }

  // The batch sizes that there are Programs for, ascending from 1.
  const std::vector<int64_t>& batch_sizes() const { return batch_sizes_; }
  const std::shared_ptr<const Program>& program(size_t index) const { return programs_[index]; }
  // The Program for exactly this batch size, which is one of batch_sizes().
  const std::shared_ptr<const Program>& ProgramFor(int64_t batch) const;

  // The Program for inputs of these shapes; only where has_dynamic_shapes(). INVALID_ARGUMENT for
  // shapes that the network cannot be run at.
  absl::StatusOr<ProgramCache::Lookup> ProgramFor(std::span<const Shape> input_shapes) const;

  // The types of the outputs, in the signature's order, for `samples` samples of inputs of these
  // shapes. INVALID_ARGUMENT as above.
  absl::StatusOr<std::vector<TensorType>> OutputTypes(int64_t samples,
                                                      std::span<const Shape> input_shapes) const;

  size_t weight_bytes() const { return weight_bytes_; }

  // Why the model runs smaller batches than it was asked to; empty when it does not.
  const std::string& batch_limit_reason() const { return batch_limit_reason_; }

 private:
  Model() = default;

  ModelSignature signature_;
  std::vector<int64_t> batch_sizes_;
  std::vector<std::shared_ptr<const Program>> programs_;  // none where there is a cache
  std::unique_ptr<ProgramCache> cache_;
  size_t weight_bytes_ = 0;
  std::string batch_limit_reason_;
};

}  // namespace rectifier
