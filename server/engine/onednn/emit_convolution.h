#pragma once

#include <array>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "server/engine/onednn/pinned_weights.h"
#include "server/engine/onednn/post_ops.h"
#include "server/engine/onednn/program_builder.h"
#include "server/ops/window.h"

namespace rectifier::onednn {

// What convolutions and deconvolutions have in common. Dimensions are spatial, in oneDNN's terms.
struct Convolution {
  Operand x;
  Operand y;
  WeightSource weights;
  std::optional<Operand> bias;
  Dims strides;
  Dims holes;  // between the elements of a filter: dilations of 1 are 0
  Dims pads_begin;
  Dims pads_end;
  // When it is executed in pieces, x and y are those of one.
  struct Pieces {
    int64_t samples = 1;
    int64_t of_each = 1;
    Repetition::Move x;
    Repetition::Move y;
  };
  std::optional<Pieces> pieces = {};
};

// A node's input 2, when it has one.
inline bool HasBias(const Node& node) {
  return node.inputs.size() > 2 && node.inputs[2] != kNoValue;
}
inline std::optional<Operand> BiasOf(ProgramBuilder& builder, const Node& node) {
  if (!HasBias(node)) return std::nullopt;
  return builder.Get(node.inputs[2]);
}

// Whether the bias is known when the Program is made, or there is none.
inline bool HasConstantBias(const Graph& graph, const Node& node) {
  return !HasBias(node) || graph.constant(node.inputs[2]) != nullptr;
}

inline Dims HolesOf(const Window& window) {
  Dims holes = window.dilations;
  for (int64_t& hole : holes) --hole;
  return holes;
}

// Of the step with these arguments, when there are pieces.
inline Repetition RepetitionOf(const Convolution& c, const std::vector<Step::Argument>& arguments) {
  Repetition repetition{c.pieces->samples, c.pieces->of_each};
  for (const Step::Argument& argument : arguments) {
    // What is added to y lies as y does.
    const bool added =
        argument.name >= DNNL_ARG_ATTR_MULTIPLE_POST_OP_BASE && argument.operand.desc == c.y.desc;
    const bool is_y = argument.name == DNNL_ARG_DST || added;
    repetition.moves.push_back(argument.name == DNNL_ARG_SRC ? c.pieces->x
                               : is_y                        ? c.pieces->y
                                                             : Repetition::Move());
  }
  return repetition;
}

// Spatial dimensions, one or two, as {height, width}; `missing` is the height of one.
inline std::array<int64_t, 2> HeightAndWidth(std::span<const int64_t> dims, int64_t missing) {
  if (dims.size() == 1) return {missing, dims[0]};
  return {dims[0], dims[1]};
}

// Adds the step that writes `c.y`. Primitive: dnnl::convolution_forward or deconvolution_forward.
template <typename Primitive>
void EmitConvolution(ProgramBuilder& builder, std::string_view op, dnnl::algorithm algorithm,
                     const Convolution& c, const PostOps& post_ops, const std::string& detail) {
  using PrimitiveDesc = typename Primitive::primitive_desc;
  const Desc bias = c.bias ? c.bias->desc : Desc();
  Operand weights;
  const auto pd = MakeWithPinnedWeights<PrimitiveDesc>(
      builder, c.weights,
      [&](const Desc& weights_desc) {
        return PrimitiveDesc(builder.engine(), dnnl::prop_kind::forward_inference, algorithm,
                             c.x.desc, weights_desc, bias, c.y.desc, c.strides, c.holes,
                             c.pads_begin, c.pads_end, post_ops.attributes, /*allow_empty=*/true);
      },
      &weights);
  std::vector<Step::Argument> arguments = {
      {DNNL_ARG_SRC, c.x}, {DNNL_ARG_WEIGHTS, weights}, {DNNL_ARG_DST, c.y}};
  if (c.bias) arguments.push_back({DNNL_ARG_BIAS, *c.bias});
  arguments = WithPostOps(std::move(arguments), post_ops);
  builder.Add(op, pd, Primitive(pd), arguments, detail,
              c.pieces ? RepetitionOf(c, arguments) : Repetition());
}

}  // namespace rectifier::onednn
