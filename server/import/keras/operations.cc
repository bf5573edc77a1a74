#include "server/import/keras/operations.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <utility>

#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/import/keras/activations.h"
#include "server/import/keras/layers.h"
#include "server/import/keras/norm.h"
#include "server/import/keras/operation_arguments.h"
#include "server/import/keras/shape_operations.h"
#include "server/ops/rectifier.h"

namespace rectifier {
namespace {

// Keras's class, TensorFlow's functions of the same meaning, and what it becomes: `convert` with
// `op`, which is an operator of the graph or the name of an activation.
struct Operation {
  std::string_view class_name;
  std::array<std::string_view, 2> functions;
  absl::StatusOr<ValueId> (*convert)(LayerCall& call, std::string_view op);
  std::string_view op;
};

absl::StatusOr<ValueId> FirstAsFloat(LayerCall& call) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  return call.AsFloat(x);
}

absl::StatusOr<ValueId> Unary(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  return call.Add(op, {x});
}

// Keras 3 always writes how many decimals are kept.
absl::StatusOr<ValueId> Round(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const auto decimals, FloatOption(call, 1, {"decimals"}));
  if (decimals.value_or(0) == 0) return Unary(call, op);
  return Unimplemented(call.place(), "decimals: only 0 is supported, got {}", *decimals);
}

absl::StatusOr<ValueId> Activation(LayerCall& call, std::string_view name) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  return ApplyActivation(call, x, name);
}

// Those that Keras saves with a setting, of which the default is understood.
absl::StatusOr<ValueId> ActivationOfDefault(LayerCall& call, std::string_view name) {
  const float expected = name == "glu" ? -1.0F : name == "squareplus" ? 4.0F : 0.5F;
  RECTIFIER_ASSIGN_OR_RETURN(const auto setting, FloatOption(call, 1, {"threshold", "b", "axis"}));
  if (setting.value_or(expected) != expected) {
    return Unimplemented(call.place(), "{}: only the default setting {} is supported, got {}", name,
                         expected, *setting);
  }
  return Activation(call, name);
}

absl::StatusOr<ValueId> Square(LayerCall& call, std::string_view /*op*/) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  return call.Add("Mul", {x, x});
}

absl::StatusOr<ValueId> Rsqrt(LayerCall& call, std::string_view /*op*/) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId root, call.Add("Sqrt", {x}));
  return call.Add("Reciprocal", {root});
}

absl::StatusOr<ValueId> Binary(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const Pair pair,
                             Operands(call, 0, {"x1", "x", "a"}, {"x2", "y", "b"}));
  return call.Add(op, {pair.a, pair.b});
}

// Of integers, too, the quotient is a fraction.
absl::StatusOr<ValueId> Divide(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const Pair pair, Operands(call, 0, {"x1", "x"}, {"x2", "y"}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId a, call.AsFloat(pair.a));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId b, call.AsFloat(pair.b));
  return call.Add(op, {a, b});
}

absl::StatusOr<ValueId> NotEqual(LayerCall& call, std::string_view /*op*/) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId equal, Binary(call, "Equal"));
  return call.Add("Not", {equal});
}

absl::StatusOr<ValueId> Where(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId condition, Operand(call, 0, {"condition"}));
  RECTIFIER_ASSIGN_OR_RETURN(const Pair pair, Operands(call, 1, {"x1", "x"}, {"x2", "y"}));
  return call.Add(op, {condition, pair.a, pair.b});
}

absl::StatusOr<ValueId> Clip(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto low, FloatOption(call, 1, {"x_min", "clip_value_min"}));
  RECTIFIER_ASSIGN_OR_RETURN(const auto high, FloatOption(call, 2, {"x_max", "clip_value_max"}));
  std::vector<ValueId> inputs = {x, low ? call.Scalar(*low) : kNoValue};
  if (high) inputs.push_back(call.Scalar(*high));
  return call.Add(op, std::move(inputs));
}

absl::StatusOr<ValueId> LeakyRelu(LayerCall& call, std::string_view /*op*/) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto slope, FloatOption(call, 1, {"negative_slope", "alpha"}));
  return ApplyRelu(call, x, {.negative_slope = slope.value_or(0.2F), .origin = kOriginLeakyRelu});
}

// tf.keras.backend.relu(x, alpha, max_value, threshold)
absl::StatusOr<ValueId> BackendRelu(LayerCall& call, std::string_view /*op*/) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto slope, FloatOption(call, 1, {"alpha", "negative_slope"}));
  RECTIFIER_ASSIGN_OR_RETURN(const auto max_value, FloatOption(call, 2, {"max_value"}));
  RECTIFIER_ASSIGN_OR_RETURN(const auto threshold, FloatOption(call, 3, {"threshold"}));
  return ApplyRelu(call, x,
                   {.negative_slope = slope.value_or(0),
                    .threshold = threshold.value_or(0),
                    .max_value = max_value,
                    .origin = slope.value_or(0) == 0 ? kOriginRelu : kOriginLeakyRelu});
}

// tf.math.l2_normalize: its epsilon is that of the squares' sum.
absl::StatusOr<ValueId> L2Normalize(LayerCall& call, std::string_view /*op*/) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto axes, IntsOption(call, 1, {"axis"}));
  RECTIFIER_ASSIGN_OR_RETURN(const auto epsilon, FloatOption(call, 2, {"epsilon"}));
  if (!axes) return Unimplemented(call.place(), "axis: expected integers");
  return Normalized(call, x, *axes, std::sqrt(std::max(0.0F, epsilon.value_or(1e-12F))));
}

absl::StatusOr<ValueId> AddAll(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<ValueId> inputs, OperandList(call, 0, {"inputs"}));
  ValueId sum = inputs[0];
  for (size_t i = 1; i < inputs.size(); ++i) {
    RECTIFIER_ASSIGN_OR_RETURN(sum, call.Add(op, {sum, inputs[i]}));
  }
  return sum;
}

// Indices are of 32 bits in Keras, and of 64 in TensorFlow.
absl::StatusOr<ValueId> ArgReduce(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto axes, IntsOption(call, 1, {"axis"}));
  RECTIFIER_ASSIGN_OR_RETURN(const bool keep, BoolOption(call, 2, {"keepdims"}, false));
  if (!axes || axes->size() != 1) return Unimplemented(call.place(), "axis: expected one integer");
  RECTIFIER_ASSIGN_OR_RETURN(const int axis, call.Axis("axis", axes->front(), x));
  RECTIFIER_ASSIGN_OR_RETURN(
      const ValueId index,
      call.Add(op, {x}, {{"axis", int64_t{axis}}, {"keepdims", int64_t{keep ? 1 : 0}}}));
  if (call.config().Has("function")) return index;
  return call.Add("Cast", {index}, {{"to", std::string(Name(DType::kInt32))}});
}

// The settings have the names that the layers' have.
absl::StatusOr<ValueId> Pool(LayerCall& call, std::string_view op) {
  for (const char* name : {"pool_size", "strides", "padding", "data_format"}) {
    call.FindArgument(1, {name});
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  if (call.rank(x) < 3 || call.rank(x) > 5) {
    return InvalidArgument(call.place(), "expected an input of rank 3 to 5");
  }
  return ConvertPooling(call, op, static_cast<size_t>(call.rank(x)) - 2);
}

// The variance along axes, or with `root` its square root.
absl::StatusOr<ValueId> Deviation(LayerCall& call, std::string_view root) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto axes, IntsOption(call, 1, {"axis"}));
  RECTIFIER_ASSIGN_OR_RETURN(const bool keep, BoolOption(call, 2, {"keepdims"}, false));
  std::vector<ValueId> rest;
  if (axes) rest.push_back(call.Integers(*axes));
  const auto mean = [&](ValueId of, bool keep_dims) {
    std::vector<ValueId> inputs = {of};
    inputs.insert(inputs.end(), rest.begin(), rest.end());
    Attributes attributes;
    if (!keep_dims) attributes["keepdims"] = int64_t{0};
    return call.Add("ReduceMean", std::move(inputs), std::move(attributes));
  };
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId centre, mean(x, true));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId distance, call.Add("Sub", {x, centre}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId square, call.Add("Mul", {distance, distance}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId variance, mean(square, keep));
  return root.empty() ? variance : call.Add(root, {variance});
}

// tf.linalg.matmul can transpose either of the two.
absl::StatusOr<ValueId> MatMul(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const Pair pair,
                             Operands(call, 0, {"x1", "a", "x"}, {"x2", "b", "y"}));
  std::array<ValueId, 2> matrices = {pair.a, pair.b};
  for (size_t i = 0; i < 2; ++i) {
    RECTIFIER_ASSIGN_OR_RETURN(
        const bool transpose,
        BoolOption(call, 2 + i, {i == 0 ? "transpose_a" : "transpose_b"}, false));
    const int rank = call.rank(matrices[i]);
    if (!transpose || rank < 2) continue;
    std::vector<int64_t> perm(static_cast<size_t>(rank));
    std::iota(perm.begin(), perm.end(), int64_t{0});
    std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
    RECTIFIER_ASSIGN_OR_RETURN(matrices[i], call.Transpose(matrices[i], std::move(perm)));
  }
  return call.Add(op, {matrices[0], matrices[1]});
}

// Of Elu and Celu.
absl::StatusOr<ValueId> WithAlpha(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto alpha, FloatOption(call, 1, {"alpha"}));
  return call.Add(op, {x}, {{"alpha", alpha.value_or(1)}});
}

absl::StatusOr<ValueId> FloorDivide(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId quotient, Divide(call, "Div"));
  return call.Add(op, {quotient});
}

absl::StatusOr<ValueId> Normalize(LayerCall& call, std::string_view /*op*/) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto axes, IntsOption(call, 1, {"axis"}));
  RECTIFIER_ASSIGN_OR_RETURN(const auto order, FloatOption(call, 2, {"order"}));
  RECTIFIER_ASSIGN_OR_RETURN(const auto epsilon, FloatOption(call, 3, {"epsilon"}));
  if (order.value_or(2) != 2) {
    return Unimplemented(call.place(), "order: only 2 is supported, got {}", *order);
  }
  return Normalized(call, x, axes.value_or(std::vector<int64_t>{-1}), epsilon.value_or(1e-7F));
}

absl::StatusOr<ValueId> Gelu(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  // keras.ops.gelu approximates unless it is told not to, tf.nn.gelu only when it is told.
  const bool otherwise = !call.config().Has("function");
  RECTIFIER_ASSIGN_OR_RETURN(const bool approximate,
                             BoolOption(call, 1, {"approximate"}, otherwise));
  Attributes attributes;
  if (approximate) attributes["approximate"] = std::string("tanh");
  return call.Add(op, {x}, std::move(attributes));
}

absl::StatusOr<ValueId> OverAxis(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto axes, IntsOption(call, 1, {"axis"}));
  if (axes && axes->size() != 1) {
    return Unimplemented(call.place(), "axis: only one axis is supported");
  }
  RECTIFIER_ASSIGN_OR_RETURN(const int axis, call.Axis("axis", axes ? axes->front() : -1, x));
  Attributes attributes;
  if (axis != call.rank(x) - 1) attributes["axis"] = int64_t{axis};
  return call.Add(op, {x}, std::move(attributes));
}

absl::StatusOr<ValueId> Reduce(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstAsFloat(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto axes, IntsOption(call, 1, {"axis"}));
  RECTIFIER_ASSIGN_OR_RETURN(const bool keep, BoolOption(call, 2, {"keepdims"}, false));
  std::vector<ValueId> inputs = {x};
  if (axes) inputs.push_back(call.Integers(*axes));
  Attributes attributes;
  if (!keep) attributes["keepdims"] = int64_t{0};
  return call.Add(op, std::move(inputs), std::move(attributes));
}

absl::StatusOr<ValueId> Cast(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  const Json* dtype = FindOption(call, 1, {"dtype"});
  const std::string name = dtype != nullptr && dtype->is_string() ? dtype->get<std::string>() : "";
  std::string to;
  // Halves and doubles are computed in f32.
  if (name == "float32" || name == "float16" || name == "bfloat16" || name == "float64") {
    to = Name(DType::kFloat32);
  } else if (name == "int32") {
    to = Name(DType::kInt32);
  } else if (name == "int64") {
    to = Name(DType::kInt64);
  } else if (name == "bool") {
    to = Name(DType::kBool);
  } else {
    return Unimplemented(call.place(), "dtype: '{}' is not supported", Printable(name));
  }
  return call.Add(op, {x}, {{"to", to}});
}

constexpr std::array kOperations = {
    Operation{"Absolute", {"math.abs", "abs"}, Unary, "Abs"},
    Operation{"Abs", {}, Unary, "Abs"},
    Operation{"Add", {"math.add", "__operators__.add"}, Binary, "Add"},
    Operation{"AddN", {"math.add_n"}, AddAll, "Add"},
    Operation{"Amax", {}, Reduce, "ReduceMax"},
    Operation{"Amin", {}, Reduce, "ReduceMin"},
    Operation{"Argmax", {"math.argmax"}, ArgReduce, "ArgMax"},
    Operation{"Argmin", {"math.argmin"}, ArgReduce, "ArgMin"},
    Operation{"AveragePool", {}, Pool, "AveragePool"},
    Operation{"Cast", {"cast"}, Cast, "Cast"},
    Operation{"Ceil", {"math.ceil"}, Unary, "Ceil"},
    Operation{"Celu", {}, WithAlpha, "Celu"},
    Operation{"Clip", {"clip_by_value"}, Clip, "Clip"},
    Operation{"Concatenate", {"concat"}, ConvertConcatenateOperation, "Concat"},
    Operation{"Cos", {"math.cos"}, Unary, "Cos"},
    Operation{"Divide", {"math.divide", "math.truediv"}, Divide, "Div"},
    Operation{"Elu", {"nn.elu"}, WithAlpha, "Elu"},
    Operation{"Equal", {"math.equal"}, Binary, "Equal"},
    Operation{"Erf", {"math.erf"}, Unary, "Erf"},
    Operation{"Exp", {"math.exp"}, Unary, "Exp"},
    Operation{"ExpandDims", {"expand_dims"}, ConvertExpandDims, "Unsqueeze"},
    Operation{"Flip", {}, ConvertFlip, "Slice"},
    Operation{"Floor", {"math.floor"}, Unary, "Floor"},
    Operation{"FloorDivide", {"math.floordiv", "math.floor_div"}, FloorDivide, "Floor"},
    Operation{"Gelu", {"nn.gelu"}, Gelu, "Gelu"},
    Operation{"GetItem", {"__operators__.getitem"}, ConvertGetItem, "Slice"},
    Operation{"Glu", {}, ActivationOfDefault, "glu"},
    Operation{"Greater", {"math.greater", "__operators__.gt"}, Binary, "Greater"},
    Operation{"GreaterEqual", {"math.greater_equal"}, Binary, "GreaterOrEqual"},
    Operation{"HardShrink", {}, ActivationOfDefault, "hard_shrink"},
    Operation{"HardSigmoid", {"keras.backend.hard_sigmoid"}, Activation, "hard_sigmoid"},
    Operation{"HardSilu", {}, Activation, "hard_silu"},
    Operation{"HardTanh", {}, Activation, "hard_tanh"},
    Operation{"Identity", {"identity"}, Unary, "Identity"},
    Operation{"LeakyRelu", {"nn.leaky_relu"}, LeakyRelu, ""},
    Operation{"Less", {"math.less", "__operators__.lt"}, Binary, "Less"},
    Operation{"LessEqual", {"math.less_equal"}, Binary, "LessOrEqual"},
    Operation{"Log", {"math.log"}, Unary, "Log"},
    Operation{"LogSigmoid", {"math.log_sigmoid"}, Activation, "log_sigmoid"},
    Operation{"LogSoftmax", {"nn.log_softmax"}, OverAxis, "LogSoftmax"},
    Operation{"LogicalAnd", {"math.logical_and"}, Binary, "And"},
    Operation{"LogicalNot", {"math.logical_not"}, Unary, "Not"},
    Operation{"LogicalOr", {"math.logical_or"}, Binary, "Or"},
    Operation{"Matmul", {"linalg.matmul"}, MatMul, "MatMul"},
    Operation{"Max", {"math.reduce_max"}, Reduce, "ReduceMax"},
    Operation{"MaxPool", {}, Pool, "MaxPool"},
    Operation{"Maximum", {"math.maximum"}, Binary, "Max"},
    Operation{"Mean", {"math.reduce_mean"}, Reduce, "ReduceMean"},
    Operation{"Min", {"math.reduce_min"}, Reduce, "ReduceMin"},
    Operation{"Minimum", {"math.minimum"}, Binary, "Min"},
    Operation{"Mish", {}, Activation, "mish"},
    Operation{"Moveaxis", {}, ConvertMoveAxis, "Transpose"},
    Operation{"Multiply", {"math.multiply", "__operators__.mul"}, Binary, "Mul"},
    Operation{"Negative", {"math.negative"}, Unary, "Neg"},
    Operation{"Normalize", {}, Normalize, ""},
    Operation{"", {"math.l2_normalize"}, L2Normalize, ""},
    Operation{"NotEqual", {"math.not_equal"}, NotEqual, ""},
    Operation{"Pad", {"compat.v1.pad", "pad"}, ConvertPad, "Pad"},
    Operation{"Power", {"math.pow"}, Binary, "Pow"},
    Operation{"Prod", {"math.reduce_prod"}, Reduce, "ReduceProd"},
    Operation{"Reciprocal", {"math.reciprocal"}, Unary, "Reciprocal"},
    Operation{"Relu", {"nn.relu"}, Activation, "relu"},
    Operation{"Relu6", {"nn.relu6"}, Activation, "relu6"},
    Operation{"", {"keras.backend.relu"}, BackendRelu, ""},
    Operation{"Repeat", {"repeat"}, ConvertRepeat, "Gather"},
    Operation{"Reshape", {"reshape"}, ConvertReshapeOperation, ""},
    Operation{"Roll", {"roll"}, ConvertRoll, "Concat"},
    Operation{"Round", {"math.round"}, Round, "Round"},
    Operation{"Rsqrt", {"math.rsqrt"}, Rsqrt, ""},
    Operation{"Selu", {"nn.selu"}, Activation, "selu"},
    Operation{"Sigmoid", {"math.sigmoid", "nn.sigmoid"}, Activation, "sigmoid"},
    Operation{"Sign", {"math.sign"}, Unary, "Sign"},
    Operation{"Silu", {"nn.silu", "nn.swish"}, Activation, "silu"},
    Operation{"Sin", {"math.sin"}, Unary, "Sin"},
    Operation{"SoftShrink", {}, ActivationOfDefault, "soft_shrink"},
    Operation{"Softmax", {"nn.softmax"}, OverAxis, "Softmax"},
    Operation{"Softplus", {"math.softplus", "nn.softplus"}, Activation, "softplus"},
    Operation{"Softsign", {"nn.softsign"}, Activation, "softsign"},
    Operation{"SparsePlus", {}, Activation, "sparse_plus"},
    Operation{"SparseSigmoid", {}, Activation, "sparse_sigmoid"},
    Operation{"Sqrt", {"math.sqrt"}, Unary, "Sqrt"},
    Operation{"Square", {"math.square"}, Square, ""},
    Operation{"Squareplus", {}, ActivationOfDefault, "squareplus"},
    Operation{"Squeeze", {"squeeze", "compat.v1.squeeze"}, ConvertSqueeze, "Squeeze"},
    Operation{"Stack", {"stack"}, ConvertStack, "Concat"},
    Operation{"Std", {"math.reduce_std"}, Deviation, "Sqrt"},
    Operation{"StopGradient", {"stop_gradient"}, Unary, "Identity"},
    Operation{"Subtract", {"math.subtract", "__operators__.sub"}, Binary, "Sub"},
    Operation{"Sum", {"math.reduce_sum"}, Reduce, "ReduceSum"},
    Operation{"Swapaxes", {}, ConvertSwapAxes, "Transpose"},
    Operation{"Tanh", {"math.tanh", "nn.tanh"}, Activation, "tanh"},
    Operation{"TanhShrink", {}, Activation, "tanh_shrink"},
    Operation{"Tile", {"tile"}, ConvertTile, "Tile"},
    Operation{"Transpose", {"transpose", "compat.v1.transpose"}, ConvertTranspose, "Transpose"},
    Operation{"TrueDivide", {}, Divide, "Div"},
    Operation{"Var", {"math.reduce_variance"}, Deviation, ""},
    Operation{"Where", {"where"}, Where, "Where"},
};

const Operation* Find(std::string_view class_name, std::string_view function) {
  for (const Operation& operation : kOperations) {
    const bool found = function.empty()
                           ? operation.class_name == class_name
                           : std::find(operation.functions.begin(), operation.functions.end(),
                                       function) != operation.functions.end();
    if (found) return &operation;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<std::vector<ValueId>> ConvertOperation(LayerCall& call,
                                                      std::string_view class_name) {
  std::string function;
  if (class_name.ends_with("OpLambda")) {
    function = call.config().String("function", "");
    if (function.empty()) return call.config().Wrong("function", "a name");
  }
  if (class_name == "Split" || function == "split") return ConvertSplit(call);
  const Operation* found = Find(class_name, function);
  if (found == nullptr) {
    return Unimplemented(call.place(), "the operation {} is not supported",
                         Printable(function.empty() ? class_name : std::string_view(function)));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId result, found->convert(call, found->op));
  return std::vector<ValueId>{result};
}

}  // namespace rectifier
