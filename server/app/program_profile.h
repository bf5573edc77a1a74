#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/core/clock.h"
#include "server/engine/program.h"
#include "server/graph/graph.h"

namespace rectifier {

// What a step of a Program takes.
struct StepProfile {
  StepInfo info;
  double ms = 0;     // median of the runs
  double gflop = 0;  // its part of its node's, by its time
};

struct ProgramProfile {
  std::vector<StepProfile> steps;  // in the order in which they run
  double run_ms = 0;               // median of runs that are not timed step by step
  double total_ms() const;         // of all steps
};

// Runs `program`, which was compiled from the graph `bound`, for about `seconds`.
ProgramProfile ProfileProgram(const std::shared_ptr<const Program>& program, const Graph& bound,
                              std::span<const TensorView> inputs,
                              std::span<const MutableTensorView> outputs, double seconds,
                              const Clock& clock);

// A table with a row for each step, and a line that compares their sum with a run.
std::string ProfileText(const ProgramProfile& profile);

}  // namespace rectifier
