#include "server/batching/batching_policy.h"

#include "server/core/check.h"

namespace rectifier {

BatchingPolicy::BatchingPolicy(int64_t max_batch) : max_batch_(max_batch) {
  RECTIFIER_CHECK(max_batch >= 1);
}

size_t BatchingPolicy::TasksForNextBatch(std::span<const int64_t> waiting) const {
  int64_t room = max_batch_;
  size_t tasks = 0;
  while (tasks < waiting.size() && waiting[tasks] <= room) {
    room -= waiting[tasks];
    ++tasks;
  }
  return tasks == 0 && !waiting.empty() ? 1 : tasks;
}

std::vector<int64_t> ProgramBatchSizes(int64_t max_batch) {
  RECTIFIER_CHECK(max_batch >= 1);
  std::vector<int64_t> sizes{1};
  while (sizes.back() <= max_batch / 2) sizes.push_back(sizes.back() * 2);
  if (sizes.back() != max_batch) sizes.push_back(max_batch);
  return sizes;
}

std::vector<int64_t> SplitIntoPrograms(int64_t samples, std::span<const int64_t> sizes) {
  RECTIFIER_CHECK(samples >= 1 && !sizes.empty() && sizes.front() == 1);
  // Largest first is also the fewest: below the last size all are powers of two.
  std::vector<int64_t> split;
  for (size_t i = sizes.size(); samples > 0; --i) {
    const int64_t size = sizes[i - 1];
    split.insert(split.end(), static_cast<size_t>(samples / size), size);
    samples %= size;
  }
  return split;
}

}  // namespace rectifier
