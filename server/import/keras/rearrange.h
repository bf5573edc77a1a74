#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/core/tensor.h"

namespace rectifier {

// An order of axes: axis i of the result is axis perm[i] of the tensor. The tensor's axes that are
// listed in `flipped` are read backwards.
struct Rearrangement {
  std::vector<int64_t> perm;
  std::vector<int> flipped;
};

// The elements of a tensor of f32 in another order. The number of axes is that of the permutation.
absl::StatusOr<Tensor> Rearranged(const Tensor& tensor, const Rearrangement& to);

}  // namespace rectifier
