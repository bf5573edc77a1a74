#include "server/app/program_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "server/app/model_text.h"
#include "server/engine/execution_context.h"
#include "server/ops/flop.h"

namespace rectifier {
namespace {

double Median(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Gives each node's arithmetic to those of its steps that run in the way that takes the longest of
// all, in proportion to their time: what else there is moves numbers for them.
void AddArithmetic(const Graph& bound, std::vector<StepProfile>& steps) {
  std::map<std::string, std::vector<StepProfile*>, std::less<>> of_nodes;
  for (StepProfile& step : steps) of_nodes[step.info.node].push_back(&step);
  for (const Node& node : bound.nodes()) {
    std::map<std::string_view, double> ms;  // of each way
    const auto& of_node = of_nodes[node.name];
    for (const StepProfile* step : of_node) ms[step->info.implementation] += step->ms;
    const auto longest = std::max_element(
        ms.begin(), ms.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
    for (StepProfile* step : of_node) {
      if (step->info.implementation != longest->first || longest->second == 0) continue;
      step->gflop += Flop(bound, node) / 1e9 * step->ms / longest->second;
    }
  }
}

std::string Rate(double amount, double ms, const char* format) {
  return amount > 0 && ms > 0 ? fmt::format(fmt::runtime(format), amount / ms * 1e3) : "";
}

}  // namespace

double ProgramProfile::total_ms() const {
  double total = 0;
  for (const StepProfile& step : steps) total += step.ms;
  return total;
}

ProgramProfile ProfileProgram(const std::shared_ptr<const Program>& program, const Graph& bound,
                              std::span<const TensorView> inputs,
                              std::span<const MutableTensorView> outputs, double seconds,
                              const Clock& clock) {
  ExecutionContext context;
  std::vector<Duration> step_times(program->steps().size());
  std::vector<std::vector<double>> times(step_times.size());
  std::vector<double> runs;
  context.Run(program, inputs, outputs);
  const TimePoint start = clock.Now();
  do {
    const TimePoint begin = clock.Now();
    context.Run(program, inputs, outputs);
    runs.push_back(Seconds(clock.Now() - begin) * 1e3);
    context.RunTimed(program, inputs, outputs, clock, step_times);
    for (size_t i = 0; i < times.size(); ++i) times[i].push_back(Seconds(step_times[i]) * 1e3);
  } while (Seconds(clock.Now() - start) < seconds);
  ProgramProfile profile;
  profile.run_ms = Median(runs);
  for (size_t i = 0; i < times.size(); ++i) {
    profile.steps.push_back({program->steps()[i], Median(times[i]), 0});
  }
  AddArithmetic(bound, profile.steps);
  return profile;
}

std::string ProfileText(const ProgramProfile& profile) {
  const double total = profile.total_ms();
  std::vector<std::vector<std::string>> rows = {
      {"node", "step", "implementation", "ms", "share", "GFLOP/s", "MB", "GB/s", ""}};
  for (const StepProfile& step : profile.steps) {
    const double gigabytes = static_cast<double>(step.info.bytes) / 1e9;
    rows.push_back({step.info.node, step.info.op, step.info.implementation,
                    fmt::format("{:.4f}", step.ms), fmt::format("{:.1f} %", step.ms / total * 100),
                    Rate(step.gflop, step.ms, "{:.1f}"), fmt::format("{:.3f}", gigabytes * 1e3),
                    Rate(gigabytes, step.ms, "{:.1f}"), step.info.detail});
  }
  return Table(rows) +
         fmt::format("steps {:.4f} ms; a run without looking at the clock {:.4f} ms\n", total,
                     profile.run_ms);
}

}  // namespace rectifier
