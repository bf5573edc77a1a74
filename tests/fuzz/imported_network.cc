#include "tests/fuzz/imported_network.h"

#include "server/core/clock.h"
#include "server/engine/constant_node.h"
#include "server/engine/execution_context.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/graph/text.h"
#include "server/passes/run_passes.h"

namespace rectifier {
namespace {

constexpr int64_t kMaxBytes = int64_t{8} << 20;

std::unique_ptr<Compiler> SmallCompiler(const CompilerOptions& /*options*/) {
  return NewOneDnnCompiler({.max_program_bytes = kMaxBytes, .max_weight_bytes = kMaxBytes});
}

std::vector<Shape> ShapesOf(const Graph& graph, int64_t size) {
  std::vector<Shape> shapes;
  for (const ValueId id : graph.inputs()) {
    shapes.push_back(graph.value(id).type->shape);
    for (int axis = 0; axis < shapes.back().rank(); ++axis) {
      if (shapes.back()[axis] == kDynamicDim) shapes.back()[axis] = axis == 0 ? 1 : size;
    }
  }
  return shapes;
}

void CompileAndRun(const Graph& graph, int64_t size) {
  const auto program = SmallCompiler({})->Compile(graph, ShapesOf(graph, size));
  if (!program.ok()) return;
  std::vector<Tensor> inputs;
  std::vector<TensorView> views;
  for (const Program::Port& port : (*program)->inputs()) {
    inputs.push_back(SeededTensor(port.type, inputs.size() + 1));
  }
  for (const Tensor& input : inputs) views.push_back(input.view());
  static_cast<void>(ExecutionContext().Run(*program, views));
}

}  // namespace

ImportLimits SmallLimits() {
  ImportLimits limits;
  limits.max_nodes = 200;
  limits.max_initializers = 200;
  limits.max_entries = 20'000;
  limits.max_constant_bytes = kMaxBytes;
  return limits;
}

NodeFolder SmallFolder() {
  return [](const Graph& graph, const Node& node) {
    return FoldNode(graph, node, kMaxBytes / 8, ComputeWith(SmallCompiler));
  };
}

void OptimizeAndRun(Graph graph) {
  PassOptions options;
  options.relaxed_forms = true;
  if (!RunPasses(graph, PassContext{SmallCompiler, true}, options, SteadyClock()).ok()) return;
  for (const int64_t size : {1, 16}) CompileAndRun(graph, size);
}

}  // namespace rectifier
