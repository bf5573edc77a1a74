#pragma once

#include "server/app/commands.h"
#include "server/models/model.h"

namespace rectifier {

// The workers that `options` asks for, or those that suit the CPUs that the process may use.
int WorkersFor(const ServeOptions& options);

// How `serve` loads its models, and `check` tries to: with bounds from the memory that the process
// may use, half of it for a model's weights, and half for what the workers need to run.
LoadOptions LoadOptionsFor(const ServeOptions& options);

}  // namespace rectifier
