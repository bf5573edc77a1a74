#include <utility>

#include "server/core/status.h"
#include "server/import/onnx/conversions.h"

namespace rectifier {

// With `broadcast`, b's dimensions are a's from `axis` on, by default its last ones.
absl::Status ConvertLegacyBinary(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  in.Ignore("consumed_inputs");
  const bool broadcast = in.Int("broadcast", 0) != 0;
  const bool has_axis = in.Has("axis");
  int64_t axis = in.Int("axis", 0);
  std::vector<ValueId> inputs = node.inputs();
  const auto a = node.shape(0);
  const auto b = node.shape(1);
  if (broadcast && has_axis && a && b) {
    if (axis < 0) axis += a->rank();
    const int64_t after = axis < 0 ? -1 : a->rank() - axis - b->rank();
    if (after < 0) {
      return InvalidArgument(node.place(), "attribute axis: shape {} does not fit into {} there",
                             b->ToString(), a->ToString());
    }
    if (after > 0) {
      if (!b->IsStatic()) {
        return Unimplemented(node.place(), "attribute axis: input 1's shape {} must be known",
                             b->ToString());
      }
      Shape shape = *b;
      for (int64_t i = 0; i < after; ++i) shape.push_back(1);
      inputs[1] = node.Reshaped(1, shape, "b");
    }
  }
  node.Emit(node.op_type(), std::move(inputs));
  return absl::OkStatus();
}

absl::Status ConvertGemm(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  const float alpha = in.Float("alpha", 1);
  const float beta = in.Float("beta", 1);
  const int64_t transpose_a = in.Int("transA", 0);
  const int64_t transpose_b = in.Int("transB", 0);
  if (node.opset() < 7 && in.Int("broadcast", 0) != 0) {
    return Unimplemented(node.place(), "attribute broadcast: not supported (opset {})",
                         node.opset());
  }
  // ONNX counts any number but 0 as true.
  Attributes attributes;
  if (alpha != 1) attributes["alpha"] = alpha;
  if (beta != 1 && node.HasInput(2)) attributes["beta"] = beta;
  if (transpose_a != 0) attributes["transA"] = int64_t{1};
  if (transpose_b != 0) attributes["transB"] = int64_t{1};
  node.Emit("Gemm", node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

}  // namespace rectifier
