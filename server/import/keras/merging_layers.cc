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

// The tensor as one matrix for each sample, with the axis that is summed over at `position`.
absl::StatusOr<ValueId> AsMatrices(LayerCall& call, ValueId x, int axis, int position) {
  if (call.rank(x) == 2) {
    const std::array<int64_t, 1> axes = {position == 2 ? 1 : 2};
    return call.Add("Unsqueeze", {x, call.Integers(axes)});
  }
  if (axis == position) return x;
  return call.Transpose(x, {0, 2, 1});
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
  std::array<int, 2> ranks{};
  for (size_t i = 0; i < 2; ++i) {
    ValueId x = call.inputs()[i];
    ranks[i] = call.rank(x);
    RECTIFIER_ASSIGN_OR_RETURN(const int axis, call.Axis("axes", settings[i], x));
    if (axis < 1 || ranks[i] > kMatrixRank) {
      return Unimplemented(call.place(),
                           "only inputs of rank 2 and 3 and axes behind the batch are supported, "
                           "got axis {} of shape {}",
                           axis, call.shape(x).ToString());
    }
    if (normalize) {
      RECTIFIER_ASSIGN_OR_RETURN(x, Normalized(call, x, {axis}, 1e-7F));
    }
    RECTIFIER_ASSIGN_OR_RETURN(matrices[i], AsMatrices(call, x, axis, i == 0 ? 2 : 1));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId y, call.Add("MatMul", {matrices[0], matrices[1]}));
  // What was put around vectors goes again; of two of them one 1 stays.
  std::vector<int64_t> axes;
  if (ranks[0] == 2) axes.push_back(1);
  if (ranks[1] == 2 && ranks[0] != 2) axes.push_back(2);
  if (axes.empty()) return y;
  return call.Add("Squeeze", {y, call.Integers(axes)});
}

}  // namespace rectifier
