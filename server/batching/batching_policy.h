#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace rectifier {

struct BatchingOptions {
  int64_t max_batch = 32;                        // samples in one batch, at least 1
  int64_t max_queue_tasks = 1024;                // tasks that may wait
  int64_t max_queue_bytes = int64_t{256} << 20;  // their bytes
};

// What to run now: a pure function of what waits. It knows no threads, no clock and no lock.
//
// It is work-conserving: asked by an idle worker, it never says "wait" while something is queued.
// Batches form because workers are busy, not because a timer runs.
class BatchingPolicy {
 public:
  explicit BatchingPolicy(int64_t max_batch);

  int64_t max_batch() const { return max_batch_; }

  // `waiting` holds the samples of the queued tasks, oldest first. Returns how many tasks from the
  // front form the next batch: as many as fit into max_batch, at least one when any waits. Of a
  // longer queue, the first max_batch tasks are enough to decide.
  size_t TasksForNextBatch(std::span<const int64_t> waiting) const;

 private:
  int64_t max_batch_;
};

// The Program sizes for a model: 1, 2, 4, … and `max_batch` itself, ascending.
std::vector<int64_t> ProgramBatchSizes(int64_t max_batch);

// Which of `sizes` (as ProgramBatchSizes() gives them) to run for `samples`, at least 1: they sum
// to it exactly, largest first, and for a batch of at most the largest size they are the fewest
// possible. 5 of {1, 2, 4, 8} is 4 + 1.
std::vector<int64_t> SplitIntoPrograms(int64_t samples, std::span<const int64_t> sizes);

}  // namespace rectifier
