#include "server/import/onnx/input_type.h"

#include <onnx/onnx_pb.h>

#include <string>

#include "server/core/status.h"
#include "server/import/onnx/constant_decoder.h"

namespace rectifier {

absl::StatusOr<TensorType> ReadInputType(const onnx::ValueInfoProto& input, int max_rank) {
  const std::string place = fmt::format("{} (graph input)", input.name());
  if (!input.type().has_tensor_type()) {
    return Unimplemented(place, "only tensors are supported");
  }
  const onnx::TypeProto::Tensor& tensor = input.type().tensor_type();
  const auto dtype = ElementTypeOf(tensor.elem_type());
  if (!dtype) {
    return Unimplemented(place, "the element type {} is not supported",
                         ElementTypeName(tensor.elem_type()));
  }
  if (!tensor.has_shape()) return Unimplemented(place, "a shape of unknown rank is not supported");
  if (tensor.shape().dim_size() > max_rank) {
    return InvalidArgument(place, "rank {}, at most {} is supported", tensor.shape().dim_size(),
                           max_rank);
  }
  TensorType type{*dtype, {}};
  Shape smallest;  // with 1 for what is dynamic
  for (const auto& dim : tensor.shape().dim()) {
    const bool known = dim.has_dim_value() && dim.dim_value() >= 0;
    if (known && dim.dim_value() == 0) {
      return InvalidArgument(place, "dimension {} is 0", type.shape.rank());
    }
    type.shape.push_back(known ? dim.dim_value() : kDynamicDim);
    smallest.push_back(known ? dim.dim_value() : 1);
  }
  const auto bytes = CheckedByteSize({*dtype, smallest});
  if (!bytes.ok()) return At(place, bytes.status());
  return type;
}

}  // namespace rectifier
