#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "server/batching/batch_costs.h"
#include "server/core/clock.h"

namespace rectifier {

// The most that may be asked for as BatchingOptions::max_batch.
inline constexpr int64_t kLargestMaxBatch = 4096;

// What becomes of a task that has waited for as long as its queue policy lets it.
enum class TimeoutAction {
  kReject,  // it is over
  kDelay,   // it goes, once, behind all that wait with its priority then
};

// How long tasks of a priority may wait in the queue, and how many.
struct QueuePolicy {
  Duration timeout = {};  // zero: no bound
  int64_t max_tasks = 0;  // zero: no bound but the queue's
  TimeoutAction action = TimeoutAction::kReject;

  bool operator==(const QueuePolicy&) const = default;
};

struct BatchingOptions {
  int64_t max_batch = 32;                              // samples in one batch, at least 1
  int64_t max_queue_tasks = 1024;                      // tasks that may wait
  int64_t max_queue_bytes = int64_t{256} << 20;        // their bytes
  Duration max_queue_wait = std::chrono::seconds(10);  // as estimated when a task arrives
  // How long an idle worker leaves a task for company to come, and batches that it does not wait
  // to outgrow (ascending; none: max_batch).
  Duration delay{};
  std::vector<int64_t> preferred_batches = {};
  int max_concurrent = 0;  // batches that run at the same time; zero: as many as there are workers
  // Priorities are 1, the most urgent, to priority_levels; a task without one has the default.
  int priority_levels = 3;
  int default_priority = 2;
  QueuePolicy queue_policy = {};
  std::map<int, QueuePolicy> priority_policies = {};  // of priorities that have their own
};

// Why a batch holds what it holds and no more.
enum class CloseReason {
  kFull,      // as many samples as it pays to run together
  kIdle,      // all that waited, for a worker that was idle
  kDelay,     // all that waited when the delay was over
  kDeadline,  // with more, one of its tasks would have been late
};
inline constexpr int kCloseReasons = 4;

// A task as the policy sees it.
struct WaitingTask {
  int64_t samples = 1;
  TimePoint deadline = TimePoint::max();
};

struct BatchChoice {
  size_t tasks = 0;
  CloseReason reason = CloseReason::kIdle;
};

// What to run now: a pure function of what waits. It knows no threads, no clock and no lock.
//
// `waiting`: at least one task, in the order in which they are to run; of a longer queue, as many
// as fill the largest batch. Returns how many from the front form the next batch. That is, in this
// order: the samples that wait, or the largest preferred number below; a fair part of them for each
// of the `idle_workers` (the caller is one), when no sizes are preferred and that makes the whole
// earlier; of these, as many
// as it pays to run together (never a larger batch that is slower for a sample); and fewer when
// otherwise a deadline would be missed that can be met.
BatchChoice ChooseBatch(std::span<const WaitingTask> waiting, const BatchCosts& costs,
                        std::span<const int64_t> preferred_batches, TimePoint now,
                        int idle_workers);

// The Program sizes for a model: 1, 2, 4, … and `max_batch` itself, ascending.
std::vector<int64_t> ProgramBatchSizes(int64_t max_batch);

}  // namespace rectifier
