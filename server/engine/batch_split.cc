#include "server/engine/batch_split.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string>
#include <string_view>
#include <utility>

#include "server/core/status.h"
#include "server/engine/bind_shapes.h"
#include "server/engine/samplewise.h"
#include "server/graph/dead_nodes.h"
#include "server/graph/uses.h"
#include "server/ops/flop.h"
#include "server/ops/infer_types.h"
#include "server/ops/operator_table.h"

namespace rectifier {
namespace {

double BytesOf(const TensorType& type) {
  return static_cast<double>(type.shape.ElementCount()) *
         static_cast<double>(ElementSize(type.dtype));
}

// What a node reads and writes.
struct Traffic {
  double tensors = 0;  // that depend on the batch
  double weights = 0;
};

Traffic TrafficOf(const Graph& graph, const Node& node) {
  Traffic traffic;
  const auto add = [&](ValueId id) {
    if (id == kNoValue) return;
    double& bytes = graph.constant(id) == nullptr ? traffic.tensors : traffic.weights;
    bytes += BytesOf(*graph.value(id).type);
  };
  for (const ValueId id : node.inputs) add(id);
  for (const ValueId id : node.outputs) add(id);
  for (const PostOp& post_op : node.post_ops) {
    for (const ValueId id : post_op.operands) add(id);
  }
  return traffic;
}

// The bytes of `bytes`, touched together, that come from beyond each of the caches.
double Missed(double bytes, const BatchSplitOptions& options) {
  return std::max(0.0, bytes - static_cast<double>(options.cache_bytes)) +
         std::max(0.0, bytes - static_cast<double>(options.last_cache_bytes));
}

bool IsOneOf(std::string_view op, std::span<const std::string_view> ops) {
  return std::find(ops.begin(), ops.end(), op) != ops.end();
}

// Whether a tensor that lies channels-last does not lie row-major as well.
bool HasOneChannelsLastLayout(const Shape& shape) {
  return shape.rank() > 2 && shape[1] > 1 && shape.ElementCount() > shape[0] * shape[1];
}

// Whether the result lies channels-last if all of the computed operands do that have spatial
// dimensions, which may[id] says.
bool KeepsChannelsLast(const Graph& graph, const Node& node, const std::vector<bool>& may) {
  constexpr std::array<std::string_view, 9> kKeep = {
      "Clip", "Concat",    "DepthToSpace", "GroupNormalization", "InstanceNormalization",
      "Pad",  "Rectifier", "Resize",       "SpaceToDepth"};
  const Operator* found = FindOperator(node.op);
  const bool elementwise = found != nullptr && IsElementwise(*found);
  if (!elementwise && !IsOneOf(node.op, kKeep)) return false;
  const Shape& to = graph.value(node.outputs[0]).type->shape;
  // A Resize to the same size may be a view.
  if (node.op == "Resize" && graph.value(node.inputs[0]).type->shape == to) return false;
  // Elementwise results lie as an operand of their shape. What Concat joins lies channels-last when
  // one of them does, and in no other way.
  bool leads = !elementwise && node.op != "Concat";
  for (const ValueId id : node.inputs) {
    if (id == kNoValue || graph.constant(id) != nullptr) continue;
    const Shape& shape = graph.value(id).type->shape;
    if (shape.rank() > 2 && !may[static_cast<size_t>(id)]) return false;
    leads = leads || (node.op == "Concat" ? HasOneChannelsLastLayout(shape) : shape == to);
  }
  return leads;
}

// Which values lie channels-last when they are computed in one piece, or have no other way to lie:
// handed over, they are what they would have been, and so what follows has the same bits. What is
// another value's memory, seen in another way, is not among them: a product may read that value
// instead, and nobody may write over the one while the other is still read.
std::vector<bool> MayBeHandedOver(const Graph& graph) {
  constexpr std::array<std::string_view, 8> kChannelsLast = {"AveragePool",
                                                             "BatchNormalization",
                                                             "Conv",
                                                             "ConvTranspose",
                                                             "GlobalAveragePool",
                                                             "LRN",
                                                             "LpPool",
                                                             "MaxPool"};
  constexpr std::array<std::string_view, 9> kViews = {"Cast",     "Expand",    "Flatten",
                                                      "Identity", "Reshape",   "Squeeze",
                                                      "Tile",     "Transpose", "Unsqueeze"};
  std::vector<bool> may(static_cast<size_t>(graph.value_count()), false);
  for (const Node& node : graph.nodes()) {
    if (IsOneOf(node.op, kViews) || node.outputs[0] == kNoValue) continue;
    const bool flat = graph.value(node.outputs[0]).type->shape.rank() < 3;
    may[static_cast<size_t>(node.outputs[0])] =
        flat || IsOneOf(node.op, kChannelsLast) || KeepsChannelsLast(graph, node, may);
  }
  return may;
}

// For each number of nodes, whether a front may end behind them: not between a value that cannot be
// handed over and a node that reads it.
std::vector<bool> PlacesToEnd(const Graph& graph) {
  const std::vector<bool> may = MayBeHandedOver(graph);
  std::vector<size_t> computed(static_cast<size_t>(graph.value_count()), 0);  // behind which node
  // Of the values that cannot be handed over: how many more are being kept from here on.
  std::vector<int> kept(graph.nodes().size() + 2, 0);
  for (size_t i = 0; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    const auto read = [&](ValueId id) {
      if (id == kNoValue || may[static_cast<size_t>(id)]) return;
      const size_t from = computed[static_cast<size_t>(id)];
      if (from == 0) return;
      ++kept[from];
      --kept[i + 1];
    };
    for (const ValueId id : node.inputs) read(id);
    for (const PostOp& post_op : node.post_ops) {
      for (const ValueId id : post_op.operands) read(id);
    }
    for (const ValueId id : node.outputs) {
      if (id != kNoValue) computed[static_cast<size_t>(id)] = i + 1;
    }
  }
  std::vector<bool> places;
  int now = 0;
  for (size_t i = 0; i <= graph.nodes().size(); ++i) places.push_back((now += kept[i]) == 0);
  return places;
}

// The bytes of values that nodes compute for others (neither inputs nor outputs, which are the
// caller's), while each node runs and behind it.
struct LiveBytes {
  std::vector<double> during;
  std::vector<double> behind;
};

LiveBytes LiveBytesOf(const Graph& graph) {
  const size_t count = graph.nodes().size();
  const Uses uses(graph);
  LiveBytes live{std::vector<double>(count, 0), std::vector<double>(count, 0)};
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    if (uses.producer(id) < 0 || uses.readers(id).empty()) continue;
    const auto first = static_cast<size_t>(uses.producer(id));
    const auto last = static_cast<size_t>(uses.readers(id).back());
    const double bytes = BytesOf(*graph.value(id).type);
    live.during[first] += bytes;
    live.behind[first] += bytes;
    live.behind[last] -= bytes;
    if (last + 1 < count) live.during[last + 1] -= bytes;
  }
  std::partial_sum(live.during.begin(), live.during.end(), live.during.begin());
  std::partial_sum(live.behind.begin(), live.behind.end(), live.behind.begin());
  return live;
}

struct Choice {
  size_t nodes = 0;  // of the front; 0 for none
  int64_t chunk = 0;
  double saved = 0;   // seconds, by the model
  double memory = 0;  // bytes, at the most
};

// Every split of the first `prefix` of the nodes, whose traffic is `of_nodes`, and that there is
// none.
std::vector<Choice> ChoicesOf(const Graph& bound, const std::vector<Traffic>& of_nodes,
                              size_t prefix, int64_t samples, const BatchSplitOptions& options,
                              double bytes_per_second) {
  const std::vector<bool> places = PlacesToEnd(bound);
  const LiveBytes live = LiveBytesOf(bound);
  std::vector<double> of_rest(bound.nodes().size() + 1, 0);  // from each node on
  for (size_t i = bound.nodes().size(); i-- > 0;) {
    of_rest[i] = std::max(of_rest[i + 1], live.during[i]);
  }
  std::vector<Choice> choices = {{0, samples, 0, of_rest[0]}};
  for (int64_t chunk = options.least_chunk; chunk < samples; chunk *= 2) {
    if (samples % chunk != 0) continue;
    const int64_t chunks = samples / chunk;
    const auto times = static_cast<double>(chunks);
    double saved = 0;  // bytes that are not moved
    double of_front = 0;
    for (size_t i = 0; i < prefix; ++i) {
      const Traffic& traffic = of_nodes[i];
      saved += Missed(traffic.tensors, options) - times * Missed(traffic.tensors / times, options);
      saved -= (times - 1) * traffic.weights;
      of_front = std::max(of_front, live.during[i] / times);
      if (!places[i + 1]) continue;
      choices.push_back({i + 1, chunk, saved / bytes_per_second,
                         std::max(of_front + live.behind[i], of_rest[i + 1])});
    }
  }
  return choices;
}

// The front and chunk to choose, if it is worth it.
std::optional<Choice> Choose(const Graph& bound, size_t prefix, int64_t samples,
                             const BatchSplitOptions& options) {
  constexpr double kBytesPerSecond = 1e10;
  constexpr double kFlopPerSecond = 1e11;
  constexpr double kWorthwhile = 0.03;
  constexpr double kAboutAsFast = 0.01;
  double seconds = Flop(bound) / kFlopPerSecond;
  std::vector<Traffic> of_nodes;
  for (const Node& node : bound.nodes()) {
    of_nodes.push_back(TrafficOf(bound, node));
    seconds += Missed(of_nodes.back().tensors, options) / kBytesPerSecond;
  }
  const std::vector<Choice> choices =
      ChoicesOf(bound, of_nodes, prefix, samples, options, kBytesPerSecond);
  double most = 0;
  for (const Choice& choice : choices) most = std::max(most, choice.saved);
  const Choice* best = nullptr;
  for (const Choice& choice : choices) {
    if (choice.saved < most - kAboutAsFast * seconds) continue;
    if (best == nullptr || choice.memory < best->memory) best = &choice;
  }
  const bool is_faster = best->saved > kWorthwhile * seconds;
  const bool is_smaller =
      choices[0].memory - best->memory >= static_cast<double>(options.much_memory);
  if (best->nodes == 0 || (!is_faster && !is_smaller)) return std::nullopt;
  return *best;
}

// Values that the first `nodes` nodes compute and others read, in the order of their computation.
std::vector<ValueId> ValuesAcross(const Graph& graph, size_t nodes) {
  std::vector<bool> wanted(static_cast<size_t>(graph.value_count()), false);
  const auto want = [&](ValueId id) {
    if (id != kNoValue) wanted[static_cast<size_t>(id)] = true;
  };
  for (size_t i = nodes; i < graph.nodes().size(); ++i) {
    const Node& node = graph.nodes()[i];
    for (const ValueId id : node.inputs) want(id);
    for (const PostOp& post_op : node.post_ops) {
      for (const ValueId id : post_op.operands) want(id);
    }
  }
  for (const Graph::Output& output : graph.outputs()) want(output.value);
  std::vector<ValueId> across;
  for (size_t i = 0; i < nodes; ++i) {
    const ValueId id = graph.nodes()[i].outputs[0];
    if (wanted[static_cast<size_t>(id)]) across.push_back(id);
  }
  return across;
}

// [0, 2, 3, …, 1] and its inverse.
std::vector<int64_t> ChannelsToTheEnd(int rank) {
  std::vector<int64_t> perm(static_cast<size_t>(rank));
  std::iota(perm.begin(), perm.end(), int64_t{0});
  if (rank > 2) std::rotate(perm.begin() + 1, perm.begin() + 2, perm.end());
  return perm;
}
std::vector<int64_t> ChannelsBack(int rank) {
  std::vector<int64_t> perm(static_cast<size_t>(rank));
  std::iota(perm.begin(), perm.end(), int64_t{0});
  if (rank > 2) std::rotate(perm.begin() + 1, perm.end() - 1, perm.end());
  return perm;
}

// `graph` up to the values `across`, which are its outputs with their channels last.
absl::StatusOr<Graph> FrontOf(Graph graph, const std::vector<ValueId>& across) {
  graph.outputs().clear();
  for (const ValueId id : across) {
    const std::string name = graph.UniqueName(graph.value(id).name + ".handed_over");
    const ValueId turned = graph.AddNode(
        "Transpose", {id}, name, {{"perm", ChannelsToTheEnd(graph.value(id).type->shape.rank())}});
    graph.outputs().push_back({name, turned});
  }
  RemoveDeadNodes(graph, std::vector<bool>(graph.nodes().size(), false));
  RECTIFIER_RETURN_IF_ERROR(InferTypes(graph));
  return graph;
}

// `graph` from these values on, which are its last inputs.
absl::StatusOr<Graph> RestOf(Graph graph, const std::vector<ValueId>& across) {
  // What computes them has no other results.
  std::vector<bool> handed_over(static_cast<size_t>(graph.value_count()), false);
  for (const ValueId id : across) handed_over[static_cast<size_t>(id)] = true;
  std::vector<bool> dead;
  for (const Node& node : graph.nodes()) {
    dead.push_back(node.outputs[0] != kNoValue &&
                   handed_over[static_cast<size_t>(node.outputs[0])]);
  }
  RemoveDeadNodes(graph, std::move(dead));
  std::vector<Node> nodes;
  for (const ValueId id : across) {
    const TensorType type = *graph.value(id).type;
    Shape turned(std::vector<int64_t>(static_cast<size_t>(type.shape.rank()), 0));
    const std::vector<int64_t> perm = ChannelsToTheEnd(type.shape.rank());
    for (int axis = 0; axis < type.shape.rank(); ++axis) {
      turned[axis] = type.shape[static_cast<int>(perm[static_cast<size_t>(axis)])];
    }
    const std::string name = graph.UniqueName(graph.value(id).name + ".handed_over");
    const ValueId input = graph.AddInput(name, {type.dtype, turned});
    nodes.push_back(
        {name, "Transpose", {{"perm", ChannelsBack(type.shape.rank())}}, {input}, {id}, {}});
  }
  nodes.insert(nodes.end(), std::make_move_iterator(graph.nodes().begin()),
               std::make_move_iterator(graph.nodes().end()));
  graph.nodes() = std::move(nodes);
  RECTIFIER_RETURN_IF_ERROR(InferTypes(graph));
  return graph;
}

// Whether each of the values has the type that it has in `whole`, but for the number of samples.
bool SameSamples(const Graph& part, const Graph& whole, const std::vector<ValueId>& ids,
                 int64_t chunk) {
  return std::all_of(ids.begin(), ids.end(), [&](ValueId id) {
    TensorType type = *whole.value(id).type;
    type.shape[0] = chunk;
    return part.value(id).type == type && part.constant(id) == nullptr;
  });
}

// Whether the front's nodes have the same constants in both bindings. One that counts samples would
// count a chunk's; only where it says a result's shape, which is compared, must it do so.
bool SameConstants(const Graph& part, const Graph& whole, size_t nodes) {
  const auto same = [&](const std::vector<ValueId>& ids) {
    return std::all_of(ids.begin(), ids.end(), [&](ValueId id) {
      const Tensor* a = part.constant(id);
      const Tensor* b = whole.constant(id);
      if (a == b) return true;
      if (a == nullptr || b == nullptr || a->type() != b->type()) return false;
      return std::ranges::equal(a->bytes(), b->bytes());
    });
  };
  std::map<ValueId, const Node*> of_part;  // by their results
  for (const Node& node : part.nodes()) of_part[node.outputs[0]] = &node;
  for (size_t i = 0; i < nodes; ++i) {
    const Node& node = whole.nodes()[i];
    const auto found = of_part.find(node.outputs[0]);
    if (found == of_part.end() || found->second->inputs != node.inputs) return false;
    for (const PostOp& post_op : node.post_ops) {
      if (!same(post_op.operands)) return false;
    }
    if (node.op == "Reshape" || node.op == "Resize") continue;
    if (!same(node.inputs)) return false;
  }
  return true;
}

}  // namespace

absl::StatusOr<std::optional<BatchSplit>> SplitBatch(const Graph& graph, const Graph& bound,
                                                     std::span<const Shape> input_shapes,
                                                     const BatchSplitOptions& options,
                                                     const ComputeConstants& compute) {
  BatchSplit split;
  std::vector<Shape> chunk_shapes(input_shapes.begin(), input_shapes.end());
  for (size_t i = 0; i < input_shapes.size(); ++i) {
    const Shape& open = graph.value(graph.inputs()[i]).type->shape;
    split.batched.push_back(open.rank() > 0 && open[0] == kDynamicDim);
    if (!split.batched[i]) continue;
    const int64_t samples = input_shapes[i][0];
    if (split.samples != 0 && split.samples != samples) return std::nullopt;
    split.samples = samples;
  }
  if (split.samples < 2) return std::nullopt;
  const size_t prefix = SamplewisePrefix(bound, split.batched, split.samples);
  const auto choice = Choose(bound, prefix, split.samples, options);
  if (!choice) return std::nullopt;
  split.chunk = choice->chunk;
  for (size_t i = 0; i < chunk_shapes.size(); ++i) {
    if (split.batched[i]) chunk_shapes[i][0] = split.chunk;
  }
  auto bound_chunk = BindShapes(graph, chunk_shapes, compute);
  if (!bound_chunk.ok()) return std::nullopt;  // it runs with this number of samples only
  Graph chunk = *std::move(bound_chunk);
  const std::vector<ValueId> across = ValuesAcross(bound, choice->nodes);
  std::vector<ValueId> computed;
  for (size_t i = 0; i < choice->nodes; ++i) computed.push_back(bound.nodes()[i].outputs[0]);
  if (!SameSamples(chunk, bound, computed, split.chunk)) return std::nullopt;
  if (!SameConstants(chunk, bound, choice->nodes)) return std::nullopt;
  const bool all = std::all_of(bound.outputs().begin(), bound.outputs().end(), [&](const auto& o) {
    return std::find(across.begin(), across.end(), o.value) != across.end();
  });
  if (all && choice->nodes == bound.nodes().size()) {
    split.front = std::move(chunk);
    return split;
  }
  RECTIFIER_ASSIGN_OR_RETURN(split.front, FrontOf(std::move(chunk), across));
  RECTIFIER_ASSIGN_OR_RETURN(split.rest, RestOf(bound, across));
  return split;
}

}  // namespace rectifier
