#include "server/ops/flatten.h"

#include "server/ops/attribute_reader.h"

namespace rectifier {
namespace {

// The product, dynamic when a factor is.
absl::StatusOr<int64_t> Product(std::span<const int64_t> dims) {
  const Shape shape(dims);
  if (!shape.IsStatic()) return kDynamicDim;
  return shape.CheckedElementCount();
}

}  // namespace

absl::Status InferFlatten(NodeTypes& types) {
  AttributeReader reader(types.node());
  int64_t axis = reader.Int("axis", 1);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  const Shape& x = types.shape(0);
  if (axis < -x.rank() || axis > x.rank()) {
    return InvalidArgument(types.place(), "attribute axis: expected a value in [{}, {}], got {}",
                           -x.rank(), x.rank(), axis);
  }
  if (axis < 0) axis += x.rank();
  const auto split = static_cast<size_t>(axis);
  const auto rows = Product(x.dims().subspan(0, split));
  const auto columns = Product(x.dims().subspan(split));
  if (!rows.ok()) return At(types.place(), rows.status());
  if (!columns.ok()) return At(types.place(), columns.status());
  types.SetOutput(0, {types.type(0).dtype, Shape{*rows, *columns}});
  return absl::OkStatus();
}

}  // namespace rectifier
