#include "server/engine/memory_plan.h"

#include <algorithm>
#include <numeric>

#include "server/core/tensor.h"

namespace rectifier {
namespace {

size_t RoundUp(size_t bytes) {
  return (bytes + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
}

bool LiveTogether(const BufferLifetime& a, const BufferLifetime& b) {
  return a.first_step <= b.last_step && b.first_step <= a.last_step;
}

}  // namespace

MemoryPlan PlanMemory(const std::vector<BufferLifetime>& buffers) {
  MemoryPlan plan;
  plan.offsets.resize(buffers.size(), 0);
  std::vector<size_t> order(buffers.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<size_t> placed;  // by offset
  for (const size_t index : order) {
    const size_t bytes = RoundUp(buffers[index].bytes);
    size_t offset = 0;
    for (const size_t other : placed) {
      if (!LiveTogether(buffers[index], buffers[other])) continue;
      if (plan.offsets[other] >= offset + bytes) break;  // fits into the gap before it
      offset = std::max(offset, plan.offsets[other] + RoundUp(buffers[other].bytes));
    }
    plan.offsets[index] = offset;
    plan.arena_bytes = std::max(plan.arena_bytes, offset + bytes);
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), index,
                         [&](size_t a, size_t b) { return plan.offsets[a] < plan.offsets[b]; }),
        index);
  }
  return plan;
}

}  // namespace rectifier
