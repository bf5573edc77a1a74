#include <csignal>
#include <cstdlib>
#include <iostream>
#include <optional>

#include "server/app/commands.h"
#include "server/app/exit_codes.h"
#include "server/app/server.h"
#include "server/app/stop_signals.h"
#include "server/core/log.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

struct Failure {
  absl::Status status;
  int exit_code;
};

std::optional<Failure> ServeUntilStopped(const ServeOptions& options, const StopSignals& stop) {
  const auto entries = ScanRepository(options.model_repository);
  if (!entries.ok()) return Failure{entries.status(), kExitUsage};
  const auto server = Server::Start(options, *entries, SteadyClock());
  if (!server.ok()) return Failure{server.status(), kExitFailed};
  const absl::Status loaded = (*server)->Load(*entries, stop.token());
  if (!stop.token().stop_requested()) {
    if (options.strict && !loaded.ok()) return Failure{loaded, kExitFailed};
    const absl::Status announced = (*server)->Announce();
    if (!announced.ok()) return Failure{announced, kExitFailed};
  }
  stop.Wait();
  (*server)->Drain();
  log::Info("stopped");
  return std::nullopt;
}

void Report(const ServeOptions& options, const absl::Status& status) {
  if (options.log_format == "json") {
    log::Error("cannot serve", {{"error", Message(status)}});
  } else {
    std::cerr << "rectifier: " << Message(status) << "\n";
  }
}

}  // namespace

int Serve(const ServeOptions& options) {
  // gRPC's own log says again what an error here says, and is not in the log's format.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  // A client that goes away must not end the process through a write to its socket.
  signal(SIGPIPE, SIG_IGN);
  log::Configure(*log::ParseLevel(options.log_level), *log::ParseFormat(options.log_format));
  const StopSignals stop;
  std::optional<Failure> failure;
  {
    const log::Background background;
    failure = ServeUntilStopped(options, stop);
  }
  if (!failure) return kExitDone;
  Report(options, failure->status);
  return failure->exit_code;
}

}  // namespace rectifier
