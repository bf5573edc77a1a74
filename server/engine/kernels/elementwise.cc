#include "server/engine/kernels/elementwise.h"

#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "server/core/float_formats.h"

namespace rectifier::kernels {
namespace {

using Parameters = ElementwiseParameters;
using Row = ElementwiseRow;

template <typename T>
const T* Operand(const Row& row, size_t i) {
  return reinterpret_cast<const T*>(row.operands[i]);
}

// result[i] = Function(x[i], parameters).
template <typename In, typename Out, typename Function>
void Unary(const Row& row, const Parameters& parameters) {
  const In* x = Operand<In>(row, 0);
  Out* y = reinterpret_cast<Out*>(row.result);
  const Parameters p = parameters;
  if (row.result_step == 1 && row.operand_steps[0] == 1) {
    for (int64_t i = 0; i < row.count; ++i) y[i] = Function{}(x[i], p);
    return;
  }
  for (int64_t i = 0; i < row.count; ++i) {
    y[i * row.result_step] = Function{}(x[i * row.operand_steps[0]], p);
  }
}

// result[i] = Function(a[i], b[i], parameters).
template <typename In, typename Out, typename Function>
void Binary(const Row& row, const Parameters& parameters) {
  const In* a = Operand<In>(row, 0);
  const In* b = Operand<In>(row, 1);
  Out* y = reinterpret_cast<Out*>(row.result);
  const Parameters p = parameters;
  const int64_t step_a = row.operand_steps[0];
  const int64_t step_b = row.operand_steps[1];
  if (row.result_step == 1 && step_a == 1 && step_b == 1) {
    for (int64_t i = 0; i < row.count; ++i) y[i] = Function{}(a[i], b[i], p);
  } else if (row.result_step == 1 && step_a == 1 && step_b == 0) {
    const In right = *b;
    for (int64_t i = 0; i < row.count; ++i) y[i] = Function{}(a[i], right, p);
  } else if (row.result_step == 1 && step_a == 0 && step_b == 1) {
    const In left = *a;
    for (int64_t i = 0; i < row.count; ++i) y[i] = Function{}(left, b[i], p);
  } else {
    for (int64_t i = 0; i < row.count; ++i) {
      y[i * row.result_step] = Function{}(a[i * step_a], b[i * step_b], p);
    }
  }
}

template <typename T>
void Where(const Row& row, const Parameters& /*parameters*/) {
  const bool* condition = Operand<bool>(row, 0);
  const T* a = Operand<T>(row, 1);
  const T* b = Operand<T>(row, 2);
  T* y = reinterpret_cast<T*>(row.result);
  const auto& steps = row.operand_steps;
  for (int64_t i = 0; i < row.count; ++i) {
    y[i * row.result_step] = condition[i * steps[0]] ? a[i * steps[1]] : b[i * steps[2]];
  }
}

// Integers are computed as unsigned ones, which wrap around.
template <typename T, typename Function>
T Wrapping(T a, T b, Function function) {
  if constexpr (std::is_integral_v<T>) {
    using U = std::make_unsigned_t<T>;
    return static_cast<T>(function(static_cast<U>(a), static_cast<U>(b)));
  } else {
    return function(a, b);
  }
}

template <typename T>
T Divide(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return Wrapping<T>(0, a, [](auto x, auto y) { return x - y; });
    }
    return static_cast<T>(a / b);
  } else {
    return a / b;
  }
}

// The sign of the remainder is the divisor's (Python's %).
template <typename T>
T Modulo(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    const T remainder = static_cast<T>(a % b);
    return remainder != 0 && ((remainder < 0) != (b < 0)) ? static_cast<T>(remainder + b)
                                                          : remainder;
  } else {
    const T remainder = std::fmod(a, b);
    return remainder != 0 && ((remainder < 0) != (b < 0)) ? remainder + b : remainder;
  }
}

// The sign of the remainder is the dividend's (C's fmod).
template <typename T>
T Remainder(T a, T b) {
  if constexpr (std::is_integral_v<T>) {
    if (b == 0) return 0;
    if constexpr (std::is_signed_v<T>) {
      if (b == -1) return 0;
    }
    return static_cast<T>(a % b);
  } else {
    return std::fmod(a, b);
  }
}

// From any number to an integer: truncated, and the nearest end for what does not fit.
template <typename To, typename From>
To Saturated(From value) {
  if (std::isnan(value)) return 0;
  // The ends as From's may round outwards, so that equality is outside too.
  constexpr auto kLow = static_cast<From>(std::numeric_limits<To>::min());
  constexpr auto kHigh = static_cast<From>(std::numeric_limits<To>::max());
  if (value <= kLow) return std::numeric_limits<To>::min();
  if (value >= kHigh) return std::numeric_limits<To>::max();
  return static_cast<To>(value);
}

template <typename T>
T Power(T base, T exponent) {
  if constexpr (std::is_integral_v<T>) {
    return Saturated<T>(std::pow(static_cast<double>(base), static_cast<double>(exponent)));
  } else {
    return std::pow(base, exponent);
  }
}

template <typename T>
bool IsNan(T value) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(value);
  } else {
    return false;
  }
}

// An entry for each numeric type, and for bool where the function takes it.
struct Entry {
  std::string_view op;
  ElementwiseFunction of_bool;
  ElementwiseFunction of_u8;
  ElementwiseFunction of_i8;
  ElementwiseFunction of_i32;
  ElementwiseFunction of_i64;
  ElementwiseFunction of_f32;
};

template <typename Function>
constexpr Entry FloatUnary(std::string_view op, Function /*function*/) {
  return {op, nullptr, nullptr, nullptr, nullptr, nullptr, Unary<float, float, Function>};
}

template <typename Function>
constexpr Entry NumericUnary(std::string_view op, Function /*function*/) {
  return {op,
          nullptr,
          Unary<uint8_t, uint8_t, Function>,
          Unary<int8_t, int8_t, Function>,
          Unary<int32_t, int32_t, Function>,
          Unary<int64_t, int64_t, Function>,
          Unary<float, float, Function>};
}

template <typename Function>
constexpr Entry NumericBinary(std::string_view op, Function /*function*/) {
  return {op,
          nullptr,
          Binary<uint8_t, uint8_t, Function>,
          Binary<int8_t, int8_t, Function>,
          Binary<int32_t, int32_t, Function>,
          Binary<int64_t, int64_t, Function>,
          Binary<float, float, Function>};
}

template <typename Function>
constexpr Entry Comparison(std::string_view op, Function /*function*/) {
  return {op,
          Binary<bool, bool, Function>,
          Binary<uint8_t, bool, Function>,
          Binary<int8_t, bool, Function>,
          Binary<int32_t, bool, Function>,
          Binary<int64_t, bool, Function>,
          Binary<float, bool, Function>};
}

template <typename Function>
constexpr Entry Logical(std::string_view op, Function /*function*/) {
  return {op, Binary<bool, bool, Function>, nullptr, nullptr, nullptr, nullptr, nullptr};
}

struct LogicalNot {
  bool operator()(bool x, Parameters /*parameters*/) const { return !x; }
};

constexpr float kSqrtHalf = 0.70710678118654752F;

constexpr std::array kEntries = {
    NumericUnary("Abs",
                 []<typename T>(T x, Parameters) -> T {
                   return x < T{0} ? Wrapping<T>(0, x, [](auto a, auto b) { return a - b; }) : x;
                 }),
    FloatUnary("Acos", [](float x, Parameters) { return std::acos(x); }),
    FloatUnary("Acosh", [](float x, Parameters) { return std::acosh(x); }),
    NumericBinary("Add",
                  []<typename T>(T a, T b, Parameters) {
                    return Wrapping<T>(a, b, [](auto x, auto y) { return x + y; });
                  }),
    Logical("And", [](bool a, bool b, Parameters) { return a && b; }),
    FloatUnary("Asin", [](float x, Parameters) { return std::asin(x); }),
    FloatUnary("Asinh", [](float x, Parameters) { return std::asinh(x); }),
    FloatUnary("Atan", [](float x, Parameters) { return std::atan(x); }),
    FloatUnary("Atanh", [](float x, Parameters) { return std::atanh(x); }),
    FloatUnary("Ceil", [](float x, Parameters) { return std::ceil(x); }),
    FloatUnary("Celu",
               [](float x, Parameters p) { return x > 0 ? x : p.alpha * std::expm1(x / p.alpha); }),
    // NaN is kept: it compares as neither.
    FloatUnary("Clip",
               [](float x, Parameters p) {
                 const float above = x < p.alpha ? p.alpha : x;
                 return above > p.beta ? p.beta : above;
               }),
    FloatUnary("Cos", [](float x, Parameters) { return std::cos(x); }),
    FloatUnary("Cosh", [](float x, Parameters) { return std::cosh(x); }),
    NumericBinary("Div", []<typename T>(T a, T b, Parameters) { return Divide<T>(a, b); }),
    Comparison("Equal", [](auto a, auto b, Parameters) { return a == b; }),
    FloatUnary("Erf", [](float x, Parameters) { return std::erf(x); }),
    FloatUnary("Exp", [](float x, Parameters) { return std::exp(x); }),
    FloatUnary("Floor", [](float x, Parameters) { return std::floor(x); }),
    FloatUnary("Gelu",
               [](float x, Parameters) { return 0.5F * x * (1 + std::erf(x * kSqrtHalf)); }),
    Comparison("Greater", [](auto a, auto b, Parameters) { return a > b; }),
    Comparison("GreaterOrEqual", [](auto a, auto b, Parameters) { return a >= b; }),
    FloatUnary("HardSigmoid",
               [](float x, Parameters p) {
                 const float y = p.alpha * x + p.beta;
                 const float above = y < 0 ? 0 : y;
                 return above > 1 ? 1 : above;
               }),
    Comparison("Less", [](auto a, auto b, Parameters) { return a < b; }),
    Comparison("LessOrEqual", [](auto a, auto b, Parameters) { return a <= b; }),
    // NaN in either gives NaN.
    NumericBinary("Max",
                  []<typename T>(T a, T b, Parameters) -> T { return a > b || IsNan(a) ? a : b; }),
    NumericBinary("Min",
                  []<typename T>(T a, T b, Parameters) -> T { return a < b || IsNan(a) ? a : b; }),
    NumericBinary("Mod",
                  []<typename T>(T a, T b, Parameters p) {
                    return p.alpha != 0 ? Remainder<T>(a, b) : Modulo<T>(a, b);
                  }),
    NumericBinary("Mul",
                  []<typename T>(T a, T b, Parameters) {
                    return Wrapping<T>(a, b, [](auto x, auto y) { return x * y; });
                  }),
    NumericUnary("Neg",
                 []<typename T>(T x, Parameters) {
                   if constexpr (std::is_floating_point_v<T>) {
                     return -x;
                   } else {
                     return Wrapping<T>(0, x, [](auto a, auto b) { return a - b; });
                   }
                 }),
    Entry{"Not", Unary<bool, bool, LogicalNot>, nullptr, nullptr, nullptr, nullptr, nullptr},
    Logical("Or", [](bool a, bool b, Parameters) { return a || b; }),
    NumericBinary("Pow", []<typename T>(T a, T b, Parameters) { return Power<T>(a, b); }),
    FloatUnary("Reciprocal", [](float x, Parameters) { return 1 / x; }),
    FloatUnary("Round", [](float x, Parameters) { return std::nearbyint(x); }),
    FloatUnary("Selu",
               [](float x, Parameters p) {
                 return x > 0 ? p.beta * x : p.beta * p.alpha * std::expm1(x);
               }),
    NumericUnary("Sign",
                 []<typename T>(T x, Parameters) -> T {
                   if (IsNan(x)) return x;
                   return static_cast<T>(static_cast<T>(x > T{0}) - static_cast<T>(x < T{0}));
                 }),
    FloatUnary("Sin", [](float x, Parameters) { return std::sin(x); }),
    FloatUnary("Sinh", [](float x, Parameters) { return std::sinh(x); }),
    FloatUnary("Softsign", [](float x, Parameters) { return x / (1 + std::abs(x)); }),
    NumericBinary("Sub",
                  []<typename T>(T a, T b, Parameters) {
                    return Wrapping<T>(a, b, [](auto x, auto y) { return x - y; });
                  }),
    FloatUnary("Tan", [](float x, Parameters) { return std::tan(x); }),
    FloatUnary("ThresholdedRelu", [](float x, Parameters p) { return x <= p.alpha ? 0.0F : x; }),
    Entry{"Where", Where<bool>, Where<uint8_t>, Where<int8_t>, Where<int32_t>, Where<int64_t>,
          Where<float>},
    Logical("Xor", [](bool a, bool b, Parameters) { return a != b; }),
};

ElementwiseFunction OfType(const Entry& entry, DType type) {
  switch (type) {
    case DType::kBool:
      return entry.of_bool;
    case DType::kUInt8:
      return entry.of_u8;
    case DType::kInt8:
      return entry.of_i8;
    case DType::kInt32:
      return entry.of_i32;
    case DType::kInt64:
      return entry.of_i64;
    case DType::kFloat32:
      return entry.of_f32;
    default:
      return nullptr;
  }
}

template <typename To>
struct CastTo {
  template <typename From>
  To operator()(From x, Parameters /*parameters*/) const {
    if constexpr (std::is_same_v<To, bool>) {
      return x != From{0};
    } else if constexpr (std::is_floating_point_v<From> && std::is_integral_v<To>) {
      return Saturated<To>(x);
    } else {
      return static_cast<To>(x);
    }
  }
};

template <typename From>
constexpr Entry CastsFrom() {
  return {"Cast",
          Unary<From, bool, CastTo<bool>>,
          Unary<From, uint8_t, CastTo<uint8_t>>,
          Unary<From, int8_t, CastTo<int8_t>>,
          Unary<From, int32_t, CastTo<int32_t>>,
          Unary<From, int64_t, CastTo<int64_t>>,
          Unary<From, float, CastTo<float>>};
}

// The formats that are converted at the edges of a graph, from and to f32.
struct FromHalf {
  float operator()(uint16_t bits, Parameters /*parameters*/) const { return FloatFromHalf(bits); }
};
struct FromBFloat {
  float operator()(uint16_t bits, Parameters /*parameters*/) const { return FloatFromBFloat(bits); }
};
struct ToHalf {
  uint16_t operator()(float x, Parameters /*parameters*/) const { return HalfFromFloat(x); }
};
struct ToBFloat {
  uint16_t operator()(float x, Parameters /*parameters*/) const { return BFloatFromFloat(x); }
};

ElementwiseFunction FindEdgeCast(DType from, DType to) {
  const auto is = [&](DType f, DType t) { return from == f && to == t; };
  if (is(DType::kFloat16, DType::kFloat32)) return Unary<uint16_t, float, FromHalf>;
  if (is(DType::kBFloat16, DType::kFloat32)) return Unary<uint16_t, float, FromBFloat>;
  if (is(DType::kFloat64, DType::kFloat32)) return Unary<double, float, CastTo<float>>;
  if (is(DType::kFloat32, DType::kFloat16)) return Unary<float, uint16_t, ToHalf>;
  if (is(DType::kFloat32, DType::kBFloat16)) return Unary<float, uint16_t, ToBFloat>;
  if (is(DType::kFloat32, DType::kFloat64)) return Unary<float, double, CastTo<double>>;
  return nullptr;
}

}  // namespace

ElementwiseFunction FindElementwise(std::string_view op, DType type) {
  for (const Entry& entry : kEntries) {
    if (entry.op == op) return OfType(entry, type);
  }
  return nullptr;
}

ElementwiseFunction FindCast(DType from, DType to) {
  if (const ElementwiseFunction cast = FindEdgeCast(from, to)) return cast;
  switch (from) {
    case DType::kBool:
      return OfType(CastsFrom<bool>(), to);
    case DType::kUInt8:
      return OfType(CastsFrom<uint8_t>(), to);
    case DType::kInt8:
      return OfType(CastsFrom<int8_t>(), to);
    case DType::kInt32:
      return OfType(CastsFrom<int32_t>(), to);
    case DType::kInt64:
      return OfType(CastsFrom<int64_t>(), to);
    case DType::kFloat32:
      return OfType(CastsFrom<float>(), to);
    default:
      return nullptr;
  }
}

}  // namespace rectifier::kernels
