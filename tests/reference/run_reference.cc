#include "tests/reference/run_reference.h"

#include <map>
#include <utility>

#include "server/core/status.h"
#include "tests/reference/kernels.h"

namespace rectifier {
namespace {

using reference::Array;

class Interpreter {
 public:
  explicit Interpreter(const Graph& graph) : graph_(graph) {}

  absl::StatusOr<std::vector<Tensor>> Run(std::span<const Tensor> inputs) {
    RECTIFIER_RETURN_IF_ERROR(TakeInputs(inputs));
    for (ValueId id = 0; id < graph_.value_count(); ++id) {
      if (const Tensor* constant = graph_.constant(id)) {
        arrays_[id] = reference::FromTensor(constant->view());
      }
    }
    for (const Node& node : graph_.nodes()) RECTIFIER_RETURN_IF_ERROR(RunNode(node));
    std::vector<Tensor> outputs;
    for (const Graph::Output& output : graph_.outputs()) {
      outputs.push_back(reference::ToTensor(arrays_.at(output.value)));
    }
    return outputs;
  }

 private:
  absl::Status TakeInputs(std::span<const Tensor> inputs) {
    if (inputs.size() != graph_.inputs().size()) {
      return InvalidArgument("reference", "expected {} inputs, got {}", graph_.inputs().size(),
                             inputs.size());
    }
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Value& value = graph_.value(graph_.inputs()[i]);
      if (inputs[i].dtype() != value.type->dtype ||
          !Matches(inputs[i].shape(), value.type->shape)) {
        return InvalidArgument(value.name, "expected {}{}, got {}{}", Name(value.type->dtype),
                               value.type->shape.ToString(), Name(inputs[i].dtype()),
                               inputs[i].shape().ToString());
      }
      arrays_[graph_.inputs()[i]] = reference::FromTensor(inputs[i].view());
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::vector<Array>> RunOp(const Node& node,
                                           const std::vector<const Array*>& operands) const {
    const reference::Kernel kernel = reference::FindKernel(node.op);
    if (kernel == nullptr) return Unimplemented(Place(node), "has no reference kernel");
    return kernel(node, operands);
  }

  const Array* Find(ValueId id) const { return id == kNoValue ? nullptr : &arrays_.at(id); }

  absl::Status RunNode(const Node& node) {
    std::vector<const Array*> operands;
    for (const ValueId id : node.inputs) operands.push_back(Find(id));
    RECTIFIER_ASSIGN_OR_RETURN(std::vector<Array> results, RunOp(node, operands));
    for (const PostOp& post_op : node.post_ops) {
      const Node fused{node.name, post_op.op, post_op.attributes, {}, {}, {}};
      operands = {&results[0]};
      for (const ValueId id : post_op.operands) operands.push_back(Find(id));
      RECTIFIER_ASSIGN_OR_RETURN(results, RunOp(fused, operands));
    }
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      if (node.outputs[i] != kNoValue) arrays_[node.outputs[i]] = std::move(results[i]);
    }
    return absl::OkStatus();
  }

  const Graph& graph_;
  std::map<ValueId, Array> arrays_;  // of the values computed so far
};

}  // namespace

absl::StatusOr<std::vector<Tensor>> RunReference(const Graph& graph,
                                                 std::span<const Tensor> inputs) {
  return Interpreter(graph).Run(inputs);
}

}  // namespace rectifier
