#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

#include "server/core/check.h"
#include "server/core/float_formats.h"
#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"

namespace rectifier::reference {
namespace {

struct UnaryFormula {
  std::string_view op;
  double (*of)(double x, const Node& node);
};

struct BinaryFormula {
  std::string_view op;
  double (*of)(double a, double b, const Node& node);
  bool gives_bool = false;
};

double Alpha(const Node& node, float otherwise) {
  return AttributeOr<float>(node, "alpha", otherwise);
}

// NaN stays NaN.
double Clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

// log(1 + exp(x)), where exp() does not overflow.
double Softplus(double x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x))); }

double Gelu(double x, const Node& node) {
  if (AttributeOr<std::string>(node, "approximate", "none") == "none") {
    return 0.5 * x * (1 + std::erf(x / std::numbers::sqrt2));
  }
  return 0.5 * x * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (x + 0.044715 * x * x * x)));
}

// Python's %, whose result has the sign of the divisor, or C's fmod.
double Mod(double a, double b, const Node& node) {
  const double remainder = std::fmod(a, b);
  const bool as_in_c = AttributeOr<int64_t>(node, "fmod", 0) != 0;
  if (as_in_c || remainder == 0 || (remainder < 0) == (b < 0)) return remainder;
  return remainder + b;
}

constexpr std::array kUnary = {
    UnaryFormula{"Abs", [](double x, const Node&) { return std::abs(x); }},
    UnaryFormula{"Acos", [](double x, const Node&) { return std::acos(x); }},
    UnaryFormula{"Acosh", [](double x, const Node&) { return std::acosh(x); }},
    UnaryFormula{"Asin", [](double x, const Node&) { return std::asin(x); }},
    UnaryFormula{"Asinh", [](double x, const Node&) { return std::asinh(x); }},
    UnaryFormula{"Atan", [](double x, const Node&) { return std::atan(x); }},
    UnaryFormula{"Atanh", [](double x, const Node&) { return std::atanh(x); }},
    UnaryFormula{"Ceil", [](double x, const Node&) { return std::ceil(x); }},
    UnaryFormula{"Celu",
                 [](double x, const Node& node) {
                   const double alpha = Alpha(node, 1);
                   return x > 0 ? x : alpha * (std::exp(x / alpha) - 1);
                 }},
    UnaryFormula{"Cos", [](double x, const Node&) { return std::cos(x); }},
    UnaryFormula{"Cosh", [](double x, const Node&) { return std::cosh(x); }},
    UnaryFormula{
        "Elu",
        [](double x, const Node& node) { return x > 0 ? x : Alpha(node, 1) * (std::exp(x) - 1); }},
    UnaryFormula{"Erf", [](double x, const Node&) { return std::erf(x); }},
    UnaryFormula{"Exp", [](double x, const Node&) { return std::exp(x); }},
    UnaryFormula{"Floor", [](double x, const Node&) { return std::floor(x); }},
    UnaryFormula{"Gelu", Gelu},
    UnaryFormula{"HardSigmoid",
                 [](double x, const Node& node) {
                   const double beta = AttributeOr<float>(node, "beta", 0.5F);
                   return Clamp(Alpha(node, 0.2F) * x + beta, 0, 1);
                 }},
    UnaryFormula{"HardSwish", [](double x, const Node&) { return x * Clamp(x / 6 + 0.5, 0, 1); }},
    UnaryFormula{"Identity", [](double x, const Node&) { return x; }},
    UnaryFormula{"Log", [](double x, const Node&) { return std::log(x); }},
    UnaryFormula{"Mish", [](double x, const Node&) { return x * std::tanh(Softplus(x)); }},
    UnaryFormula{"Neg", [](double x, const Node&) { return -x; }},
    UnaryFormula{"Not", [](double x, const Node&) { return x == 0 ? 1.0 : 0.0; }},
    UnaryFormula{"Reciprocal", [](double x, const Node&) { return 1 / x; }},
    // Halves go to the even neighbour.
    UnaryFormula{"Round", [](double x, const Node&) { return std::nearbyint(x); }},
    UnaryFormula{"Selu",
                 [](double x, const Node& node) {
                   const double gamma =
                       AttributeOr<float>(node, "gamma", 1.05070102214813232421875F);
                   const double alpha = Alpha(node, 1.67326319217681884765625F);
                   return gamma * (x > 0 ? x : alpha * (std::exp(x) - 1));
                 }},
    UnaryFormula{"Sigmoid", [](double x, const Node&) { return 1 / (1 + std::exp(-x)); }},
    UnaryFormula{"Sign", [](double x, const Node&) { return x > 0   ? 1.0
                                                            : x < 0 ? -1.0
                                                                    : x; }},
    UnaryFormula{"Sin", [](double x, const Node&) { return std::sin(x); }},
    UnaryFormula{"Sinh", [](double x, const Node&) { return std::sinh(x); }},
    UnaryFormula{"Softplus", [](double x, const Node&) { return Softplus(x); }},
    UnaryFormula{"Softsign", [](double x, const Node&) { return x / (1 + std::abs(x)); }},
    UnaryFormula{"Sqrt", [](double x, const Node&) { return std::sqrt(x); }},
    UnaryFormula{"Tan", [](double x, const Node&) { return std::tan(x); }},
    UnaryFormula{"Tanh", [](double x, const Node&) { return std::tanh(x); }},
    UnaryFormula{"ThresholdedRelu",
                 [](double x, const Node& node) { return x <= Alpha(node, 1) ? 0 : x; }},
};

constexpr std::array kBinary = {
    BinaryFormula{"Add", [](double a, double b, const Node&) { return a + b; }},
    BinaryFormula{"And", [](double a, double b, const Node&) { return a * b; }, true},
    BinaryFormula{"Div", [](double a, double b, const Node&) { return a / b; }},
    BinaryFormula{"Equal", [](double a, double b, const Node&) { return double(a == b); }, true},
    BinaryFormula{"Greater", [](double a, double b, const Node&) { return double(a > b); }, true},
    BinaryFormula{"GreaterOrEqual", [](double a, double b, const Node&) { return double(a >= b); },
                  true},
    BinaryFormula{"Less", [](double a, double b, const Node&) { return double(a < b); }, true},
    BinaryFormula{"LessOrEqual", [](double a, double b, const Node&) { return double(a <= b); },
                  true},
    // NaN in either gives NaN.
    BinaryFormula{"Max",
                  [](double a, double b, const Node&) { return a > b || std::isnan(a) ? a : b; }},
    BinaryFormula{"Min",
                  [](double a, double b, const Node&) { return a < b || std::isnan(a) ? a : b; }},
    BinaryFormula{"Mod", Mod},
    BinaryFormula{"Mul", [](double a, double b, const Node&) { return a * b; }},
    BinaryFormula{"Or", [](double a, double b, const Node&) { return double(a + b > 0); }, true},
    BinaryFormula{"Pow", [](double a, double b, const Node&) { return std::pow(a, b); }},
    // x > 0 ? x : slope · x; NaN stays NaN.
    BinaryFormula{"Rectifier",
                  [](double x, double slope, const Node&) { return x > 0 ? x : slope * x; }},
    BinaryFormula{"Sub", [](double a, double b, const Node&) { return a - b; }},
    BinaryFormula{"Xor", [](double a, double b, const Node&) { return double(a != b); }, true},
};

template <typename Formulas>
auto Find(const Formulas& formulas, std::string_view op) {
  const auto found = std::ranges::find_if(formulas, [&](const auto& f) { return f.op == op; });
  return found == formulas.end() ? nullptr : &*found;
}

}  // namespace

bool HasFormula(std::string_view op) {
  return Find(kUnary, op) != nullptr || Find(kBinary, op) != nullptr;
}

Array Elementwise(const Node& node, Inputs inputs) {
  if (const UnaryFormula* formula = Find(kUnary, node.op)) {
    Array y = *inputs[0];
    for (double& value : y.values) value = Stored(y.type.dtype, formula->of(value, node));
    return y;
  }
  const BinaryFormula* formula = Find(kBinary, node.op);
  RECTIFIER_CHECK(formula != nullptr);
  const DType dtype = formula->gives_bool ? DType::kBool : inputs[0]->type.dtype;
  Array y = Zeros(TensorType{dtype, BroadcastShape(inputs[0]->shape(), inputs[1]->shape())});
  ForEach(y.shape(), [&](const Coordinates& at) {
    y[at] = Stored(dtype, formula->of(Broadcast(*inputs[0], at), Broadcast(*inputs[1], at), node));
  });
  return y;
}

// Floats become integers by truncation, the nearest end for what does not fit, and 0 for NaN;
// integers keep their low bits; everything but 0 is true.
Array Cast(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const DType to = *ParseDType(AttributeOr<std::string>(node, "to", ""));
  const auto convert = [&](double value) -> double {
    const auto single = static_cast<float>(value);
    const double low = to == DType::kUInt8   ? 0
                       : to == DType::kInt8  ? -0x1p7
                       : to == DType::kInt32 ? -0x1p31
                                             : -0x1p63;
    const double high = to == DType::kUInt8 ? 0x1p8 - 1 : -low - 1;
    switch (to) {
      case DType::kBool:
        return value != 0 ? 1 : 0;
      case DType::kFloat16:
        return FloatFromHalf(HalfFromFloat(single));
      case DType::kBFloat16:
        return FloatFromBFloat(BFloatFromFloat(single));
      case DType::kFloat32:
      case DType::kFloat64:
        return single;
      default:
        if (x.type.dtype != DType::kFloat32) return Stored(to, value);
        return std::isnan(value) ? 0 : std::trunc(Clamp(value, low, high));
    }
  };
  Array y{{to, x.shape()}, x.values};
  for (double& value : y.values) value = convert(value);
  return y;
}

Array Clip(const Node&, Inputs inputs) {
  const auto bound = [&](size_t i, double otherwise) {
    return inputs.size() > i && inputs[i] != nullptr ? inputs[i]->values[0] : otherwise;
  };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const double low = bound(1, -kInfinity);
  const double high = bound(2, kInfinity);
  Array y = *inputs[0];
  for (double& value : y.values) {
    if (value < low) value = low;
    if (value > high) value = high;
  }
  return y;
}

Array Where(const Node&, Inputs inputs) {
  const Shape shape =
      BroadcastShape(inputs[0]->shape(), BroadcastShape(inputs[1]->shape(), inputs[2]->shape()));
  Array y = Zeros(TensorType{inputs[1]->type.dtype, shape});
  ForEach(shape, [&](const Coordinates& at) {
    y[at] = Broadcast(*inputs[0], at) != 0 ? Broadcast(*inputs[1], at) : Broadcast(*inputs[2], at);
  });
  return y;
}

}  // namespace rectifier::reference
