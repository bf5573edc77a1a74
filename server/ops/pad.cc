#include "server/ops/pad.h"

#include <limits>
#include <numeric>

#include "server/ops/attribute_reader.h"
#include "server/ops/integer_list.h"

namespace rectifier {
namespace {

constexpr int64_t kMaxPad = int64_t{1} << 32;

absl::StatusOr<std::string> ReadMode(const Node& node) {
  AttributeReader reader(node);
  const std::string mode = reader.String("mode", "constant");
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  if (mode != "constant" && mode != "edge" && mode != "reflect" && mode != "wrap") {
    return InvalidArgument(
        Place(node), "attribute mode: expected constant, edge, reflect or wrap, got '{}'", mode);
  }
  return mode;
}

absl::Status CheckValue(const NodeTypes& types) {
  if (!types.HasInput(2)) return absl::OkStatus();
  const TensorType& value = types.type(2);
  const bool scalar =
      value.shape.rank() == 0 || (value.shape.rank() == 1 && DimsAgree(value.shape[0], 1));
  if (scalar && value.dtype == types.type(0).dtype) return absl::OkStatus();
  return InvalidArgument(types.place(), "input 2 ({}): expected a scalar of {}, got {}{}",
                         types.name(2), Name(types.type(0).dtype), Name(value.dtype),
                         value.shape.ToString());
}

// The size that a dimension of `dim` gets.
absl::StatusOr<int64_t> PaddedDim(const NodeTypes& types, const PadArguments& pads, int axis,
                                  int64_t dim) {
  const int64_t begin = pads.begin[static_cast<size_t>(axis)];
  const int64_t end = pads.end[static_cast<size_t>(axis)];
  if (dim > std::numeric_limits<int64_t>::max() - 2 * kMaxPad) {
    return InvalidArgument(types.place(), "the result has too many elements");
  }
  const int64_t padded = dim + begin + end;
  if (padded < 0 || dim + begin < 0 || dim + end < 0) {
    return InvalidArgument(types.place(), "pads {} and {} cut more than dimension {} has", begin,
                           end, axis);
  }
  // A table of positions is made of a dimension that is mirrored.
  constexpr int64_t kMaxMirrored = int64_t{1} << 22;
  if (padded != dim && padded > kMaxMirrored && pads.mode != "constant") {
    return InvalidArgument(types.place(), "attribute mode: {} makes more than {} of dimension {}",
                           pads.mode, kMaxMirrored, axis);
  }
  if (dim == 0 && padded > 0 && pads.mode != "constant") {
    return InvalidArgument(types.place(), "attribute mode: {} of dimension {}, which is empty",
                           pads.mode, axis);
  }
  return padded;
}

}  // namespace

absl::StatusOr<PadArguments> ReadPad(const Graph& graph, const Node& node, int rank) {
  PadArguments arguments;
  RECTIFIER_ASSIGN_OR_RETURN(arguments.mode, ReadMode(node));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int64_t> pads, ConstantIntegers(graph, node, 1));
  std::vector<int64_t> axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  if (node.inputs.size() > 3 && node.inputs[3] != kNoValue) {
    RECTIFIER_ASSIGN_OR_RETURN(axes, ConstantIntegers(graph, node, 3));
  }
  if (pads.size() != 2 * axes.size()) {
    return InvalidArgument(Place(node), "input 1: expected {} pads for {} axes, got {}",
                           2 * axes.size(), axes.size(), pads.size());
  }
  arguments.begin.assign(static_cast<size_t>(rank), 0);
  arguments.end = arguments.begin;
  std::vector<bool> seen(static_cast<size_t>(rank), false);
  for (size_t i = 0; i < axes.size(); ++i) {
    RECTIFIER_ASSIGN_OR_RETURN(const int axis,
                               NormalizeAxis(Place(node), axes[i], rank, "input 3 (axes)"));
    const auto at = static_cast<size_t>(axis);
    if (seen[at]) return InvalidArgument(Place(node), "input 3 (axes): {} is named twice", axis);
    seen[at] = true;
    for (const int64_t pad : {pads[i], pads[axes.size() + i]}) {
      if (pad > kMaxPad || pad < -kMaxPad) {
        return InvalidArgument(Place(node), "input 1: {} is too large", pad);
      }
    }
    arguments.begin[at] = pads[i];
    arguments.end[at] = pads[axes.size() + i];
  }
  return arguments;
}

absl::Status InferPad(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(CheckValue(types));
  const Shape& x = types.shape(0);
  Shape y = UnknownShape(x.rank());
  const bool known =
      types.constant(1) != nullptr && (!types.HasInput(3) || types.constant(3) != nullptr);
  if (known) {
    RECTIFIER_ASSIGN_OR_RETURN(const PadArguments pads,
                               ReadPad(types.graph(), types.node(), x.rank()));
    for (int i = 0; i < x.rank(); ++i) {
      if (x[i] == kDynamicDim) continue;
      RECTIFIER_ASSIGN_OR_RETURN(y[i], PaddedDim(types, pads, i, x[i]));
    }
  } else {
    RECTIFIER_RETURN_IF_ERROR(ReadMode(types.node()).status());
  }
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

}  // namespace rectifier
