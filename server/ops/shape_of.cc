#include "server/ops/shape_of.h"

#include <algorithm>

#include "server/ops/attribute_reader.h"

namespace rectifier {
namespace {

absl::StatusOr<Shape> SelectedDims(const Node& node, const Shape& x) {
  AttributeReader reader(node);
  if (node.op == "Size") {
    RECTIFIER_RETURN_IF_ERROR(reader.Finish());
    return x;
  }
  const int64_t rank = x.rank();
  int64_t start = reader.Int("start", 0);
  int64_t end = reader.Int("end", rank);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  if (start < 0) start += rank;
  if (end < 0) end += rank;
  start = std::clamp<int64_t>(start, 0, rank);
  end = std::clamp<int64_t>(end, start, rank);
  return Shape(x.dims().subspan(static_cast<size_t>(start), static_cast<size_t>(end - start)));
}

}  // namespace

absl::StatusOr<std::optional<Tensor>> ShapeTensor(const Node& node, const Shape& x) {
  RECTIFIER_ASSIGN_OR_RETURN(const Shape dims, SelectedDims(node, x));
  if (!dims.IsStatic()) return std::nullopt;
  if (node.op == "Shape") return Tensor::From<int64_t>(Shape{dims.rank()}, dims.dims());
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t count, dims.CheckedElementCount());
  return Tensor::From<int64_t>(Shape{}, std::span(&count, 1));
}

absl::Status InferShape(NodeTypes& types) {
  RECTIFIER_ASSIGN_OR_RETURN(const Shape dims, SelectedDims(types.node(), types.shape(0)));
  types.SetOutput(0, {DType::kInt64, Shape{dims.rank()}});
  return absl::OkStatus();
}

absl::Status InferSize(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(SelectedDims(types.node(), types.shape(0)).status());
  types.SetOutput(0, {DType::kInt64, Shape{}});
  return absl::OkStatus();
}

}  // namespace rectifier
