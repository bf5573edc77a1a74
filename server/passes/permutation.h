#pragma once

#include <optional>
#include <vector>

#include "server/core/tensor.h"
#include "server/graph/graph.h"

namespace rectifier {

// An order of axes as Transpose has it: axis i of the result is axis perm[i] of the input.
using Permutation = std::vector<int64_t>;

// That of a Transpose node; nullopt when it is not one of `rank` axes.
std::optional<Permutation> PermutationOf(const Node& node, int rank);

bool IsIdentity(const Permutation& perm);

// First `first`, then `second`.
Permutation Compose(const Permutation& first, const Permutation& second);

Permutation Inverse(const Permutation& perm);

// The elements of `tensor`, of any type, with its axes in this order; the number of axes is that of
// the permutation.
Tensor Permuted(const Tensor& tensor, const Permutation& perm);

// `tensor` with 1s put before its dimensions up to `rank`.
Tensor WithRank(const Tensor& tensor, int rank);

}  // namespace rectifier
