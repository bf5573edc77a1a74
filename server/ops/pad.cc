#include "server/ops/pad.h"

#include <limits>
#include <string>

#include "server/ops/attribute_reader.h"

namespace rectifier {
namespace {

constexpr int64_t kMaxPad = int64_t{1} << 32;

absl::StatusOr<PadArguments> Arguments(const Node& node, const Tensor* pads, bool has_value,
                                       const Tensor* value, int rank) {
  const std::string place = Place(node);
  AttributeReader reader(node);
  const std::string mode = reader.String("mode", "constant");
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  if (mode != "constant") {
    return Unimplemented(place, "attribute mode: only constant is supported, got {}", mode);
  }
  if (pads == nullptr || pads->dtype() != DType::kInt64) {
    return InvalidArgument(place, "input 1: expected a constant of i64");
  }
  const auto values = pads->data<int64_t>();
  if (values.size() != 2 * static_cast<size_t>(rank)) {
    return InvalidArgument(place, "input 1: expected {} pads, got {}", 2 * rank, values.size());
  }
  PadArguments arguments;
  for (size_t i = 0; i < values.size(); ++i) {
    if (values[i] > kMaxPad || values[i] < -kMaxPad) {
      return InvalidArgument(place, "input 1: {} is too large", values[i]);
    }
    (i < static_cast<size_t>(rank) ? arguments.begin : arguments.end).push_back(values[i]);
  }
  if (has_value) {
    if (value == nullptr || value->dtype() != DType::kFloat32 || value->ElementCount() != 1) {
      return InvalidArgument(place, "input 2: expected a constant f32 scalar");
    }
    arguments.value = value->data<float>()[0];
  }
  return arguments;
}

}  // namespace

absl::StatusOr<PadArguments> ReadPad(const Graph& graph, const Node& node, int rank) {
  const bool has_value = node.inputs.size() > 2 && node.inputs[2] != kNoValue;
  return Arguments(node, graph.constant(node.inputs[1]), has_value,
                   has_value ? graph.constant(node.inputs[2]) : nullptr, rank);
}

absl::Status InferPad(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(types.ExpectFloat(0));
  Shape y = types.shape(0);
  RECTIFIER_ASSIGN_OR_RETURN(
      const PadArguments arguments,
      Arguments(types.node(), types.constant(1), types.HasInput(2), types.constant(2), y.rank()));
  for (int i = 0; i < y.rank(); ++i) {
    if (y[i] == kDynamicDim) continue;
    const int64_t dim = y[i];
    if (dim > std::numeric_limits<int64_t>::max() - 2 * kMaxPad) {
      return InvalidArgument(types.place(), "the result has too many elements");
    }
    const auto axis = static_cast<size_t>(i);
    y[i] += arguments.begin[axis] + arguments.end[axis];
    if (y[i] < 0 || dim + arguments.begin[axis] < 0 || dim + arguments.end[axis] < 0) {
      return InvalidArgument(types.place(), "pads {} and {} cut more than dimension {} has",
                             arguments.begin[axis], arguments.end[axis], i);
    }
  }
  types.SetOutput(0, {DType::kFloat32, y});
  return absl::OkStatus();
}

}  // namespace rectifier
