#include <algorithm>
#include <iostream>

#include "server/app/commands.h"
#include "server/app/exit_codes.h"
#include "server/app/load_options.h"
#include "server/core/status.h"
#include "server/models/model.h"
#include "server/models/repository.h"

namespace rectifier {

namespace {

absl::StatusOr<std::shared_ptr<const Model>> LoadModel(const std::string& path,
                                                       const LoadOptions& options) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::filesystem::path resolved, ResolveModelPath(path));
  return Model::Load(resolved, options, SteadyClock());
}

}  // namespace

int Check(const CheckOptions& options) {
  const LoadOptions load = LoadOptionsFor(options.serving);
  int code = kExitDone;
  for (const std::string& path : options.models) {
    const auto model = LoadModel(path, load);
    if (!model.ok()) {
      std::cout << path << ": cannot be served\n";
      std::cerr << Message(model.status()) << "\n";
      const bool missing = model.status().code() == absl::StatusCode::kNotFound;
      code = std::max(code, missing ? kExitUsage : kExitFailed);
      continue;
    }
    std::cout << path << ": can be served";
    const std::string& reason = (*model)->batch_limit_reason();
    if (!reason.empty()) {
      std::cout << fmt::format(", in batches of at most {} ({})",
                               std::max<int64_t>(1, (*model)->signature().max_batch), reason);
    }
    std::cout << "\n";
  }
  return code;
}

}  // namespace rectifier
