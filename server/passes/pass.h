#pragma once

#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/engine/compiler.h"
#include "server/graph/graph.h"

namespace rectifier {

// What a pass may use besides the graph.
struct PassContext {
  CompilerFactory new_compiler = nullptr;  // to compute with
  bool relaxed_forms = false;  // forms of the activation that round differently are recognised, too
};

// A rewrite of a graph that changes no result. `run` returns how many places it changed; it may
// count on a graph that is verified and typed, and leaves one that is verified (types are inferred
// anew after it).
struct Pass {
  std::string_view name;
  std::string_view summary;  // for people
  absl::StatusOr<int> (*run)(Graph& graph, const PassContext& context);
};

// All passes, in the order in which they run.
std::span<const Pass> PassList();

}  // namespace rectifier
