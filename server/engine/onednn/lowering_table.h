#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "server/engine/onednn/program_builder.h"
#include "server/graph/graph.h"

namespace rectifier::onednn {

// How an operator becomes steps. `lower` reads the node's inputs from the builder, adds steps, and
// sets its output; dnnl::error is caught by the caller.
struct Lowering {
  std::string_view op;
  absl::Status (*lower)(const Node& node, ProgramBuilder& builder);
};

std::span<const Lowering> LoweringTable();

}  // namespace rectifier::onednn
