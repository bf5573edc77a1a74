#include <chrono>
#include <cmath>

#include "client/cpp/cli/commands.h"
#include "client/cpp/cli/text.h"
#include "server/core/status.h"

namespace rectifier::client::cli {

absl::Status RunReady(const ReadyOptions& options, const Client& client, std::ostream& out) {
  const std::string what = options.model.empty() ? "the server" : "model '" + options.model + "'";
  if (options.wait_seconds > 0) {
    const std::chrono::milliseconds wait(std::llround(options.wait_seconds * 1000));
    RECTIFIER_RETURN_IF_ERROR(client.WaitUntilReady(wait, options.model, options.version));
  } else {
    RECTIFIER_ASSIGN_OR_RETURN(const bool ready,
                               options.model.empty()
                                   ? client.IsServerReady()
                                   : client.IsModelReady(options.model, options.version));
    if (!ready) return FailedPrecondition(client.target(), "{} is not ready", what);
  }
  out << Printable(client.target()) << ": " << Printable(what) << " is ready\n";
  return absl::OkStatus();
}

}  // namespace rectifier::client::cli
