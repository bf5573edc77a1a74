#include "server/batching/batching_policy.h"

#include <algorithm>
#include <limits>

#include "server/core/check.h"

namespace rectifier {
namespace {

// What a second worker must save to be worth waking.
constexpr Duration kWakeUp = std::chrono::microseconds(50);

// Costs are measured, and so not exact: what differs by less than this is the same. The smaller
// batch is taken then, as its tasks are done earlier.
constexpr double kSame = 0.02;

// How many tasks from the front have at most `samples` together; at least one.
size_t TasksWithin(std::span<const WaitingTask> waiting, int64_t samples) {
  size_t tasks = 1;
  int64_t sum = waiting[0].samples;
  while (tasks < waiting.size() && sum + waiting[tasks].samples <= samples) {
    sum += waiting[tasks++].samples;
  }
  return tasks;
}

int64_t SamplesOf(std::span<const WaitingTask> tasks) {
  int64_t samples = 0;
  for (const WaitingTask& task : tasks) samples += task.samples;
  return samples;
}

// How many of `tasks`, from the front, to run first: with them and the rest run as well as it goes,
// all take the least time in sum; and of those numbers, that at which a sample costs least.
size_t TasksThatPay(std::span<const WaitingTask> tasks, const BatchCosts& costs) {
  const double same = costs.known() ? kSame : 0;
  const int64_t all = SamplesOf(tasks);
  const auto split = [&](int64_t samples) {
    return costs.Weight(samples) + costs.Weight(all - samples);
  };
  double least = costs.Weight(all);
  int64_t samples = 0;
  for (const WaitingTask& task : tasks) least = std::min(least, split(samples += task.samples));
  const auto pays = [&](int64_t first) {
    return split(first) - least <= same * costs.Weight(first);
  };
  const auto per_sample = [&](int64_t first) {
    return costs.Weight(first) / static_cast<double>(first);
  };
  double cheapest = std::numeric_limits<double>::infinity();
  samples = 0;
  for (const WaitingTask& task : tasks) {
    samples += task.samples;
    if (pays(samples)) cheapest = std::min(cheapest, per_sample(samples));
  }
  samples = 0;
  for (size_t i = 0; i < tasks.size(); ++i) {
    samples += tasks[i].samples;
    if (pays(samples) && per_sample(samples) <= cheapest * (1 + same)) return i + 1;
  }
  return tasks.size();
}

// The most of `tasks` that are all done in time; zero when the first is late in any case.
size_t TasksInTime(std::span<const WaitingTask> tasks, const BatchCosts& costs, TimePoint now) {
  size_t in_time = 0;
  int64_t samples = 0;
  TimePoint tightest = TimePoint::max();
  for (size_t i = 0; i < tasks.size(); ++i) {
    samples += tasks[i].samples;
    tightest = std::min(tightest, tasks[i].deadline);
    if (costs.Of(samples) <= tightest - now) in_time = i + 1;
  }
  return in_time;
}

}  // namespace

BatchChoice ChooseBatch(std::span<const WaitingTask> waiting, const BatchCosts& costs,
                        std::span<const int64_t> preferred_batches, TimePoint now,
                        int idle_workers) {
  RECTIFIER_CHECK(!waiting.empty());
  waiting = waiting.first(TasksWithin(waiting, costs.max_batch()));
  int64_t wanted = std::min(SamplesOf(waiting), costs.max_batch());
  const auto preferred =
      std::upper_bound(preferred_batches.begin(), preferred_batches.end(), wanted);
  if (preferred != preferred_batches.begin()) wanted = *(preferred - 1);
  if (idle_workers > 1 && preferred_batches.empty()) {
    const int64_t part = (wanted + idle_workers - 1) / idle_workers;
    if (costs.Of(wanted) - costs.Of(part) > kWakeUp) wanted = part;
  }
  size_t tasks = TasksThatPay(waiting.first(TasksWithin(waiting, wanted)), costs);
  CloseReason reason = tasks < waiting.size() || wanted == costs.max_batch() ? CloseReason::kFull
                                                                             : CloseReason::kIdle;
  const size_t in_time = TasksInTime(waiting.first(tasks), costs, now);
  if (in_time > 0 && in_time < tasks) {
    tasks = in_time;
    reason = CloseReason::kDeadline;
  }
  return {tasks, reason};
}

std::vector<int64_t> ProgramBatchSizes(int64_t max_batch) {
  RECTIFIER_CHECK(max_batch >= 1);
  std::vector<int64_t> sizes{1};
  while (sizes.back() <= max_batch / 2) sizes.push_back(sizes.back() * 2);
  if (sizes.back() != max_batch) sizes.push_back(max_batch);
  return sizes;
}

}  // namespace rectifier
