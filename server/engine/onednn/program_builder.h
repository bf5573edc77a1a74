#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/engine/onednn/layout.h"
#include "server/engine/onednn/onednn_program.h"
#include "server/engine/onednn/weight_store.h"
#include "server/graph/graph.h"
#include "server/graph/uses.h"

namespace rectifier::onednn {

// A ProgramBuilder is what lowerings write to: it knows where each value of the graph lies and in
// which layout, adds steps, and inserts a reorder where a step wants another layout.
//
// It emits steps in the order of the calls; buffers and their lifetimes follow from the steps.
class ProgramBuilder {
 public:
  // `graph` has types for all values, without dynamic dimensions, and outlives the builder. The
  // last `scratch_inputs` of its inputs may be written over.
  ProgramBuilder(const Graph& graph, WeightStore& weights, dnnl::engine engine, int threads,
                 size_t scratch_inputs);

  const Graph& graph() const { return graph_; }
  const dnnl::engine& engine() const { return engine_; }
  int threads() const { return threads_; }  // of the Program
  WeightStore& weights() { return weights_; }
  const TensorType& type(ValueId id) const { return *graph_.value(id).type; }
  const Shape& shape(ValueId id) const { return type(id).shape; }

  // Primitives keep nothing between calls: their scratchpad is in the arena.
  static dnnl::primitive_attr NewAttributes();

  // Reading values.

  // Where `id` lies, in whatever layout it was left in.
  Operand Get(ValueId id);
  // `id` in the given layout; a reorder is added unless it lies so already.
  Operand Get(ValueId id, const Desc& layout);
  // The operand of a constant in a form that `make` makes, shared between the model's Programs.
  Operand Constant(const std::shared_ptr<const PackedWeight>& packed);

  // True when the step that is being lowered is the last reader of the operand's memory, which may
  // then be written over. Never true for the caller's inputs, constants and values that are
  // outputs.
  bool MayOverwrite(const Operand& operand) const;

  // The one node that reads `id`, which nothing else does; null when there is none.
  const Node* OnlyReader(ValueId id) const;

  // Writing values.

  // `id` with its last dimension innermost, as Get() gives it.
  Operand GetRowMajor(ValueId id) { return Get(id, RowMajor(type(id))); }

  // New memory for a tensor in this layout.
  Operand Allocate(const Desc& layout);
  // Says where a node's output lies: in memory that steps have written, or that another value
  // shares.
  void Set(ValueId id, Operand operand);

  // The node's output is `x`, channels-last, with its dimensions after the first made one, in the
  // order of row-major: nothing is moved until somebody asks for it with Get().
  void SetFlattened(ValueId id, Operand x);
  // That `x`; nullopt for other values.
  const std::optional<Operand>& Flattened(ValueId id) const {
    return flattened_[static_cast<size_t>(id)];
  }

  // Steps.

  // Adds a primitive; its scratchpad is taken care of. `detail` goes into the step's StepInfo;
  // `repetition` is about the first of `arguments`.
  template <typename PrimitiveDesc>
  void Add(std::string_view op, const PrimitiveDesc& pd, const dnnl::primitive& primitive,
           std::vector<Step::Argument> arguments, const std::string& detail = {},
           Repetition repetition = {}) {
    const Desc scratchpad = pd.scratchpad_desc();
    if (scratchpad.get_size() > 0) {
      arguments.push_back({DNNL_ARG_SCRATCHPAD, Allocate(scratchpad)});
    }
    AddStep({primitive, std::move(arguments), /*threads=*/1, std::move(repetition)}, op,
            pd.impl_info_str(), detail);
  }
  // Adds a loop over the memory of `operands`, of which it writes the first.
  void AddKernel(std::string_view op, std::string_view name, const std::vector<Operand>& operands,
                 Kernel kernel, const std::string& detail = {});
  // `from` as `to` lies, whose dimensions are the same.
  void AddReorder(const Operand& from, const Operand& to);
  void AddFill(const Operand& to, float value);

  // The walk over the graph.

  // Whether the node's output lies somewhere already: the lowering of what it reads has computed it
  // on the way.
  bool IsComputed(const Node& node) const;

  // Between these two calls the lowering of `node` runs. Primitives that it makes run on the
  // threads of the Program, or on one when there is too little to do for several.
  void Begin(const Node& node);
  void End(const Node& node);
  // Of that node, the steps that follow compute one sample at a time: whether they run on several
  // threads is decided by one.
  void ForOneSample(const Node& node);

  // Writes the graph's outputs, plans the memory and hands everything over.
  ProgramParts Finish();

 private:
  void AddStep(Step step, std::string_view op, std::string implementation, std::string detail);
  int NewBuffer(Buffer buffer);
  Operand PlainConstant(ValueId id);
  void Place(ValueId id, Operand operand);
  void PlanArena();
  void ChooseThreads(const Node& node, int64_t samples);

  const Graph& graph_;
  const Uses uses_;
  WeightStore& weights_;
  dnnl::engine engine_;
  ProgramParts parts_;
  const int threads_;
  const size_t callers_inputs_;  // of the graph's inputs, the first so many
  int node_threads_ = 1;         // of the node that is being lowered
  std::string node_name_;
  std::vector<int> uses_left_;                     // of each value, by nodes and graph outputs
  std::vector<std::vector<Operand>> places_;       // of each value, one for each layout it has
  std::vector<std::optional<Operand>> flattened_;  // of each value, what it is a matrix of
  std::vector<int> readers_left_;                  // of each buffer
};

}  // namespace rectifier::onednn
