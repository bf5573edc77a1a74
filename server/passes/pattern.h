#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "server/graph/graph.h"
#include "server/graph/uses.h"

namespace rectifier {

// A Pattern is the shape of an expression in a graph, put together from the functions below so that
// it reads as the formula that it stands for:
//
//   Sub(Relu(X()), Times(Relu(Neg(X()))))     relu(x) − k · relu(−x)
//
// X() is the same value wherever it stands. Times(p) is p multiplied by constants, in any order and
// by any spelling (Mul, Div, Neg, 0 − p): their product is k; that of Times(p, kOther) is m. Both
// orders of an operation that commutes are tried.
struct Pattern {
  enum class Kind { kX, kNumber, kNothing, kOp, kTimes, kAnyOf };

  Kind kind = Kind::kX;
  float number = 0;         // kNumber: a constant whose elements are all this
  std::string op;           // kOp
  bool commutes = false;    // kOp: the first two operands
  size_t product = 0;       // kTimes: 0 for k, 1 for m
  std::vector<Pattern> of;  // operands, or alternatives
};

Pattern X();
Pattern Number(float number);
Pattern Nothing();  // an optional operand that is left out
Pattern Op(std::string op, std::vector<Pattern> operands);
Pattern AnyOf(std::vector<Pattern> alternatives);
inline constexpr size_t kOther = 1;
Pattern Times(Pattern p, size_t product = 0);

// A constant that the matched expression multiplies with, or divides by.
struct Factor {
  const Tensor* tensor = nullptr;  // null: −1
  bool divides = false;
};

struct PatternMatch {
  ValueId x = kNoValue;
  std::array<std::vector<Factor>, 2> factors;  // of k, and of m
  std::vector<ValueId> inner;  // every value that the pattern passed through, once for each time
};

// The match of `pattern` with the expression that computes `root`, which is not among `inner`.
// Values inside the expression are read by it alone, and are no outputs of the graph.
std::optional<PatternMatch> MatchPattern(const Graph& graph, const Uses& uses,
                                         const Pattern& pattern, ValueId root);

}  // namespace rectifier
