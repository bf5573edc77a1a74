#include <optional>
#include <utility>
#include <vector>

#include "server/graph/uses.h"
#include "server/passes/passes.h"
#include "server/passes/rewrite.h"

// Exporters of TensorFlow write a dense layer as two operators:
//
//   Add(MatMul(x, w), b)                     Gemm(x, w, b)
//
// for matrices, with constant weights and one constant b for each column. A Gemm adds its bias on
// the way, and takes what follows along as post-ops.

namespace rectifier {
namespace {

int Rank(const Graph& graph, ValueId id) { return graph.value(id).type->shape.rank(); }

// One number for each column of the matrix `result`.
bool IsBiasOf(const Graph& graph, ValueId bias, ValueId result) {
  const Tensor* constant = graph.constant(bias);
  if (constant == nullptr || constant->dtype() != DType::kFloat32) return false;
  const Shape& shape = constant->shape();
  const int64_t columns = graph.value(result).type->shape[1];
  return shape.rank() == 1 && shape[0] == columns;
}

// The product that the value is, if it can become a Gemm when it gets a bias.
std::optional<int> ProductBehind(const Graph& graph, const Uses& uses, ValueId id) {
  if (id == kNoValue || !uses.HasSingleReader(id) || uses.producer(id) < 0) return std::nullopt;
  const Node& node = graph.nodes()[static_cast<size_t>(uses.producer(id))];
  const bool joins = node.op == "MatMul" && node.post_ops.empty() &&
                     graph.constant(node.inputs[1]) != nullptr &&
                     Rank(graph, node.inputs[0]) == 2 && Rank(graph, node.inputs[1]) == 2;
  return joins ? std::optional(uses.producer(id)) : std::nullopt;
}

}  // namespace

absl::StatusOr<int> JoinBiases(Graph& graph, const PassContext& /*context*/) {
  const Uses uses(graph);
  std::vector<bool> dead(graph.nodes().size(), false);
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    Node& add = graph.nodes()[i];
    if (add.op != "Add" || !add.post_ops.empty()) continue;
    for (const size_t of : {size_t{0}, size_t{1}}) {
      const auto product = ProductBehind(graph, uses, add.inputs[of]);
      if (!product || !IsBiasOf(graph, add.inputs[1 - of], add.inputs[of])) continue;
      // The Add becomes the Gemm: its place is behind all that it reads.
      const Node& matmul = graph.nodes()[static_cast<size_t>(*product)];
      std::vector<ValueId> inputs = {matmul.inputs[0], matmul.inputs[1], add.inputs[1 - of]};
      add.op = "Gemm";
      add.name = matmul.name;
      add.inputs = std::move(inputs);
      dead[static_cast<size_t>(*product)] = true;
      break;
    }
  }
  return EraseNodes(graph, dead);
}

}  // namespace rectifier
