#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "server/core/check.h"
#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"

namespace rectifier::reference {
namespace {

using Values = std::vector<double>;

template <typename Function>
double SumOf(const Values& values, Function function) {
  double sum = 0;
  for (const double value : values) sum += function(value);
  return sum;
}

double Sum(const Values& values) {
  return SumOf(values, [](double x) { return x; });
}

double SumSquare(const Values& values) {
  return SumOf(values, [](double x) { return x * x; });
}

// NaN is kept.
template <typename Better>
double Best(const Values& values, double begin, Better better) {
  for (const double value : values) {
    if (std::isnan(value) || better(value, begin)) begin = value;
  }
  return begin;
}

struct Formula {
  std::string_view op;
  double (*of)(const Values& values);
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

constexpr std::array kFormulas = {
    Formula{"ReduceL1",
            [](const Values& v) { return SumOf(v, [](double x) { return std::abs(x); }); }},
    Formula{"ReduceL2", [](const Values& v) { return std::sqrt(SumSquare(v)); }},
    Formula{"ReduceLogSum", [](const Values& v) { return std::log(Sum(v)); }},
    Formula{
        "ReduceLogSumExp",
        [](const Values& v) { return std::log(SumOf(v, [](double x) { return std::exp(x); })); }},
    Formula{"ReduceMax", [](const Values& v) { return Best(v, -kInfinity, std::greater<>()); }},
    Formula{"ReduceMean", [](const Values& v) { return Sum(v) / static_cast<double>(v.size()); }},
    Formula{"ReduceMin", [](const Values& v) { return Best(v, kInfinity, std::less<>()); }},
    Formula{"ReduceProd",
            [](const Values& v) {
              double product = 1;
              for (const double value : v) product *= value;
              return product;
            }},
    Formula{"ReduceSum", Sum},
    Formula{"ReduceSumSquare", SumSquare},
};

// Every element of the result, of this type, from those of x that differ from it in the `reduced`
// dimensions only, in their order.
template <typename Function>
Array ReduceOver(const Array& x, const std::vector<bool>& reduced, bool keep_dims, DType dtype,
                 Function function) {
  Shape kept;    // 1 for what is reduced
  Shape result;  // without it, unless it is kept
  Shape inner;
  for (int i = 0; i < x.rank(); ++i) {
    const bool gone = reduced[static_cast<size_t>(i)];
    kept.push_back(gone ? 1 : x.shape()[i]);
    inner.push_back(gone ? x.shape()[i] : 1);
    if (!gone || keep_dims) result.push_back(kept[i]);
  }
  Array y = Zeros(TensorType{dtype, kept});
  ForEach(kept, [&](const Coordinates& at) {
    Values values;
    ForEach(inner, [&](const Coordinates& offset) {
      Coordinates from = at;
      for (size_t i = 0; i < from.size(); ++i) from[i] += offset[i];
      values.push_back(x[from]);
    });
    y[at] = Stored(dtype, function(values));
  });
  y.type.shape = result;
  return y;
}

bool KeepDims(const Node& node) { return AttributeOr<int64_t>(node, "keepdims", 1) != 0; }

}  // namespace

Array Reduce(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  std::vector<int64_t> axes;
  if (inputs.size() > 1 && inputs[1] != nullptr) axes = Integers(*inputs[1]);
  const bool all = axes.empty() && AttributeOr<int64_t>(node, "noop_with_empty_axes", 0) == 0;
  std::vector<bool> reduced(static_cast<size_t>(x.rank()), all);
  for (const int64_t axis : axes) reduced[static_cast<size_t>(FromFront(axis, x.rank()))] = true;
  const auto formula = std::ranges::find(kFormulas, node.op, &Formula::op);
  RECTIFIER_CHECK(formula != kFormulas.end());
  return ReduceOver(x, reduced, KeepDims(node), x.type.dtype, formula->of);
}

// The position of the largest or smallest; of equal ones the first, or the last. NaN is both.
Array ArgReduce(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const bool last = AttributeOr<int64_t>(node, "select_last_index", 0) != 0;
  const double sign = node.op == "ArgMax" ? 1 : -1;
  std::vector<bool> reduced(static_cast<size_t>(x.rank()), false);
  reduced[static_cast<size_t>(FromFront(AttributeOr<int64_t>(node, "axis", 0), x.rank()))] = true;
  return ReduceOver(x, reduced, KeepDims(node), DType::kInt64, [&](const Values& values) {
    const auto rank = [&](size_t i) {
      return std::isnan(values[i]) ? std::pair{1, 0.0} : std::pair{0, sign * values[i]};
    };
    size_t best = 0;
    for (size_t i = 1; i < values.size(); ++i) {
      if (rank(i) > rank(best) || (last && rank(i) == rank(best))) best = i;
    }
    return static_cast<double>(best);
  });
}

}  // namespace rectifier::reference
