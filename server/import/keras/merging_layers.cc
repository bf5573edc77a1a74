#include <algorithm>
#include <array>
#include <numeric>

#include "server/core/status.h"
#include "server/import/keras/layers.h"
#include "server/import/keras/norm.h"

namespace rectifier {
namespace {

constexpr int kMatrixRank = 3;  // with the batch

// Inputs of fewer axes than the others get ones behind the batch.
absl::StatusOr<std::vector<ValueId>> OfOneRank(LayerCall& call, size_t at_least) {
  std::vector<ValueId> inputs = call.inputs();
  if (inputs.size() < at_least) {
    return InvalidArgument(call.place(), "expected {} or more inputs, got {}", at_least,
                           inputs.size());
  }
  int rank = 0;
  for (const ValueId id : inputs) rank = std::max(rank, call.rank(id));
  for (ValueId& id : inputs) {
    const int missing = rank - call.rank(id);
    if (missing == 0 || call.rank(id) == 0) continue;
    std::vector<int64_t> axes(static_cast<size_t>(missing));
    std::iota(axes.begin(), axes.end(), int64_t{1});
    RECTIFIER_ASSIGN_OR_RETURN(id, call.Add("Unsqueeze", {id, call.Integers(axes)}));
  }
  return inputs;
}

absl::StatusOr<ValueId> Merged(LayerCall& call, std::string_view op,
                               const std::vector<ValueId>& inputs) {
  ValueId so_far = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    RECTIFIER_ASSIGN_OR_RETURN(so_far, call.Add(op, {so_far, inputs[i]}));
  }
  return so_far;
}

// The tensor as one matrix for each sample, with the axis that is summed over as its columns, or as
// its rows, and the others as one.
absl::StatusOr<ValueId> AsMatrices(LayerCall& call, ValueId x, int axis, bool columns) {
  const int rank = call.rank(x);
  if (rank == 2) {
    return call.Add("Unsqueeze", {x, call.Integers(std::array<int64_t, 1>{columns ? 1 : 2})});
  }
  std::vector<int64_t> perm = {0};
  if (!columns) perm.push_back(axis);
  int64_t others = 1;
  for (int i = 1; i < rank; ++i) {
    if (i == axis) continue;
    perm.push_back(i);
    if (rank == kMatrixRank) continue;
    RECTIFIER_ASSIGN_OR_RETURN(const int64_t dim, call.KnownDim(x, i));
    if (MultiplyOverflows(others, dim, &others)) {
      return ResourceExhausted(call.place(), "its input has too many elements");
    }
  }
  if (columns) perm.push_back(axis);
  if (!std::is_sorted(perm.begin(), perm.end())) {
    RECTIFIER_ASSIGN_OR_RETURN(x, call.Transpose(x, std::move(perm)));
  }
  if (rank == kMatrixRank) return x;
  return call.Reshape(
      x, columns ? std::vector<int64_t>{0, others, -1} : std::vector<int64_t>{0, -1, others});
}

// Appends the sizes of the axes that are neither the batch nor summed over.
void AppendOthers(const Shape& shape, int axis, std::vector<int64_t>& dims) {
  for (int i = 1; i < shape.rank(); ++i) {
    if (i != axis) dims.push_back(shape[i]);
  }
}

}  // namespace

absl::StatusOr<ValueId> ConvertMerge(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<ValueId> inputs, OfOneRank(call, 1));
  if (inputs.size() == 1) return call.Add("Identity", inputs);
  return Merged(call, op, inputs);
}

absl::StatusOr<ValueId> ConvertSubtract(LayerCall& call) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<ValueId> inputs, OfOneRank(call, 2));
  if (inputs.size() > 2) {
    return InvalidArgument(call.place(), "expected two inputs, got {}", inputs.size());
  }
  return Merged(call, "Sub", inputs);
}

absl::StatusOr<ValueId> ConvertAverage(LayerCall& call) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<ValueId> inputs, OfOneRank(call, 1));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId sum, Merged(call, "Add", inputs));
  return call.Add("Div", {sum, call.Scalar(static_cast<float>(inputs.size()))});
}

absl::StatusOr<ValueId> ConvertConcatenate(LayerCall& call) {
  const int64_t axis = call.config().Int("axis", -1);
  if (call.inputs().empty()) return InvalidArgument(call.place(), "expected inputs, got none");
  RECTIFIER_ASSIGN_OR_RETURN(const int at, call.Axis("axis", axis, call.inputs()[0]));
  return call.Add("Concat", call.inputs(), {{"axis", int64_t{at}}});
}

// The sums of products along one axis of each, for every sample; with `normalize` of vectors of
// length 1.
absl::StatusOr<ValueId> ConvertDot(LayerCall& call) {
  const std::vector<int64_t> settings = call.config().Tuple("axes", 2, -1, -8);
  const bool normalize = call.config().Bool("normalize", false);
  if (call.inputs().size() != 2) {
    return InvalidArgument(call.place(), "expected two inputs, got {}", call.inputs().size());
  }
  std::array<ValueId, 2> matrices{};
  std::vector<int64_t> dims = {0};
  bool large = false;
  for (size_t i = 0; i < 2; ++i) {
    ValueId x = call.inputs()[i];
    RECTIFIER_ASSIGN_OR_RETURN(const int axis, call.Axis("axes", settings[i], x));
    if (axis < 1) return call.config().Wrong("axes", "axes behind the batch");
    if (normalize) {
      RECTIFIER_ASSIGN_OR_RETURN(x, Normalized(call, x, {axis}, 1e-7F));
    }
    large = large || call.rank(x) > kMatrixRank;
    AppendOthers(call.shape(x), axis, dims);
    RECTIFIER_ASSIGN_OR_RETURN(matrices[i], AsMatrices(call, x, axis, i == 0));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId y, call.Add("MatMul", {matrices[0], matrices[1]}));
  if (large) return call.Reshape(y, std::move(dims));
  // What was put around vectors goes again; of two of them one 1 stays.
  const bool row = call.rank(call.inputs()[0]) == 2;
  const bool column = call.rank(call.inputs()[1]) == 2;
  if (!row && !column) return y;
  return call.Add("Squeeze", {y, call.Integers(std::array<int64_t, 1>{row ? 1 : 2})});
}

}  // namespace rectifier
