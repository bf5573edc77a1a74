#include "server/engine/onednn/onednn_compiler.h"

#include <algorithm>
#include <dnnl.hpp>
#include <unordered_map>
#include <utility>

#include "server/core/status.h"
#include "server/engine/batch_split.h"
#include "server/engine/bind_shapes.h"
#include "server/engine/execution_context.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/onednn_program.h"
#include "server/engine/onednn/program_builder.h"
#include "server/engine/onednn/weight_store.h"
#include "server/engine/split_program.h"
#include "server/ops/infer_types.h"

namespace rectifier {
namespace {

// As much of the third level cache as a Program may count on. What a system says of its size is
// often that of all cores together, and others use it, too.
constexpr int64_t kLastCacheBytes = int64_t{16} << 20;

using onednn::Lowering;
using onednn::ProgramBuilder;

const Lowering* FindLowering(std::string_view op) {
  for (const Lowering& lowering : onednn::LoweringTable()) {
    if (lowering.op == op) return &lowering;
  }
  return nullptr;
}

// Types that can be computed with: all values' dimensions are known, and none is larger than a
// Program may be.
absl::Status CheckValues(const Graph& graph, int64_t max_bytes) {
  const auto check = [&](const std::string& place, ValueId id) -> absl::Status {
    if (id == kNoValue) return absl::OkStatus();
    const Value& value = graph.value(id);
    if (!value.type->shape.IsStatic()) {
      return Unimplemented(place, "{} has a shape that depends on values: {}", value.name,
                           value.type->shape.ToString());
    }
    RECTIFIER_ASSIGN_OR_RETURN(const int64_t bytes, CheckedByteSize(*value.type));
    if (bytes > max_bytes) {
      return ResourceExhausted(place, "{} takes {} bytes of memory, at most {} are allowed",
                               value.name, bytes, max_bytes);
    }
    return absl::OkStatus();
  };
  for (const ValueId id : graph.inputs()) RECTIFIER_RETURN_IF_ERROR(check("graph input", id));
  for (const Node& node : graph.nodes()) {
    for (const ValueId id : node.outputs) RECTIFIER_RETURN_IF_ERROR(check(Place(node), id));
  }
  return absl::OkStatus();
}

// Where oneDNN's exceptions end, and the weight store's: they become errors at `place`.
template <typename Build>
absl::Status Guarded(const std::string& place, const Build& build) {
  try {
    return build();
  } catch (const dnnl::error& error) {
    return Unimplemented(place, "oneDNN: {} (status {})", error.message,
                         static_cast<int>(error.status));
  } catch (const onednn::WeightBudgetExceeded& exceeded) {
    return ResourceExhausted(place, "with it the weights take {} bytes, at most {} are allowed",
                             exceeded.bytes, exceeded.max_bytes);
  }
}

bool IsEmpty(const Graph& graph, const Node& node) {
  return std::all_of(node.outputs.begin(), node.outputs.end(), [&](ValueId id) {
    return id == kNoValue || graph.value(id).type->shape.ElementCount() == 0;
  });
}

// A node whose results have no elements needs no step.
void LowerEmpty(const Node& node, ProgramBuilder& builder) {
  for (const ValueId id : node.outputs) {
    if (id != kNoValue) builder.Set(id, builder.Allocate(onednn::RowMajor(builder.type(id))));
  }
}

absl::Status LowerNode(const Node& node, ProgramBuilder& builder) {
  const Lowering* lowering = FindLowering(node.op);
  if (lowering == nullptr) return Unimplemented(Place(node), "cannot be run by this engine");
  return Guarded(Place(node), [&]() -> absl::Status {
    builder.Begin(node);
    if (IsEmpty(builder.graph(), node)) {
      LowerEmpty(node, builder);
    } else if (!builder.IsComputed(node)) {
      RECTIFIER_RETURN_IF_ERROR(lowering->lower(node, builder));
    }
    builder.End(node);
    return absl::OkStatus();
  });
}

// The node behind the step that touches most memory, weights not counted.
std::string LargestPlace(const Graph& graph, const onednn::ProgramParts& parts) {
  std::string name;
  size_t most = 0;
  for (size_t i = 0; i < parts.steps.size(); ++i) {
    size_t bytes = 0;
    for (const onednn::Step::Argument& argument : parts.steps[i].arguments) {
      const onednn::Buffer& buffer = parts.buffers[static_cast<size_t>(argument.operand.buffer)];
      if (buffer.kind != onednn::Buffer::Kind::kConstant) bytes += buffer.bytes;
    }
    if (bytes > most) {
      most = bytes;
      name = parts.step_infos[i].node;
    }
  }
  const auto node = std::find_if(graph.nodes().begin(), graph.nodes().end(),
                                 [&](const Node& n) { return n.name == name; });
  return node == graph.nodes().end() ? "graph outputs" : Place(*node);
}

// What an arena, inputs and outputs take. No overflow: a tensor is below 2^40 bytes, and there are
// at most 2^17 of them.
int64_t BytesToRun(size_t arena_bytes, const std::vector<Program::Port>& inputs,
                   const std::vector<Program::Port>& outputs) {
  auto bytes = static_cast<int64_t>(arena_bytes);
  for (const auto* ports : {&inputs, &outputs}) {
    for (const Program::Port& port : *ports) {
      bytes += port.type.shape.ElementCount() * ElementSize(port.type.dtype);
    }
  }
  return bytes;
}

absl::Status CheckMemory(const Graph& graph, const onednn::ProgramParts& parts, int64_t max_bytes) {
  const int64_t bytes = BytesToRun(parts.arena_bytes, parts.inputs, parts.outputs);
  if (bytes <= max_bytes) return absl::OkStatus();
  return ResourceExhausted(LargestPlace(graph, parts),
                           "running the graph takes {} bytes of memory, at most {} are allowed; "
                           "this is the largest step",
                           bytes, max_bytes);
}

class OneDnnCompiler final : public Compiler {
 public:
  explicit OneDnnCompiler(const CompilerOptions& options)
      : options_(options),
        engine_(dnnl::engine::kind::cpu, 0),
        weights_(engine_, options.max_weight_bytes) {}

  absl::StatusOr<std::shared_ptr<const Program>> Compile(
      const Graph& graph, std::span<const Shape> input_shapes) override {
    RECTIFIER_ASSIGN_OR_RETURN(const Graph bound, Bind(graph, input_shapes));
    RECTIFIER_RETURN_IF_ERROR(CheckValues(bound, options_.max_program_bytes));
    const BatchSplitOptions options{.cache_bytes = CacheBytes() * options_.intra_op_threads,
                                    .least_chunk = options_.intra_op_threads,
                                    .last_cache_bytes = kLastCacheBytes};
    RECTIFIER_ASSIGN_OR_RETURN(const auto split, SplitBatch(graph, bound, input_shapes, options,
                                                            [this](const Graph& constants) {
                                                              return Compute(constants);
                                                            }));
    if (!split) return Lower(bound, weights_);
    // What cannot be run in two parts may still be run as a whole, or has the better message there.
    auto front = Lower(split->front, weights_);
    if (!front.ok()) return Lower(bound, weights_);
    std::shared_ptr<const Program> rest;
    if (split->rest) {
      // What is handed over may be written over, as it may in one piece.
      auto lowered =
          Lower(*split->rest, weights_, split->rest->inputs().size() - split->batched.size());
      if (!lowered.ok()) return Lower(bound, weights_);
      rest = *std::move(lowered);
    }
    auto joined = JoinSplit(*split, bound, *std::move(front), std::move(rest));
    const int64_t bytes = BytesToRun(joined->arena_bytes(), joined->inputs(), joined->outputs());
    if (bytes > options_.max_program_bytes) return Lower(bound, weights_);
    return joined;
  }

  absl::StatusOr<std::vector<TensorType>> OutputTypes(
      const Graph& graph, std::span<const Shape> input_shapes) override {
    RECTIFIER_ASSIGN_OR_RETURN(const Graph bound, Bind(graph, input_shapes));
    RECTIFIER_RETURN_IF_ERROR(CheckValues(bound, options_.max_program_bytes));
    std::vector<TensorType> types;
    for (const Graph::Output& output : bound.outputs()) {
      types.push_back(*bound.value(output.value).type);
    }
    return types;
  }

  size_t weight_bytes() const override { return weights_.bytes(); }

 private:
  absl::StatusOr<Graph> Bind(const Graph& graph, std::span<const Shape> input_shapes) {
    return BindShapes(graph, input_shapes,
                      [this](const Graph& constants) { return Compute(constants); });
  }

  absl::StatusOr<std::shared_ptr<const Program>> Lower(const Graph& bound,
                                                       onednn::WeightStore& weights,
                                                       size_t scratch_inputs = 0) {
    RECTIFIER_RETURN_IF_ERROR(CheckValues(bound, options_.max_program_bytes));
    ProgramBuilder builder(bound, weights, engine_, options_.intra_op_threads, scratch_inputs);
    for (const Node& node : bound.nodes()) RECTIFIER_RETURN_IF_ERROR(LowerNode(node, builder));
    onednn::ProgramParts parts;
    RECTIFIER_RETURN_IF_ERROR(Guarded(bound.name, [&] {
      parts = builder.Finish();
      return absl::OkStatus();
    }));
    RECTIFIER_RETURN_IF_ERROR(CheckMemory(bound, parts, options_.max_program_bytes));
    return std::make_shared<const onednn::OneDnnProgram>(std::move(parts));
  }

  // What a Program of constants gives; it keeps no weights.
  absl::StatusOr<std::vector<Tensor>> Compute(const Graph& graph) {
    Graph typed = graph;
    RECTIFIER_RETURN_IF_ERROR(InferTypes(typed));
    onednn::WeightStore weights(engine_, options_.max_weight_bytes);
    RECTIFIER_ASSIGN_OR_RETURN(const auto program, Lower(typed, weights));
    return ExecutionContext().Run(program, {});
  }

  CompilerOptions options_;
  dnnl::engine engine_;
  onednn::WeightStore weights_;
};

}  // namespace

std::unique_ptr<Compiler> NewOneDnnCompiler(const CompilerOptions& options) {
  return std::make_unique<OneDnnCompiler>(options);
}

}  // namespace rectifier
