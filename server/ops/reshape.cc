#include "server/ops/reshape.h"

#include <vector>

#include "server/ops/attribute_reader.h"
#include "server/ops/integer_list.h"

namespace rectifier {
namespace {

struct KnownProduct {
  int64_t known = 1;  // of the dimensions that are known
  int dynamic = 0;    // how many are not
};

absl::StatusOr<KnownProduct> Multiply(const std::string& place, const Shape& shape) {
  KnownProduct product;
  for (const int64_t dim : shape.dims()) {
    if (dim == kDynamicDim) {
      ++product.dynamic;
    } else if (MultiplyOverflows(product.known, dim, &product.known)) {
      return InvalidArgument(place, "shape {} has too many elements", shape.ToString());
    }
  }
  return product;
}

}  // namespace

absl::Status InferReshape(NodeTypes& types) {
  AttributeReader reader(types.node());
  const bool allow_zero = reader.Bool("allowzero", false);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t rank, IntegerCount(types, 1));
  if (types.constant(1) == nullptr) {
    types.SetOutput(0, {types.type(0).dtype, UnknownShape(static_cast<int>(rank))});
    return absl::OkStatus();
  }
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> wanted,
                             ConstantIntegers(types.graph(), types.node(), 1));
  const Shape& x = types.shape(0);
  Shape y;
  int inferred = -1;
  for (const int64_t dim : wanted) {
    const int axis = y.rank();
    if (dim == 0 && !allow_zero) {
      if (axis >= x.rank()) {
        return InvalidArgument(types.place(), "dimension {} is 0 (copy), but the input has rank {}",
                               axis, x.rank());
      }
      y.push_back(x[axis]);
    } else if (dim == -1) {
      if (inferred >= 0) return InvalidArgument(types.place(), "more than one dimension is -1");
      inferred = axis;
      y.push_back(1);
    } else if (dim < 0) {
      return InvalidArgument(types.place(), "dimension {} is negative: {}", axis, dim);
    } else {
      y.push_back(dim);
    }
  }
  RECTIFIER_ASSIGN_OR_RETURN(const KnownProduct from, Multiply(types.place(), x));
  RECTIFIER_ASSIGN_OR_RETURN(const KnownProduct to, Multiply(types.place(), y));
  if (inferred >= 0) {
    // Dynamic dimensions that are copied stand on both sides; what is left divides out when nothing
    // else is dynamic.
    if (from.dynamic != to.dynamic) {
      y[inferred] = kDynamicDim;
    } else if (to.known == 0 || from.known % to.known != 0) {
      return InvalidArgument(types.place(), "shape {} cannot be reshaped to {}", x.ToString(),
                             Shape(wanted).ToString());
    } else {
      y[inferred] = from.known / to.known;
    }
  } else if (from.dynamic == to.dynamic && from.known != to.known) {
    return InvalidArgument(types.place(), "shape {} cannot be reshaped to {}", x.ToString(),
                           y.ToString());
  }
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

}  // namespace rectifier
