#include "server/ops/reduce.h"

#include "server/ops/attribute_reader.h"
#include "server/ops/integer_list.h"

namespace rectifier {
namespace {

absl::Status ExpectReducible(const NodeTypes& types) {
  const DType dtype = types.type(0).dtype;
  if (dtype == DType::kFloat32 || dtype == DType::kInt64 || dtype == DType::kInt32) {
    return absl::OkStatus();
  }
  return InvalidArgument(types.place(), "input 0 ({}): expected f32, i64 or i32, got {}",
                         types.name(0), Name(dtype));
}

Shape Reduced(const Shape& x, const std::vector<bool>& reduced, bool keep_dims) {
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (!reduced[static_cast<size_t>(i)]) {
      y.push_back(x[i]);
    } else if (keep_dims) {
      y.push_back(1);
    }
  }
  return y;
}

struct Flags {
  bool keep_dims;
  bool nothing_when_empty;
};

absl::StatusOr<Flags> ReadFlags(const Node& node) {
  AttributeReader reader(node);
  const Flags flags{reader.Bool("keepdims", true), reader.Bool("noop_with_empty_axes", false)};
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  return flags;
}

}  // namespace

absl::StatusOr<ReduceArguments> ReadReduce(const Graph& graph, const Node& node, int rank) {
  RECTIFIER_ASSIGN_OR_RETURN(const Flags flags, ReadFlags(node));
  std::vector<int64_t> axes;
  if (node.inputs.size() > 1 && node.inputs[1] != kNoValue) {
    RECTIFIER_ASSIGN_OR_RETURN(axes, ConstantIntegers(graph, node, 1));
  }
  ReduceArguments arguments{std::vector<bool>(static_cast<size_t>(rank), false), flags.keep_dims};
  if (axes.empty()) {
    arguments.reduced.assign(static_cast<size_t>(rank), !flags.nothing_when_empty);
  }
  for (const int64_t axis : axes) {
    RECTIFIER_ASSIGN_OR_RETURN(const int at, NormalizeAxis(Place(node), axis, rank, "input 1"));
    arguments.reduced[static_cast<size_t>(at)] = true;
  }
  return arguments;
}

absl::Status InferReduce(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(ExpectReducible(types));
  const Shape& x = types.shape(0);
  if (types.HasInput(1) && types.constant(1) == nullptr) {
    RECTIFIER_ASSIGN_OR_RETURN(const Flags flags, ReadFlags(types.node()));
    RECTIFIER_ASSIGN_OR_RETURN(const int64_t count, IntegerCount(types, 1));
    const int64_t rank = flags.keep_dims ? x.rank() : x.rank() - count;
    if (rank < 0) {
      return InvalidArgument(types.place(), "input 1 ({}): {} axes of a tensor of rank {}",
                             types.name(1), count, x.rank());
    }
    types.SetOutput(0, {types.type(0).dtype, UnknownShape(static_cast<int>(rank))});
    return absl::OkStatus();
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ReduceArguments arguments,
                             ReadReduce(types.graph(), types.node(), x.rank()));
  types.SetOutput(0, {types.type(0).dtype, Reduced(x, arguments.reduced, arguments.keep_dims)});
  return absl::OkStatus();
}

absl::StatusOr<ArgReduceAttributes> ArgReduceAttributes::Read(const Node& node, int rank) {
  AttributeReader reader(node);
  const int64_t axis = reader.Int("axis", 0);
  ArgReduceAttributes attributes;
  attributes.keep_dims = reader.Bool("keepdims", true);
  attributes.last = reader.Bool("select_last_index", false);
  RECTIFIER_RETURN_IF_ERROR(reader.Finish());
  RECTIFIER_ASSIGN_OR_RETURN(attributes.axis, NormalizeAxis(Place(node), axis, rank));
  return attributes;
}

absl::Status InferArgReduce(NodeTypes& types) {
  RECTIFIER_RETURN_IF_ERROR(ExpectReducible(types));
  const Shape& x = types.shape(0);
  RECTIFIER_ASSIGN_OR_RETURN(const ArgReduceAttributes attributes,
                             ArgReduceAttributes::Read(types.node(), x.rank()));
  if (x[attributes.axis] == 0) {
    return InvalidArgument(types.place(), "dimension {} is empty", attributes.axis);
  }
  std::vector<bool> reduced(static_cast<size_t>(x.rank()), false);
  reduced[static_cast<size_t>(attributes.axis)] = true;
  types.SetOutput(0, {DType::kInt64, Reduced(x, reduced, attributes.keep_dims)});
  return absl::OkStatus();
}

}  // namespace rectifier
