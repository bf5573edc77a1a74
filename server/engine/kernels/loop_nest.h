#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace rectifier::kernels {

// The strides of a tensor's dimensions, in elements; 0 along a dimension that is broadcast.
using Strides = std::vector<int64_t>;

// The loops over the elements of K tensors that are walked together. Dimensions of 1 are dropped,
// those that lie one in the other in all tensors are made one, and the order is that of the first
// tensor's memory, so that the innermost loop (a "row") is as long and as dense as can be.
template <size_t K>
class LoopNest {
 public:
  using Offsets = std::array<int64_t, K>;  // of the tensors, in elements

  LoopNest(std::span<const int64_t> dims, const std::array<Strides, K>& strides) {
    for (size_t i = 0; i < dims.size(); ++i) {
      if (dims[i] == 0) empty_ = true;
      if (dims[i] == 1) continue;
      Loop loop{dims[i], {}};
      for (size_t k = 0; k < K; ++k) loop.steps[k] = strides[k][i];
      loops_.push_back(loop);
    }
    std::stable_sort(loops_.begin(), loops_.end(),
                     [](const Loop& a, const Loop& b) { return a.steps[0] > b.steps[0]; });
    MergeDense();
    if (loops_.empty()) loops_.push_back({1, {}});
  }

  // Calls row(offsets, count, steps) for every row.
  template <typename Row>
  void ForEachRow(const Row& row) const {
    if (empty_) return;
    const Loop& inner = loops_.back();
    const size_t outer = loops_.size() - 1;
    Offsets at{};
    std::vector<int64_t> index(outer, 0);
    while (true) {
      row(at, inner.count, inner.steps);
      size_t i = outer;
      for (; i-- > 0;) {
        for (size_t k = 0; k < K; ++k) at[k] += loops_[i].steps[k];
        if (++index[i] < loops_[i].count) break;
        for (size_t k = 0; k < K; ++k) at[k] -= loops_[i].count * loops_[i].steps[k];
        index[i] = 0;
      }
      if (i == static_cast<size_t>(-1)) return;
    }
  }

 private:
  struct Loop {
    int64_t count;
    Offsets steps;
  };

  void MergeDense() {
    std::vector<Loop> merged;
    for (const Loop& loop : loops_) {
      const bool dense = !merged.empty() && [&] {
        for (size_t k = 0; k < K; ++k) {
          if (merged.back().steps[k] != loop.steps[k] * loop.count) return false;
        }
        return true;
      }();
      if (dense) {
        merged.back() = {merged.back().count * loop.count, loop.steps};
      } else {
        merged.push_back(loop);
      }
    }
    loops_ = std::move(merged);
  }

  std::vector<Loop> loops_;  // outermost first; at least one
  bool empty_ = false;
};

// The strides of a dense tensor whose last dimension is innermost.
inline Strides RowMajorStrides(std::span<const int64_t> dims) {
  Strides strides(dims.size());
  int64_t stride = 1;
  for (size_t i = dims.size(); i-- > 0;) {
    strides[i] = stride;
    stride *= dims[i];
  }
  return strides;
}

}  // namespace rectifier::kernels
