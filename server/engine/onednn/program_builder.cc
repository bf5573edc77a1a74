#include "server/engine/onednn/program_builder.h"

#include <omp.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/engine/kernels/copy.h"
#include "server/engine/memory_plan.h"
#include "server/ops/flop.h"

namespace rectifier::onednn {
namespace {

std::string LayoutText(const Desc& desc) {
  return IsChannelsLast(desc)
             ? "channels-last"
             : (SameLayout(desc, RowMajor(desc.get_dims())) ? "row-major" : "other");
}

// Of the elements themselves, without the gaps between them.
int64_t TouchedBytes(const Desc& desc) {
  if (desc.get_inner_nblks() > 0) return static_cast<int64_t>(desc.get_size());
  const Dims dims = desc.get_dims();
  return std::accumulate(dims.begin(), dims.end(), ElementSizeOf(desc), std::multiplies<>());
}

// To start and to join threads takes about as long as one of them needs for this much: of the whole
// node, or of one of `samples`.
bool IsWorthThreads(const Graph& graph, const Node& node, int64_t samples) {
  constexpr double kFlop = 1e6;
  constexpr int64_t kElements = int64_t{1} << 16;
  if (Flop(graph, node) >= kFlop * static_cast<double>(samples)) return true;
  int64_t elements = 0;
  for (const auto* ids : {&node.inputs, &node.outputs}) {
    for (const ValueId id : *ids) {
      if (id == kNoValue) continue;
      const int64_t count = graph.value(id).type->shape.ElementCount();
      elements += graph.constant(id) == nullptr ? count / samples : count;
    }
  }
  return elements >= kElements;
}

}  // namespace

ProgramBuilder::ProgramBuilder(const Graph& graph, WeightStore& weights, dnnl::engine engine,
                               int threads, size_t scratch_inputs)
    : graph_(graph),
      uses_(graph),
      weights_(weights),
      engine_(std::move(engine)),
      threads_(threads),
      callers_inputs_(graph.inputs().size() - scratch_inputs),
      uses_left_(static_cast<size_t>(graph.value_count()), 0),
      places_(static_cast<size_t>(graph.value_count())),
      flattened_(static_cast<size_t>(graph.value_count())) {
  parts_.engine = engine_;
  const auto use = [this](ValueId id) {
    if (id != kNoValue) ++uses_left_[static_cast<size_t>(id)];
  };
  for (const Node& node : graph.nodes()) {
    for (const ValueId id : node.inputs) use(id);
    for (const PostOp& post_op : node.post_ops) {
      for (const ValueId id : post_op.operands) use(id);
    }
  }
  for (const Graph::Output& output : graph.outputs()) {
    use(output.value);
    parts_.outputs.push_back({output.name, *graph.value(output.value).type});
  }
  for (const ValueId id : graph.inputs()) {
    const Value& value = graph.value(id);
    const Desc desc = RowMajor(*value.type);
    const int buffer = NewBuffer({Buffer::Kind::kInput, desc.get_size(), 0, nullptr,
                                  static_cast<int>(parts_.inputs.size())});
    parts_.inputs.push_back({value.name, *value.type});
    Place(id, {buffer, desc});
  }
}

dnnl::primitive_attr ProgramBuilder::NewAttributes() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

int ProgramBuilder::NewBuffer(Buffer buffer) {
  parts_.buffers.push_back(buffer);
  readers_left_.push_back(0);
  return static_cast<int>(parts_.buffers.size() - 1);
}

void ProgramBuilder::Place(ValueId id, Operand operand) {
  readers_left_[static_cast<size_t>(operand.buffer)] += uses_left_[static_cast<size_t>(id)];
  places_[static_cast<size_t>(id)].push_back(std::move(operand));
}

Operand ProgramBuilder::PlainConstant(ValueId id) {
  const auto& tensor = graph_.value(id).constant;
  weights_.AddPlain(tensor);
  parts_.constants.push_back(tensor);
  const int buffer =
      NewBuffer({Buffer::Kind::kConstant, tensor->bytes().size(), 0, tensor->bytes().data(), -1});
  return {buffer, RowMajor(tensor->type())};
}

Operand ProgramBuilder::Constant(const std::shared_ptr<const PackedWeight>& packed) {
  parts_.constants.push_back(packed);
  const int buffer =
      NewBuffer({Buffer::Kind::kConstant, packed->data.size(), 0, packed->data.data(), -1});
  return {buffer, packed->desc};
}

Operand ProgramBuilder::Get(ValueId id) {
  auto& places = places_[static_cast<size_t>(id)];
  if (places.empty()) {
    if (const auto& x = flattened_[static_cast<size_t>(id)]) {
      const Operand rows = Allocate(RowMajor(x->desc.get_dims(), x->desc.get_data_type()));
      AddReorder(*x, rows);
      Place(id, {rows.buffer, RowMajor(type(id))});
    } else {
      RECTIFIER_CHECK(graph_.constant(id) != nullptr);
      Place(id, PlainConstant(id));
    }
  }
  return places.front();
}

Operand ProgramBuilder::Get(ValueId id, const Desc& layout) {
  auto& places = places_[static_cast<size_t>(id)];
  if (places.empty() && flattened_[static_cast<size_t>(id)]) Get(id);
  for (const Operand& place : places) {
    if (SameLayout(place.desc, layout)) return {place.buffer, layout};
  }
  if (const auto& tensor = graph_.value(id).constant) {
    const Desc plain = RowMajor(tensor->type());
    if (SameLayout(plain, layout)) return {Get(id).buffer, layout};
    RECTIFIER_CHECK(tensor->dtype() == DType::kFloat32);  // kernels read constants as they lie
    std::string form = "layout";
    for (const int64_t stride : layout.get_strides()) form += fmt::format(" {}", stride);
    return Constant(weights_.FindOrMake(tensor, form, layout,
                                        [&] { return weights_.Reorder(*tensor, plain, layout); }));
  }
  const Operand from = Get(id);
  Operand to = Allocate(layout);
  AddReorder(from, to);
  Place(id, to);
  return to;
}

bool ProgramBuilder::MayOverwrite(const Operand& operand) const {
  const auto index = static_cast<size_t>(operand.buffer);
  const Buffer& buffer = parts_.buffers[index];
  const bool ours =
      buffer.kind == Buffer::Kind::kArena ||
      (buffer.kind == Buffer::Kind::kInput && static_cast<size_t>(buffer.port) >= callers_inputs_);
  return ours && readers_left_[index] <= 1;
}

Operand ProgramBuilder::Allocate(const Desc& layout) {
  return {NewBuffer({Buffer::Kind::kArena, layout.get_size(), 0, nullptr, -1}), layout};
}

void ProgramBuilder::Set(ValueId id, Operand operand) { Place(id, std::move(operand)); }

void ProgramBuilder::SetFlattened(ValueId id, Operand x) {
  readers_left_[static_cast<size_t>(x.buffer)] += uses_left_[static_cast<size_t>(id)];
  flattened_[static_cast<size_t>(id)] = std::move(x);
}

void ProgramBuilder::AddStep(Step step, std::string_view op, std::string implementation,
                             std::string detail) {
  int64_t bytes = 0;
  for (size_t i = 0; i < step.arguments.size(); ++i) {
    const Step::Argument& argument = step.arguments[i];
    if (argument.name == DNNL_ARG_SCRATCHPAD) continue;
    const bool moves = i < step.repetition.moves.size() && step.repetition.moves[i].inner != 0;
    bytes += TouchedBytes(argument.operand.desc) * (moves ? step.repetition.times() : 1);
  }
  step.threads = node_threads_;
  parts_.steps.push_back(std::move(step));
  parts_.step_infos.push_back(
      {node_name_, std::string(op), std::move(implementation), std::move(detail), bytes});
}

void ProgramBuilder::AddKernel(std::string_view op, std::string_view name,
                               const std::vector<Operand>& operands, Kernel kernel,
                               const std::string& detail) {
  std::vector<Step::Argument> arguments;
  arguments.reserve(operands.size());
  for (const Operand& operand : operands) {
    arguments.push_back({static_cast<int>(arguments.size()), operand});
  }
  AddStep({std::move(kernel), std::move(arguments)}, op, "loop:" + std::string(name), detail);
}

void ProgramBuilder::AddReorder(const Operand& from, const Operand& to) {
  const Dims dims = to.desc.get_dims();
  if (std::find(dims.begin(), dims.end(), 0) != dims.end()) return;
  const std::string detail = LayoutText(from.desc) + " to " + LayoutText(to.desc);
  // Between parts of tensors of the same strides, oneDNN 3.7's jit_direct_copy goes over the gaps.
  if (to.desc.get_data_type() == DataType::f32 && IsDense(from.desc) && IsDense(to.desc)) {
    const dnnl::reorder::primitive_desc pd(engine_, from.desc, engine_, to.desc, NewAttributes());
    Add("Reorder", pd, dnnl::reorder(pd), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}}, detail);
    return;
  }
  const int64_t size = ElementSizeOf(to.desc);
  const kernels::LoopNest<2> nest(dims, {to.desc.get_strides(), from.desc.get_strides()});
  const int64_t to_offset = to.desc.get_submemory_offset() * size;
  const int64_t from_offset = from.desc.get_submemory_offset() * size;
  AddKernel(
      "Reorder", "copy", {to, from},
      [nest, size, to_offset, from_offset](std::span<std::byte* const> memory) {
        kernels::Copy(nest, size, memory[0] + to_offset, memory[1] + from_offset);
      },
      detail);
}

void ProgramBuilder::AddFill(const Operand& to, float value) {
  const auto count = static_cast<int64_t>(to.desc.get_size() / sizeof(float));
  AddKernel(
      "Fill", "fill", {to},
      [count, value](std::span<std::byte* const> memory) {
        kernels::Fill(memory[0], count, sizeof(float), reinterpret_cast<const std::byte*>(&value));
      },
      fmt::format("{}", value));
}

const Node* ProgramBuilder::OnlyReader(ValueId id) const {
  if (!uses_.HasSingleReader(id)) return nullptr;
  return &graph_.nodes()[static_cast<size_t>(uses_.readers(id)[0])];
}

bool ProgramBuilder::IsComputed(const Node& node) const {
  return !places_[static_cast<size_t>(node.outputs[0])].empty();
}

void ProgramBuilder::ChooseThreads(const Node& node, int64_t samples) {
  node_threads_ = IsWorthThreads(graph_, node, samples) ? threads_ : 1;
  // oneDNN makes a primitive for the threads that it is told at that time.
  omp_set_num_threads(node_threads_);
}

void ProgramBuilder::Begin(const Node& node) {
  node_name_ = node.name;
  ChooseThreads(node, 1);
}

void ProgramBuilder::ForOneSample(const Node& node) {
  ChooseThreads(node, std::max<int64_t>(1, shape(node.outputs[0])[0]));
}

void ProgramBuilder::End(const Node& node) {
  const auto consumed = [this](ValueId id) {
    if (id == kNoValue) return;
    --uses_left_[static_cast<size_t>(id)];
    for (const Operand& place : places_[static_cast<size_t>(id)]) {
      --readers_left_[static_cast<size_t>(place.buffer)];
    }
    if (const auto& x = flattened_[static_cast<size_t>(id)]) {
      --readers_left_[static_cast<size_t>(x->buffer)];
    }
  };
  for (const ValueId id : node.inputs) consumed(id);
  for (const PostOp& post_op : node.post_ops) {
    for (const ValueId id : post_op.operands) consumed(id);
  }
  node_name_.clear();
}

void ProgramBuilder::PlanArena() {
  constexpr int kNever = -1;
  std::vector<BufferLifetime> lifetimes(parts_.buffers.size(), {0, kNever, kNever});
  for (size_t i = 0; i < parts_.steps.size(); ++i) {
    for (const Step::Argument& argument : parts_.steps[i].arguments) {
      BufferLifetime& life = lifetimes[static_cast<size_t>(argument.operand.buffer)];
      if (life.first_step == kNever) life.first_step = static_cast<int>(i);
      life.last_step = static_cast<int>(i);
    }
  }
  std::vector<BufferLifetime> arena;
  std::vector<size_t> indices;
  for (size_t i = 0; i < parts_.buffers.size(); ++i) {
    if (parts_.buffers[i].kind != Buffer::Kind::kArena || lifetimes[i].first_step == kNever)
      continue;
    lifetimes[i].bytes = parts_.buffers[i].bytes;
    arena.push_back(lifetimes[i]);
    indices.push_back(i);
  }
  const MemoryPlan plan = PlanMemory(arena);
  for (size_t i = 0; i < indices.size(); ++i) parts_.buffers[indices[i]].offset = plan.offsets[i];
  parts_.arena_bytes = plan.arena_bytes;
}

ProgramParts ProgramBuilder::Finish() {
  node_threads_ = threads_;
  omp_set_num_threads(threads_);
  for (size_t i = 0; i < graph_.outputs().size(); ++i) {
    const ValueId id = graph_.outputs()[i].value;
    const Desc wanted = RowMajor(type(id));
    const Operand operand = Get(id, wanted);
    Buffer& buffer = parts_.buffers[static_cast<size_t>(operand.buffer)];
    if (buffer.kind == Buffer::Kind::kArena && buffer.bytes == wanted.get_size()) {
      // The steps that filled this memory fill the caller's instead.
      buffer.kind = Buffer::Kind::kOutput;
      buffer.port = static_cast<int>(i);
      continue;
    }
    // An input, a constant, or what another output already is.
    const int to =
        NewBuffer({Buffer::Kind::kOutput, wanted.get_size(), 0, nullptr, static_cast<int>(i)});
    AddReorder(operand, {to, wanted});
  }
  PlanArena();
  return std::move(parts_);
}

}  // namespace rectifier::onednn
