#include "server/engine/onednn/onednn_compiler.h"

#include <omp.h>

#include <dnnl.hpp>
#include <unordered_map>
#include <utility>

#include "server/core/status.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/onednn_program.h"
#include "server/engine/onednn/program_builder.h"
#include "server/engine/onednn/weight_store.h"
#include "server/ops/infer_types.h"

namespace rectifier {
namespace {

using onednn::Lowering;
using onednn::ProgramBuilder;

const Lowering* FindLowering(std::string_view op) {
  for (const Lowering& lowering : onednn::LoweringTable()) {
    if (lowering.op == op) return &lowering;
  }
  return nullptr;
}

// Binds the graph's inputs to concrete shapes and computes all types from them.
absl::StatusOr<Graph> BindShapes(const Graph& graph, std::span<const Shape> input_shapes) {
  Graph bound = graph;
  if (input_shapes.size() != bound.inputs().size()) {
    return InvalidArgument(graph.name, "expected shapes for {} inputs, got {}",
                           bound.inputs().size(), input_shapes.size());
  }
  for (size_t i = 0; i < input_shapes.size(); ++i) {
    Value& value = bound.value(bound.inputs()[i]);
    if (!input_shapes[i].IsStatic() || !Matches(input_shapes[i], value.type->shape)) {
      return InvalidArgument(value.name, "expected shape {}, got {}", value.type->shape.ToString(),
                             input_shapes[i].ToString());
    }
    value.type->shape = input_shapes[i];
  }
  RECTIFIER_RETURN_IF_ERROR(InferTypes(bound));
  return bound;
}

absl::Status CheckStatic(const Graph& graph) {
  const auto check = [&](const std::string& place, ValueId id) -> absl::Status {
    if (id == kNoValue) return absl::OkStatus();
    const Value& value = graph.value(id);
    if (!value.type->shape.IsStatic()) {
      return Unimplemented(place, "{} has a shape that is not known: {}", value.name,
                           value.type->shape.ToString());
    }
    if (value.type->shape.ElementCount() == 0) {
      return Unimplemented(place, "{} of shape {} has no elements", value.name,
                           value.type->shape.ToString());
    }
    return absl::OkStatus();
  };
  for (const ValueId id : graph.inputs()) {
    RECTIFIER_RETURN_IF_ERROR(check("graph input", id));
    const Value& value = graph.value(id);
    if (value.type->dtype != DType::kFloat32) {
      return Unimplemented(value.name, "expected an input of f32, got {}", Name(value.type->dtype));
    }
  }
  for (const Node& node : graph.nodes()) {
    for (const ValueId id : node.outputs) RECTIFIER_RETURN_IF_ERROR(check(Place(node), id));
    const TensorType& type = *graph.value(node.outputs[0]).type;
    if (type.dtype != DType::kFloat32) {
      return Unimplemented(Place(node), "a result of {} cannot be computed", Name(type.dtype));
    }
  }
  for (const Graph::Output& output : graph.outputs()) {
    RECTIFIER_RETURN_IF_ERROR(check("graph output " + output.name, output.value));
    if (graph.value(output.value).type->dtype != DType::kFloat32) {
      return Unimplemented("graph output " + output.name, "expected f32, got {}",
                           Name(graph.value(output.value).type->dtype));
    }
  }
  return absl::OkStatus();
}

absl::Status LowerNode(const Node& node, ProgramBuilder& builder) {
  const Lowering* lowering = FindLowering(node.op);
  if (lowering == nullptr) return Unimplemented(Place(node), "cannot be run by this engine");
  // The one place where oneDNN's exceptions end.
  try {
    builder.Begin(node);
    RECTIFIER_RETURN_IF_ERROR(lowering->lower(node, builder));
    builder.End(node);
  } catch (const dnnl::error& error) {
    return Unimplemented(Place(node), "oneDNN: {} (status {})", error.message,
                         static_cast<int>(error.status));
  }
  return absl::OkStatus();
}

absl::Status CheckMemory(const std::string& place, const onednn::ProgramParts& parts,
                         int64_t max_bytes) {
  // Each part is below 2^50 bytes and there are far fewer than 2^12.
  auto bytes = static_cast<int64_t>(parts.arena_bytes);
  for (const auto* ports : {&parts.inputs, &parts.outputs}) {
    for (const Program::Port& port : *ports) {
      bytes += port.type.shape.ElementCount() * ElementSize(port.type.dtype);
    }
  }
  if (bytes <= max_bytes) return absl::OkStatus();
  return ResourceExhausted(place, "running it takes {} bytes of memory, at most {} are allowed",
                           bytes, max_bytes);
}

class OneDnnCompiler final : public Compiler {
 public:
  explicit OneDnnCompiler(const CompilerOptions& options)
      : options_(options), engine_(dnnl::engine::kind::cpu, 0), weights_(engine_) {}

  absl::StatusOr<std::shared_ptr<const Program>> Compile(
      const Graph& graph, std::span<const Shape> input_shapes) override {
    // Primitives are made for the number of threads that they will find when they run.
    omp_set_num_threads(options_.intra_op_threads);
    RECTIFIER_ASSIGN_OR_RETURN(const Graph bound, BindShapes(graph, input_shapes));
    RECTIFIER_RETURN_IF_ERROR(CheckStatic(bound));
    ProgramBuilder builder(bound, weights_, engine_, options_.intra_op_threads);
    for (const Node& node : bound.nodes()) RECTIFIER_RETURN_IF_ERROR(LowerNode(node, builder));
    try {
      onednn::ProgramParts parts = builder.Finish();
      RECTIFIER_RETURN_IF_ERROR(CheckMemory(graph.name, parts, options_.max_program_bytes));
      return std::make_shared<const onednn::OneDnnProgram>(std::move(parts));
    } catch (const dnnl::error& error) {
      return Unimplemented(graph.name, "oneDNN: {} (status {})", error.message,
                           static_cast<int>(error.status));
    }
  }

  size_t weight_bytes() const override { return weights_.bytes(); }

 private:
  CompilerOptions options_;
  dnnl::engine engine_;
  onednn::WeightStore weights_;
};

}  // namespace

std::unique_ptr<Compiler> NewOneDnnCompiler(const CompilerOptions& options) {
  return std::make_unique<OneDnnCompiler>(options);
}

}  // namespace rectifier
