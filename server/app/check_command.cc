#include <iostream>

#include "server/app/commands.h"
#include "server/app/exit_codes.h"
#include "server/core/status.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/models/model.h"

namespace rectifier {

int Check(const CheckOptions& options) {
  LoadOptions load;
  load.new_compiler = NewOneDnnCompiler;
  int code = kExitDone;
  for (const std::string& path : options.models) {
    const auto model = Model::Load(path, load, SteadyClock());
    if (!model.ok()) {
      std::cout << path << ": cannot be served\n";
      std::cerr << Message(model.status()) << "\n";
      code = kExitFailed;
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
