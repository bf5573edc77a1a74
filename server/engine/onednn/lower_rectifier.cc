#include <algorithm>
#include <numeric>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/ops/broadcast.h"
#include "server/ops/rectifier.h"

// oneDNN's prelu primitive is compiled only for a slope that varies along dimension 1 alone (or has
// the shape of x); for every other shape it falls back to a loop a hundred times slower. But x is
// dense, so its bytes can be looked at with other dimensions: those of x, from outermost to
// innermost, fall into runs along which the slope varies or does not, and
//
//   [same…, varies…]           is a matrix  {same, varies}        with a slope {1, varies}
//   [same…, varies…, same…]    is           {same, varies, same}  with a slope {1, varies, 1}
//
// A slope of any other kind is written out along the inner dimensions until it has the first form.

namespace rectifier::onednn {
namespace {

struct Folding {
  Dims x;       // dimensions to look at x with
  Dims slope;   // and at the slope
  Dims spread;  // the slope's dimensions in x's logical order, after it was written out
};

Folding Fold(const Dims& x, const Dims& slope, const std::vector<int>& order) {
  Dims spread = slope;
  const auto varies = [&](int axis) { return spread[static_cast<size_t>(axis)] != 1; };
  std::vector<int> axes;  // those that matter, outermost first
  for (const int axis : order) {
    if (x[static_cast<size_t>(axis)] != 1) axes.push_back(axis);
  }
  const auto first = std::find_if(axes.begin(), axes.end(), varies);
  auto last = std::find_if_not(first, axes.end(), varies);
  if (std::find_if(last, axes.end(), varies) != axes.end()) {
    for (auto axis = first; axis != axes.end(); ++axis) {
      spread[static_cast<size_t>(*axis)] = x[static_cast<size_t>(*axis)];
    }
    last = axes.end();
  }
  const auto product = [&](auto begin, auto end) {
    return std::accumulate(begin, end, int64_t{1}, [&](int64_t count, int axis) {
      return count * x[static_cast<size_t>(axis)];
    });
  };
  const int64_t outer = product(axes.begin(), first);
  const int64_t middle = product(first, last);
  const int64_t inner = product(last, axes.end());
  if (inner == 1) return {{outer, middle}, {1, middle}, spread};
  return {{outer, middle, inner}, {1, middle, 1}, spread};
}

// The constant `slope` (logical dimensions `dims`) written out to the dimensions of `to` and laid
// as it says.
PackedWeight LaySlope(const Tensor& slope, const Dims& dims, const Desc& to) {
  const Dims spread = to.get_dims();
  PackedWeight packed{to, AlignedBuffer(to.get_size())};
  auto* out = reinterpret_cast<float*>(packed.data.data());
  const Dims from_strides = RowMajor(dims).get_strides();
  const Dims to_strides = to.get_strides();
  const auto values = slope.data<float>();
  const int64_t count =
      std::accumulate(spread.begin(), spread.end(), int64_t{1}, std::multiplies<>());
  Dims index(spread.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t from = 0;
    int64_t at = 0;
    for (size_t axis = 0; axis < spread.size(); ++axis) {
      if (dims[axis] != 1) from += index[axis] * from_strides[axis];
      at += index[axis] * to_strides[axis];
    }
    out[at] = values[static_cast<size_t>(from)];
    for (size_t axis = spread.size(); axis-- > 0 && ++index[axis] == spread[axis];) index[axis] = 0;
  }
  return packed;
}

// A slope that is computed, written out and laid likewise by steps.
Operand LayComputedSlope(ProgramBuilder& builder, ValueId slope, const Dims& dims,
                         const Desc& wanted) {
  Operand laid = builder.Get(slope, RowMajor(builder.shape(slope)));
  laid.desc = RowMajor(dims);
  const bool spreads = dims != wanted.get_dims();
  if (!spreads && SameLayout(laid.desc, wanted)) return laid;
  Operand result = builder.Allocate(wanted);
  if (!spreads) {
    builder.AddReorder(laid, result);
    return result;
  }
  builder.AddFill(result, 0);
  const dnnl::binary::primitive_desc pd(builder.engine(), dnnl::algorithm::binary_add, wanted,
                                        laid.desc, wanted, ProgramBuilder::NewAttributes());
  builder.Add("Rectifier", pd, dnnl::binary(pd),
              {{DNNL_ARG_SRC_0, result}, {DNNL_ARG_SRC_1, laid}, {DNNL_ARG_DST, result}},
              "writes out the slope");
  return result;
}

std::string FormName(const Dims& spread, const std::vector<int>& order) {
  std::string form = "slope";
  for (const int64_t dim : spread) form += fmt::format(" {}", dim);
  for (const int axis : order) form += fmt::format(" @{}", axis);
  return form;
}

}  // namespace

Operand EmitRectifier(ProgramBuilder& builder, const Operand& x, const Shape& shape,
                      ValueId slope) {
  const auto& constant = builder.graph().value(slope).constant;
  if (constant != nullptr) {
    if (const auto alpha = UniformSlope(*constant)) {
      return EmitEltwise(builder, "Rectifier", dnnl::algorithm::eltwise_relu, x, *alpha);
    }
  }
  const Dims slope_dims = DimsOf(PadRank(builder.shape(slope), std::max(1, shape.rank())));
  const std::vector<int> order = PhysicalOrder(x.desc);
  const Folding folding = Fold(DimsOf(shape), slope_dims, order);
  const Desc laid = Dense(folding.spread, order);
  Operand weights = constant == nullptr ? LayComputedSlope(builder, slope, slope_dims, laid)
                                        : builder.Constant(builder.weights().FindOrMake(
                                              constant, FormName(folding.spread, order), laid, [&] {
                                                return LaySlope(*constant, slope_dims, laid);
                                              }));
  weights.desc = RowMajor(folding.slope);
  const Operand folded{x.buffer, RowMajor(folding.x)};
  // With a slope for every element, each of oneDNN's threads also computes the first elements of
  // the next one's share: not to be done twice over.
  const bool in_place = folding.x != folding.slope && builder.MayOverwrite(x);
  Operand result = in_place ? x : builder.Allocate(x.desc);
  const dnnl::prelu_forward::primitive_desc pd(builder.engine(), dnnl::prop_kind::forward_inference,
                                               folded.desc, weights.desc, folded.desc,
                                               ProgramBuilder::NewAttributes());
  builder.Add("Rectifier", pd, dnnl::prelu_forward(pd),
              {{DNNL_ARG_SRC, folded},
               {DNNL_ARG_WEIGHTS, weights},
               {DNNL_ARG_DST, {result.buffer, folded.desc}}},
              fmt::format("prelu, slope of {} elements", weights.desc.get_size() / sizeof(float)));
  return result;
}

Operand EmitPostOps(ProgramBuilder& builder, const Node& node, Operand x) {
  for (const PostOp& post_op : node.post_ops) {
    const ValueId operand = post_op.operands[0];
    if (post_op.op == "Add") {
      const Operand y = builder.Get(operand, x.desc);
      const dnnl::binary::primitive_desc pd(builder.engine(), dnnl::algorithm::binary_add, x.desc,
                                            y.desc, x.desc, ProgramBuilder::NewAttributes());
      builder.Add(node.op, pd, dnnl::binary(pd),
                  {{DNNL_ARG_SRC_0, x}, {DNNL_ARG_SRC_1, y}, {DNNL_ARG_DST, x}});
      continue;
    }
    RECTIFIER_CHECK(post_op.op == "Rectifier");
    x = EmitRectifier(builder, x, builder.shape(node.outputs[0]), operand);
  }
  return x;
}

absl::Status LowerRectifier(const Node& node, ProgramBuilder& builder) {
  const ValueId x = node.inputs[0];
  builder.Set(node.outputs[0],
              EmitRectifier(builder, builder.Get(x), builder.shape(x), node.inputs[1]));
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
