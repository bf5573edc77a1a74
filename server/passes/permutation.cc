#include "server/passes/permutation.h"

#include <algorithm>
#include <cstring>

#include "server/core/check.h"
#include "server/ops/broadcast.h"
#include "server/ops/transpose.h"

namespace rectifier {
namespace {

// An uninitialised tensor of a size that exists already under another shape.
Tensor NewTensor(const TensorType& type) {
  absl::StatusOr<Tensor> tensor = Tensor::Allocate(type);
  RECTIFIER_CHECK(tensor.ok());
  return *std::move(tensor);
}

}  // namespace

std::optional<Permutation> PermutationOf(const Node& node, int rank) {
  if (node.op != "Transpose") return std::nullopt;
  const auto attributes = TransposeAttributes::Read(node, rank);
  if (!attributes.ok()) return std::nullopt;
  return attributes->perm;
}

bool IsIdentity(const Permutation& perm) { return std::is_sorted(perm.begin(), perm.end()); }

Permutation Compose(const Permutation& first, const Permutation& second) {
  Permutation both;
  for (const int64_t axis : second) both.push_back(first[static_cast<size_t>(axis)]);
  return both;
}

Permutation Inverse(const Permutation& perm) {
  Permutation inverse(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) {
    inverse[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
  }
  return inverse;
}

Tensor Permuted(const Tensor& tensor, const Permutation& perm) {
  const Shape& from = tensor.shape();
  Shape to;
  for (const int64_t axis : perm) to.push_back(from[static_cast<int>(axis)]);
  Tensor result = NewTensor({tensor.dtype(), to});
  const auto size = static_cast<size_t>(ElementSize(tensor.dtype()));
  std::vector<int64_t> strides(perm.size());  // of the input, in elements
  int64_t stride = 1;
  for (int axis = from.rank() - 1; axis >= 0; --axis) {
    strides[static_cast<size_t>(axis)] = stride;
    stride *= from[axis];
  }
  std::vector<int64_t> index(perm.size(), 0);
  std::byte* out = result.bytes().data();
  for (int64_t i = 0; i < result.ElementCount(); ++i, out += size) {
    int64_t offset = 0;
    for (size_t axis = 0; axis < perm.size(); ++axis) {
      offset += index[axis] * strides[static_cast<size_t>(perm[axis])];
    }
    std::memcpy(out, tensor.bytes().data() + static_cast<size_t>(offset) * size, size);
    for (size_t axis = perm.size(); axis-- > 0;) {
      if (++index[axis] < to[static_cast<int>(axis)]) break;
      index[axis] = 0;
    }
  }
  return result;
}

Tensor WithRank(const Tensor& tensor, int rank) {
  Tensor result = NewTensor({tensor.dtype(), PadRank(tensor.shape(), rank)});
  std::copy(tensor.bytes().begin(), tensor.bytes().end(), result.bytes().begin());
  return result;
}

}  // namespace rectifier
