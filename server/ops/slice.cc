#include "server/ops/slice.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "server/ops/attribute_reader.h"
#include "server/ops/integer_list.h"

namespace rectifier {
namespace {

bool Has(const Node& node, size_t i) {
  return node.inputs.size() > i && node.inputs[i] != kNoValue;
}

// The lists of a Slice, of equal lengths, and the axes that they are for.
struct Lists {
  std::vector<int64_t> starts;
  std::vector<int64_t> ends;
  std::vector<int64_t> steps;
  std::vector<int> axes;
};

absl::StatusOr<std::vector<int>> ReadAxes(const Graph& graph, const Node& node, size_t count,
                                          int rank) {
  std::vector<int64_t> named(count);
  std::iota(named.begin(), named.end(), 0);
  if (Has(node, 3)) {
    RECTIFIER_ASSIGN_OR_RETURN(named, ConstantIntegers(graph, node, 3));
  }
  std::vector<int> axes;
  for (const int64_t axis : named) {
    RECTIFIER_ASSIGN_OR_RETURN(const int at, NormalizeAxis(Place(node), axis, rank, "input 3"));
    if (std::find(axes.begin(), axes.end(), at) != axes.end()) {
      return InvalidArgument(Place(node), "input 3: {} is named twice", at);
    }
    axes.push_back(at);
  }
  return axes;
}

absl::StatusOr<Lists> ReadLists(const Graph& graph, const Node& node, int rank) {
  Lists lists;
  RECTIFIER_ASSIGN_OR_RETURN(lists.starts, ConstantIntegers(graph, node, 1));
  RECTIFIER_ASSIGN_OR_RETURN(lists.ends, ConstantIntegers(graph, node, 2));
  RECTIFIER_ASSIGN_OR_RETURN(lists.axes, ReadAxes(graph, node, lists.starts.size(), rank));
  lists.steps.assign(lists.starts.size(), 1);
  if (Has(node, 4)) {
    RECTIFIER_ASSIGN_OR_RETURN(lists.steps, ConstantIntegers(graph, node, 4));
  }
  const size_t count = lists.starts.size();
  if (lists.ends.size() != count || lists.axes.size() != count || lists.steps.size() != count) {
    return InvalidArgument(Place(node), "has {} starts, {} ends, {} axes and {} steps", count,
                           lists.ends.size(), lists.axes.size(), lists.steps.size());
  }
  if (std::find(lists.steps.begin(), lists.steps.end(), 0) != lists.steps.end()) {
    return InvalidArgument(Place(node), "input 4: a step is 0");
  }
  return lists;
}

// The range as ONNX's operator documentation has it: both ends are clamped to what the direction
// can begin and end at. It differs from Python's in a start before the dimension with a negative
// step, which is the first element here.
SliceRange Resolve(int64_t start, int64_t end, int64_t step, int64_t dim) {
  if (dim == 0) return {0, 1, 0};
  const bool forward = step > 0;
  // Adding cannot overflow where the position is negative.
  const auto from_front = [&](int64_t position) {
    return position < 0 ? position + dim : position;
  };
  const int64_t from = std::clamp<int64_t>(from_front(start), 0, forward ? dim : dim - 1);
  const int64_t to =
      std::clamp<int64_t>(from_front(end), forward ? 0 : -1, forward ? dim : dim - 1);
  const int64_t span = forward ? to - from : from - to;
  // The size of a step is compared before it is used: that of the lowest number has no negation.
  const auto size = forward ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  int64_t count = 0;
  if (span > 0) count = static_cast<int64_t>((static_cast<uint64_t>(span) - 1) / size) + 1;
  return {from, count > 1 ? step : 1, count};
}

}  // namespace

absl::StatusOr<std::vector<SliceRange>> ReadSlice(const Graph& graph, const Node& node,
                                                  const Shape& x) {
  RECTIFIER_RETURN_IF_ERROR(AttributeReader(node).Finish());
  RECTIFIER_ASSIGN_OR_RETURN(const Lists lists, ReadLists(graph, node, x.rank()));
  std::vector<SliceRange> ranges;
  for (const int64_t dim : x.dims()) ranges.push_back({0, 1, dim});
  for (size_t i = 0; i < lists.axes.size(); ++i) {
    SliceRange& range = ranges[static_cast<size_t>(lists.axes[i])];
    // All of a dimension is known to be that, whatever its size.
    const bool all =
        lists.starts[i] == 0 && lists.steps[i] == 1 && lists.ends[i] >= (1LL << 31) - 1;
    if (range.count == kDynamicDim) {
      if (!all) range = {0, 1, kDynamicDim};
    } else {
      range = Resolve(lists.starts[i], lists.ends[i], lists.steps[i], range.count);
    }
  }
  return ranges;
}

absl::Status InferSlice(NodeTypes& types) {
  const Shape& x = types.shape(0);
  bool known = true;
  for (int i = 1; i < types.input_count(); ++i) {
    if (!types.HasInput(i)) continue;
    RECTIFIER_RETURN_IF_ERROR(IntegerCount(types, i).status());
    known = known && types.constant(i) != nullptr;
  }
  Shape y = UnknownShape(x.rank());
  if (known) {
    RECTIFIER_ASSIGN_OR_RETURN(const std::vector<SliceRange> ranges,
                               ReadSlice(types.graph(), types.node(), x));
    for (int i = 0; i < x.rank(); ++i) y[i] = ranges[static_cast<size_t>(i)].count;
  } else {
    RECTIFIER_RETURN_IF_ERROR(AttributeReader(types.node()).Finish());
  }
  types.SetOutput(0, {types.type(0).dtype, y});
  return absl::OkStatus();
}

absl::StatusOr<int> SplitAxis(const Node& node, int rank) {
  AttributeReader reader(node);
  const int64_t axis = reader.Int("axis", 0);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  return NormalizeAxis(Place(node), axis, rank);
}

absl::StatusOr<std::vector<int64_t>> ReadSplit(const Graph& graph, const Node& node, int64_t dim) {
  const auto parts = static_cast<int64_t>(node.outputs.size());
  if (!Has(node, 1)) {
    if (dim == kDynamicDim) return std::vector<int64_t>(node.outputs.size(), kDynamicDim);
    const int64_t size = (dim + parts - 1) / parts;
    std::vector<int64_t> sizes(node.outputs.size(), size);
    sizes.back() = dim - size * (parts - 1);
    if (sizes.back() < 0) {
      return InvalidArgument(Place(node), "a dimension of {} cannot be split into {} parts", dim,
                             parts);
    }
    return sizes;
  }
  RECTIFIER_ASSIGN_OR_RETURN(std::vector<int64_t> sizes, ConstantIntegers(graph, node, 1));
  int64_t sum = 0;
  for (const int64_t size : sizes) {
    if (size < 0 || __builtin_add_overflow(sum, size, &sum)) {
      return InvalidArgument(Place(node), "input 1: expected sizes, got {}", size);
    }
  }
  if (static_cast<int64_t>(sizes.size()) != parts || !DimsAgree(sum, dim)) {
    return InvalidArgument(Place(node), "input 1: {} sizes of {} together, for {} outputs of {}",
                           sizes.size(), sum, parts, dim);
  }
  return sizes;
}

absl::Status InferSplit(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(types.ExpectRankAtLeast(0, 1));
  const Shape& x = types.shape(0);
  RECTIFIER_ASSIGN_OR_RETURN(const int axis, SplitAxis(types.node(), x.rank()));
  std::vector<int64_t> sizes(types.node().outputs.size(), kDynamicDim);
  if (!types.HasInput(1) || types.constant(1) != nullptr) {
    RECTIFIER_ASSIGN_OR_RETURN(sizes, ReadSplit(types.graph(), types.node(), x[axis]));
  }
  for (size_t i = 0; i < sizes.size(); ++i) {
    Shape y = x;
    y[axis] = sizes[i];
    types.SetOutput(static_cast<int>(i), {types.type(0).dtype, y});
  }
  return absl::OkStatus();
}

}  // namespace rectifier
