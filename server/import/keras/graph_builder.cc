#include "server/import/keras/graph_builder.h"

#include <memory>

#include "server/core/status.h"
#include "server/ops/infer_types.h"

namespace rectifier {
namespace {

// The graph's operator has another name than the layer, which is the one to tell.
absl::Status InTermsOfLayer(const absl::Status& status, const Node& node,
                            const std::string& place) {
  const std::string of_node = Place(node) + ":";
  const std::string_view message = Message(status);
  if (status.ok() || !message.starts_with(of_node)) return status;
  return absl::Status(status.code(), fmt::format("{}:{}", place, message.substr(of_node.size())));
}

}  // namespace

ValueId GraphBuilder::AddConstant(std::string_view base, Tensor tensor) {
  return AddConstant(base, std::make_shared<const Tensor>(std::move(tensor)));
}

ValueId GraphBuilder::AddConstant(std::string_view base, std::shared_ptr<const Tensor> tensor) {
  return graph_.AddConstant(graph_.UniqueName(base), std::move(tensor));
}

absl::StatusOr<ValueId> GraphBuilder::Add(const std::string& place, const std::string& name,
                                          std::string_view op, std::vector<ValueId> inputs,
                                          Attributes attributes) {
  if (++nodes_ > limits_.max_nodes) {
    return ResourceExhausted(place, "the network has more than {} nodes", limits_.max_nodes);
  }
  const std::string value = graph_.UniqueName(fmt::format("{}/{}", name, op));
  const ValueId result = graph_.AddNode(op, std::move(inputs), value, std::move(attributes));
  Node& node = graph_.nodes().back();
  node.name = name;
  absl::Status status = InferNodeTypes(graph_, node);
  if (status.ok() && fold_) {
    auto folded = fold_(graph_, node);
    status = folded.status();
    if (folded.ok() && *folded) {
      graph_.SetConstants(node, **std::move(folded));
      graph_.nodes().pop_back();
      return result;
    }
  }
  if (!status.ok()) return InTermsOfLayer(status, node, place);
  return result;
}

}  // namespace rectifier
