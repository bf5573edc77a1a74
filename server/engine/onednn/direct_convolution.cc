#include "server/engine/onednn/direct_convolution.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "server/core/check.h"
#include "server/engine/kernels/convolve.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/onednn_compiler.h"

namespace rectifier::onednn {
namespace {

constexpr size_t kAddends = std::tuple_size_v<decltype(kernels::ConvolutionEnd::addends)>;

// Post-ops in the order in which the loop takes them; null where there is none.
struct LoopPostOps {
  const PostOp* before = nullptr;        // a Rectifier
  std::vector<const PostOp*> additions;  // as many as the loop takes
  const PostOp* after = nullptr;         // a Rectifier
};

// nullopt when there are more of them, or in another order.
std::optional<LoopPostOps> Arrange(const std::vector<PostOp>& post_ops) {
  LoopPostOps arranged;
  for (const PostOp& post_op : post_ops) {
    if (post_op.op == "Add") {
      if (arranged.after != nullptr || arranged.additions.size() == kAddends) return std::nullopt;
      arranged.additions.push_back(&post_op);
      continue;
    }
    RECTIFIER_CHECK(post_op.op == "Rectifier");
    const PostOp*& place = arranged.additions.empty() ? arranged.before : arranged.after;
    if (place != nullptr) return std::nullopt;
    place = &post_op;
  }
  return arranged;
}

kernels::Convolution ShapeOf(const Convolution& c) {
  const Dims x = c.x.desc.get_dims();
  const Dims y = c.y.desc.get_dims();
  const auto spatial = [](const Dims& dims) { return std::span(dims).subspan(2); };
  Dims dilations = c.holes;
  for (int64_t& dilation : dilations) ++dilation;
  kernels::Convolution shape;
  shape.samples = x[0];
  shape.in_channels = x[1];
  shape.out_channels = y[1];
  shape.input = HeightAndWidth(spatial(x), 1);
  shape.output = HeightAndWidth(spatial(y), 1);
  shape.kernel = HeightAndWidth(spatial(c.weights.dims), 1);
  shape.strides = HeightAndWidth(c.strides, 1);
  shape.dilations = HeightAndWidth(dilations, 1);
  shape.pads_begin = HeightAndWidth(c.pads_begin, 0);
  // y may be some channels of a larger tensor. (With a single position, the stride says nothing.)
  shape.y_step = std::max(y[1], c.y.desc.get_strides().back());
  return shape;
}

Operand PackedFilters(ProgramBuilder& builder, const WeightSource& source,
                      const kernels::Convolution& shape) {
  const auto& tensor = builder.graph().value(source.constant).constant;
  const Desc wanted = RowMajor(Dims{kernels::PackedFilterSize(shape)});
  return builder.Constant(
      builder.weights().FindOrMake(tensor, source.form + " panels", wanted, [&] {
        PackedWeight packed{wanted, AlignedBuffer(wanted.get_size())};
        auto* to = reinterpret_cast<float*>(packed.data.data());
        if (source.as_stored) {
          kernels::PackFilters(shape, to, tensor->data<float>().data());
        } else {
          const PackedWeight plain = source.pack(RowMajor(source.dims));
          kernels::PackFilters(shape, to, reinterpret_cast<const float*>(plain.data.data()));
        }
        return packed;
      }));
}

bool HasPadding(const Convolution& convolution) {
  const auto any = [](const Dims& pads) {
    return std::any_of(pads.begin(), pads.end(), [](int64_t pad) { return pad > 0; });
  };
  return any(convolution.pads_begin) || any(convolution.pads_end);
}

// In narrow images most positions see padding, each of whose taps is looked up, which takes as long
// as some products of few channels. Zeros around the image take a copy: of `convolution`'s x, where
// that pays and is not much larger.
void PadNarrowImage(ProgramBuilder& builder, Convolution& convolution) {
  constexpr int64_t kMostInRow = 1024;
  constexpr double kMostGrowth = 4;
  const kernels::Convolution shape = ShapeOf(convolution);
  if (!HasPadding(convolution) || shape.dilations[1] != 1 || HasShortRows(shape) ||
      shape.output[1] * shape.in_channels > kMostInRow) {
    return;
  }
  const Dims x = convolution.x.desc.get_dims();
  const Dims y = convolution.y.desc.get_dims();
  Dims end;
  double growth = 1;
  for (size_t i = 0; i < convolution.strides.size(); ++i) {
    const int64_t begin = convolution.pads_begin[i];
    if (begin < 0) return;
    // As far as windows see: the padding of a deconvolution may cut off what it gives.
    const int64_t extent = (convolution.weights.dims[i + 2] - 1) * (convolution.holes[i] + 1) + 1;
    const int64_t seen = (y[i + 2] - 1) * convolution.strides[i] + extent;
    end.push_back(std::max<int64_t>(0, seen - begin - x[i + 2]));
    growth *= static_cast<double>(begin + x[i + 2] + end.back()) / static_cast<double>(x[i + 2]);
  }
  if (growth > kMostGrowth) return;
  convolution.x = EmitZeroPad(builder, convolution.x, convolution.pads_begin, end);
  for (Dims* pads : {&convolution.pads_begin, &convolution.pads_end}) {
    std::fill(pads->begin(), pads->end(), 0);
  }
}

// Collects the operands of the step. Those that are left out have no place among them.
class Operands {
 public:
  size_t Add(Operand operand) {
    operands_.push_back(std::move(operand));
    return operands_.size() - 1;
  }
  const std::vector<Operand>& all() const { return operands_; }

 private:
  std::vector<Operand> operands_;
};

// Slopes whose address is known when the step runs.
struct SlopesAt {
  std::optional<size_t> place;
  float of_all = 1;
};

}  // namespace

const Node* PoolToTake(const Node& node, const ProgramBuilder& builder,
                       const Convolution& convolution) {
  const Node* pool = builder.OnlyReader(node.outputs[0]);
  if (pool == nullptr || pool->op != "MaxPool") return nullptr;
  const auto post_ops = Arrange(node.post_ops);
  const auto window = MaxPoolWindow(*pool, builder);
  if (!window.ok() || !post_ops || !post_ops->additions.empty()) return nullptr;
  const Dims y = convolution.y.desc.get_dims();
  int64_t positions = 1;
  for (size_t i = 0; i < window->kernel.size(); ++i) {
    positions *= window->kernel[i];
    if (window->strides[i] != window->kernel[i] || window->dilations[i] != 1 ||
        window->pads_begin[i] != 0 || window->output[i] == 0 ||
        window->output[i] != y[i + 2] / window->kernel[i]) {
      return nullptr;
    }
  }
  return positions <= kernels::Convolution::kMostPooled ? pool : nullptr;
}

bool RunsDirectConvolutions() { return !OneDnnIsa().starts_with("avx512"); }

bool PrefersDirectConvolution(const Node& node, const Convolution& convolution) {
  const size_t spatial = convolution.strides.size();
  if (!RunsDirectConvolutions() || spatial > 2) return false;
  if (convolution.weights.dims.size() != spatial + 2) return false;  // groups
  const kernels::Convolution shape = ShapeOf(convolution);
  return (shape.in_channels <= kernels::Convolution::kMostChannels || !HasPadding(convolution)) &&
         shape.kernel[0] * shape.kernel[1] <= kernels::Convolution::kMostTaps &&
         Arrange(node.post_ops).has_value();
}

Operand EmitDirectConvolution(const Node& node, ProgramBuilder& builder, Convolution convolution,
                              const PostOpResult& result, const std::string& how,
                              const Node* pool) {
  PadNarrowImage(builder, convolution);
  kernels::Convolution shape = ShapeOf(convolution);
  const auto post_ops = Arrange(node.post_ops);
  RECTIFIER_CHECK(post_ops.has_value());
  Operand y = convolution.y;
  if (pool != nullptr) {
    const auto window = MaxPoolWindow(*pool, builder);
    RECTIFIER_CHECK(window.ok());
    shape.pool = HeightAndWidth(window->kernel, 1);
    y = builder.Allocate(ChannelsLast(builder.shape(pool->outputs[0])));
  }
  const int64_t y_offset = y.desc.get_submemory_offset();
  std::string detail = how;
  std::vector<Operand> addends;
  for (const PostOp* addition : post_ops->additions) {
    const Operand added =
        builder.Get(addition->operands[0], ChannelsLast(builder.shape(node.outputs[0])));
    addends.push_back({added.buffer, y.desc});
    if (y.buffer == convolution.y.buffer && builder.MayOverwrite(added)) y.buffer = added.buffer;
  }
  Operands operands;
  operands.Add(y);
  operands.Add(convolution.x);
  operands.Add(PackedFilters(builder, convolution.weights, shape));
  std::optional<size_t> bias_at;
  if (convolution.bias) bias_at = operands.Add(*convolution.bias);
  const auto slopes_of = [&](const PostOp* post_op) -> SlopesAt {
    if (post_op == nullptr) return {};
    const auto slope =
        FusedSlope(builder, post_op->operands[0], builder.shape(node.outputs[0]), result);
    if (const auto* alpha = std::get_if<float>(&slope)) {
      detail += fmt::format(" + slope({})", *alpha);
      return {std::nullopt, *alpha};
    }
    detail += " + slope(per channel)";
    return {operands.Add(std::get<Operand>(slope))};
  };
  const SlopesAt before = slopes_of(post_ops->before);
  std::array<std::optional<size_t>, kAddends> addends_at;
  for (size_t i = 0; i < addends.size(); ++i) {
    addends_at[i] = operands.Add(addends[i]);
    detail += y.buffer == addends[i].buffer ? " + sum" : " + add";
  }
  const SlopesAt after = slopes_of(post_ops->after);
  if (pool != nullptr) detail += fmt::format(" + max of {}x{}", shape.pool[0], shape.pool[1]);
  builder.AddKernel(
      node.op, "direct", operands.all(),
      [=, cache_bytes = CacheBytes()](std::span<std::byte* const> memory) {
        const auto at = [&](std::optional<size_t> i) {
          return i ? reinterpret_cast<float*>(memory[*i]) : nullptr;
        };
        const kernels::ConvolutionEnd end{at(bias_at),
                                          {at(before.place), before.of_all},
                                          {at(addends_at[0]), at(addends_at[1])},
                                          {at(after.place), after.of_all}};
        kernels::Convolve(shape, at(0) + y_offset, at(1), at(2), end, cache_bytes);
      },
      detail);
  return y;
}

}  // namespace rectifier::onednn
