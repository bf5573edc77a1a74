#pragma once

#include <cstddef>
#include <vector>

namespace rectifier {

// A piece of memory that is needed from one step to another, both included.
struct BufferLifetime {
  size_t bytes = 0;
  int first_step = 0;
  int last_step = 0;
};

struct MemoryPlan {
  std::vector<size_t> offsets;  // of each buffer in the arena, multiples of kTensorAlignment
  size_t arena_bytes = 0;
};

// Places buffers in one arena so that none which live at the same step overlap: largest first, each
// at the lowest offset that is free over its whole life (greedy by size; Pisarchyk and Lee,
// "Efficient Memory Management for Deep Neural Net Inference", 2020).
MemoryPlan PlanMemory(const std::vector<BufferLifetime>& buffers);

}  // namespace rectifier
