#include "server/import/keras/activations.h"

#include <algorithm>
#include <array>

#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/import/keras/activation_layers.h"
#include "server/import/keras/network_config.h"
#include "server/ops/rectifier.h"

namespace rectifier {
namespace {

using Apply = absl::StatusOr<ValueId> (*)(LayerCall& call, ValueId x);

// An operator of the graph without settings.
template <const char* op>
absl::StatusOr<ValueId> Unary(LayerCall& call, ValueId x) {
  return call.Add(op, {x});
}

constexpr char kCelu[] = "Celu";
constexpr char kElu[] = "Elu";
constexpr char kExp[] = "Exp";
constexpr char kGelu[] = "Gelu";
constexpr char kHardSwish[] = "HardSwish";
constexpr char kLogSoftmax[] = "LogSoftmax";
constexpr char kMish[] = "Mish";
constexpr char kSelu[] = "Selu";
constexpr char kSigmoid[] = "Sigmoid";
constexpr char kSoftmax[] = "Softmax";
constexpr char kSoftplus[] = "Softplus";
constexpr char kSoftsign[] = "Softsign";
constexpr char kTanh[] = "Tanh";

absl::StatusOr<ValueId> Linear(LayerCall& /*call*/, ValueId x) { return x; }

absl::StatusOr<ValueId> Relu(LayerCall& call, ValueId x) {
  return ApplyRelu(call, x, {.origin = kOriginRelu});
}

absl::StatusOr<ValueId> Relu6(LayerCall& call, ValueId x) {
  return ApplyRelu(call, x, {.max_value = 6.0F, .origin = kOriginRelu});
}

absl::StatusOr<ValueId> LeakyRelu(LayerCall& call, ValueId x) {
  return ApplyRelu(call, x, {.negative_slope = 0.2F, .origin = kOriginLeakyRelu});
}

// Keras 2: clip(0.2 x + 0.5, 0, 1). Keras 3: clip(x / 6 + 0.5, 0, 1).
absl::StatusOr<ValueId> HardSigmoid(LayerCall& call, ValueId x) {
  const float alpha = call.keras2() ? 0.2F : 1.0F / 6.0F;
  return call.Add("HardSigmoid", {x}, {{"alpha", alpha}, {"beta", 0.5F}});
}

// clip(x / 2 + 0.5, 0, 1)
absl::StatusOr<ValueId> SparseSigmoid(LayerCall& call, ValueId x) {
  return call.Add("HardSigmoid", {x}, {{"alpha", 0.5F}, {"beta", 0.5F}});
}

absl::StatusOr<ValueId> HardTanh(LayerCall& call, ValueId x) {
  return call.Add("Clip", {x, call.Scalar(-1), call.Scalar(1)});
}

// x · sigmoid(x)
absl::StatusOr<ValueId> Silu(LayerCall& call, ValueId x) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId gate, call.Add("Sigmoid", {x}));
  return call.Add("Mul", {x, gate});
}

// a · sigmoid(b) for the halves a, b of the last axis
absl::StatusOr<ValueId> Glu(LayerCall& call, ValueId x) {
  const int axis = call.rank(x) - 1;
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t size, call.KnownDim(x, axis));
  if (size % 2 != 0) {
    return InvalidArgument(call.place(), "glu: {} elements cannot be halved", size);
  }
  const auto half = [&](int64_t begin, int64_t end) {
    return call.Add("Slice", {x, call.Integers(std::array{begin}), call.Integers(std::array{end}),
                              call.Integers(std::array{int64_t{axis}})});
  };
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId a, half(0, size / 2));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId b, half(size / 2, size));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId gate, call.Add("Sigmoid", {b}));
  return call.Add("Mul", {a, gate});
}

// x where |x| > 0.5, else 0
absl::StatusOr<ValueId> HardShrink(LayerCall& call, ValueId x) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId size, call.Add("Abs", {x}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId large, call.Add("Greater", {size, call.Scalar(0.5F)}));
  return call.Add("Where", {large, x, call.Scalar(0)});
}

// sign(x) · max(|x| − 0.5, 0)
absl::StatusOr<ValueId> SoftShrink(LayerCall& call, ValueId x) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId size, call.Add("Abs", {x}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId less, call.Add("Sub", {size, call.Scalar(0.5F)}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId left, call.Add("Max", {less, call.Scalar(0)}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId sign, call.Add("Sign", {x}));
  return call.Add("Mul", {sign, left});
}

absl::StatusOr<ValueId> TanhShrink(LayerCall& call, ValueId x) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId tanh, call.Add("Tanh", {x}));
  return call.Add("Sub", {x, tanh});
}

// (x + √(x² + 4)) / 2
absl::StatusOr<ValueId> Squareplus(LayerCall& call, ValueId x) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId square, call.Add("Mul", {x, x}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId more, call.Add("Add", {square, call.Scalar(4)}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId root, call.Add("Sqrt", {more}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId sum, call.Add("Add", {x, root}));
  return call.Add("Mul", {sum, call.Scalar(0.5F)});
}

// −softplus(−x)
absl::StatusOr<ValueId> LogSigmoid(LayerCall& call, ValueId x) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId minus, call.Add("Neg", {x}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId plus, call.Add("Softplus", {minus}));
  return call.Add("Neg", {plus});
}

// 0 up to −1, x from 1 on, (x + 1)² / 4 between: with h = clip((x + 1) / 2, 0, 1), h² + max(x − 1,
// 0)
absl::StatusOr<ValueId> SparsePlus(LayerCall& call, ValueId x) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId h, SparseSigmoid(call, x));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId square, call.Add("Mul", {h, h}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId less, call.Add("Sub", {x, call.Scalar(1)}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId beyond, call.Add("Max", {less, call.Scalar(0)}));
  return call.Add("Add", {square, beyond});
}

struct NamedFunction {
  std::string_view name;
  Apply apply;
};

constexpr std::array kFunctions = {
    NamedFunction{"celu", Unary<kCelu>},
    NamedFunction{"elu", Unary<kElu>},
    NamedFunction{"exponential", Unary<kExp>},
    NamedFunction{"gelu", Unary<kGelu>},
    NamedFunction{"glu", Glu},
    NamedFunction{"hard_shrink", HardShrink},
    NamedFunction{"hard_sigmoid", HardSigmoid},
    NamedFunction{"hard_silu", Unary<kHardSwish>},
    NamedFunction{"hard_swish", Unary<kHardSwish>},
    NamedFunction{"hard_tanh", HardTanh},
    NamedFunction{"leaky_relu", LeakyRelu},
    NamedFunction{"linear", Linear},
    NamedFunction{"log_sigmoid", LogSigmoid},
    NamedFunction{"log_softmax", Unary<kLogSoftmax>},
    NamedFunction{"mish", Unary<kMish>},
    NamedFunction{"relu", Relu},
    NamedFunction{"relu6", Relu6},
    NamedFunction{"selu", Unary<kSelu>},
    NamedFunction{"sigmoid", Unary<kSigmoid>},
    NamedFunction{"silu", Silu},
    NamedFunction{"soft_shrink", SoftShrink},
    NamedFunction{"softmax", Unary<kSoftmax>},
    NamedFunction{"softplus", Unary<kSoftplus>},
    NamedFunction{"softsign", Unary<kSoftsign>},
    NamedFunction{"sparse_plus", SparsePlus},
    NamedFunction{"sparse_sigmoid", SparseSigmoid},
    NamedFunction{"squareplus", Squareplus},
    NamedFunction{"swish", Silu},
    NamedFunction{"tanh", Unary<kTanh>},
    NamedFunction{"tanh_shrink", TanhShrink},
};

// The name of a function that is written as an object: {"class_name": "function", "config":
// "relu"}.
std::optional<std::string> FunctionName(const Json& json) {
  if (json.is_string()) return json.get<std::string>();
  const Json* class_name = FindMember(json, "class_name");
  const Json* config = FindMember(json, "config");
  if (class_name == nullptr || *class_name != "function" || config == nullptr) return std::nullopt;
  if (config->is_string()) return config->get<std::string>();
  const Json* name = FindMember(*config, "name");
  if (name != nullptr && name->is_string()) return name->get<std::string>();
  return std::nullopt;
}

// "LeakyReLU" of {"class_name": "LeakyReLU", "config": {…}}; empty for others.
std::string LayerClass(const Json& json) {
  const Json* class_name = FindMember(json, "class_name");
  const Json* config = FindMember(json, "config");
  if (class_name == nullptr || !class_name->is_string() || config == nullptr || IsCustom(json)) {
    return "";
  }
  return class_name->get<std::string>();
}

}  // namespace

absl::StatusOr<ValueId> ApplyRelu(LayerCall& call, ValueId x, const ReluSettings& settings) {
  const auto capped = [&](ValueId y) -> absl::StatusOr<ValueId> {
    if (!settings.max_value) return y;
    return call.Add("Clip", {y, kNoValue, call.Scalar(*settings.max_value)});
  };
  if (settings.threshold == 0) {
    // A negative slope makes large numbers of small ones, which have no maximum.
    const bool cap_first = settings.negative_slope < 0;
    ValueId y = x;
    if (cap_first) {
      RECTIFIER_ASSIGN_OR_RETURN(y, capped(y));
    }
    RECTIFIER_ASSIGN_OR_RETURN(
        y, call.Rectifier(y, call.Scalar(settings.negative_slope), settings.origin));
    return cap_first ? y : capped(y);
  }
  if (settings.negative_slope == 0) {
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId y,
                               call.Add("ThresholdedRelu", {x}, {{"alpha", settings.threshold}}));
    return capped(y);
  }
  const ValueId threshold = call.Scalar(settings.threshold);
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId above, call.Add("Greater", {x, threshold}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId positive, capped(x));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId distance, call.Add("Sub", {x, threshold}));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId negative,
                             call.Add("Mul", {distance, call.Scalar(settings.negative_slope)}));
  return call.Add("Where", {above, positive, negative});
}

absl::StatusOr<ValueId> ApplyActivation(LayerCall& call, ValueId x, std::string_view name) {
  const auto found =
      std::find_if(kFunctions.begin(), kFunctions.end(),
                   [name](const NamedFunction& function) { return function.name == name; });
  if (found != kFunctions.end()) return found->apply(call, x);
  return Unimplemented(call.place(), "the activation {} is not supported", Printable(name));
}

absl::StatusOr<ValueId> ApplyActivationSetting(LayerCall& call, ValueId x) {
  const Json* activation = call.config().Find("activation");
  if (activation == nullptr) return x;
  if (const auto name = FunctionName(*activation)) return ApplyActivation(call, x, *name);
  const std::string class_name = LayerClass(*activation);
  const ActivationLayer* layer = FindActivationLayer(class_name);
  if (layer == nullptr) {
    return Unimplemented(call.place(), "the activation {} is not supported",
                         class_name.empty() ? KindOf(*activation) : Printable(class_name));
  }
  LayerConfig config(call.place(), *FindMember(*activation, "config"));
  absl::StatusOr<ValueId> y = layer->apply(call, x, config);
  RECTIFIER_RETURN_IF_ERROR(config.error());
  return y;
}

std::vector<WeightSpec> ActivationWeights(LayerConfig& config) {
  const Json* activation = config.Find("activation");
  if (activation == nullptr || LayerClass(*activation) != "PReLU") return {};
  return {{.name = "alpha", .activation = true}};
}

}  // namespace rectifier
