#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "server/app/commands.h"
#include "server/models/graph_loader.h"
#include "server/models/model.h"

namespace rectifier {

// The workers that `options` asks for, or those that suit the CPUs that the process may use.
int WorkersFor(const ServeOptions& options);

// The same of the threads that receive requests. To receive one takes about 10 µs and the copying
// of its bytes, so that one thread feeds eight CPUs (of those within the cgroup's quota) with all
// but the smallest networks; and while there is only one, what it receives together it also batches
// together.
int EventThreadsFor(const ServeOptions& options);

// BusyPoll's window: what `options` asks for where there is more than one CPU.
Duration BusyPollFor(const ServeOptions& options);

// How `serve` loads its models, and `check` tries to: with bounds from the memory that the process
// may use, half of it for a model's weights, and half for what the workers need to run.
LoadOptions LoadOptionsFor(const ServeOptions& options);

// Reads and optimizes the model that a person means with `model`, as ResolveModelPath() finds it.
absl::StatusOr<LoadedGraph> LoadNamedGraph(const std::string& model,
                                           const PassOptions& passes = {});

}  // namespace rectifier
