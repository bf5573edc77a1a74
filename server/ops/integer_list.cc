#include "server/ops/integer_list.h"

namespace rectifier {
namespace {

absl::Status ExpectIntegers(const Graph& graph, const Node& node, int i) {
  const Value& value = graph.value(node.inputs[static_cast<size_t>(i)]);
  const TensorType& type = *value.type;
  const bool integers = type.dtype == DType::kInt64 || type.dtype == DType::kInt32;
  if (integers && type.shape.rank() <= 1) return absl::OkStatus();
  return InvalidArgument(Place(node), "input {} ({}): expected a list of i64, got {}{}", i,
                         value.name, Name(type.dtype), type.shape.ToString());
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> ConstantIntegers(const Graph& graph, const Node& node, int i) {
  RECTIFIER_RETURN_IF_ERROR(ExpectIntegers(graph, node, i));
  const ValueId id = node.inputs[static_cast<size_t>(i)];
  const Tensor* tensor = graph.constant(id);
  if (tensor == nullptr) {
    return Unimplemented(Place(node),
                         "input {} ({}): expected a constant, or what is computed from shapes and "
                         "constants alone",
                         i, graph.value(id).name);
  }
  if (tensor->dtype() == DType::kInt32) {
    const auto data = tensor->data<int32_t>();
    return std::vector<int64_t>(data.begin(), data.end());
  }
  const auto data = tensor->data<int64_t>();
  return std::vector<int64_t>(data.begin(), data.end());
}

absl::StatusOr<int64_t> IntegerCount(const NodeTypes& types, int i) {
  RECTIFIER_RETURN_IF_ERROR(ExpectIntegers(types.graph(), types.node(), i));
  const Shape& shape = types.shape(i);
  if (shape.rank() == 0) return 1;
  if (shape[0] == kDynamicDim) {
    return Unimplemented(types.place(), "input {} ({}): a list of unknown length", i,
                         types.name(i));
  }
  if (shape[0] > kMaxRank) {
    return InvalidArgument(types.place(),
                           "input {} ({}): at most {} elements are supported, got {}", i,
                           types.name(i), kMaxRank, shape[0]);
  }
  return shape[0];
}

Shape UnknownShape(int rank) {
  return Shape(std::vector<int64_t>(static_cast<size_t>(rank), kDynamicDim));
}

}  // namespace rectifier
