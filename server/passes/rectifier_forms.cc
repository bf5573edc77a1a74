#include "server/passes/rectifier_forms.h"

#include <limits>
#include <utility>
#include <vector>

namespace rectifier {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

using Bound = RectifierForm::Bound;

Pattern Add(Pattern a, Pattern b) { return Op("Add", {std::move(a), std::move(b)}); }
Pattern Sub(Pattern a, Pattern b) { return Op("Sub", {std::move(a), std::move(b)}); }
Pattern Mul(Pattern a, Pattern b) { return Op("Mul", {std::move(a), std::move(b)}); }
Pattern Max(Pattern a, Pattern b) { return Op("Max", {std::move(a), std::move(b)}); }
Pattern Min(Pattern a, Pattern b) { return Op("Min", {std::move(a), std::move(b)}); }
Pattern Abs(Pattern a) { return Op("Abs", {std::move(a)}); }
Pattern Where(Pattern condition, Pattern a, Pattern b) {
  return Op("Where", {std::move(condition), std::move(a), std::move(b)});
}

Pattern Neg(const Pattern& a) {
  return AnyOf({Op("Neg", {a}), Mul(a, Number(-1)), Sub(Number(0), a), Op("Div", {a, Number(-1)})});
}

// Exporters write the end that is open as nothing, infinity or the largest number.
Pattern Relu(const Pattern& a) {
  return AnyOf(
      {Op("Rectifier", {a, Number(0)}), Max(a, Number(0)),
       Op("Clip", {a, Number(0), AnyOf({Nothing(), Number(kInfinity), Number(kLargest)})})});
}

// min(x, 0)
Pattern NegativePart(const Pattern& a) {
  return AnyOf(
      {Min(a, Number(0)),
       Op("Clip", {a, AnyOf({Nothing(), Number(-kInfinity), Number(-kLargest)}), Number(0)})});
}

Pattern IsPositive() {
  return AnyOf({Op("Greater", {X(), Number(0)}), Op("GreaterOrEqual", {X(), Number(0)}),
                Op("Less", {Number(0), X()}), Op("LessOrEqual", {Number(0), X()})});
}

Pattern IsNegative() {
  return AnyOf({Op("Less", {X(), Number(0)}), Op("LessOrEqual", {X(), Number(0)}),
                Op("Greater", {Number(0), X()}), Op("GreaterOrEqual", {Number(0), X()})});
}

// s: 1 for a positive x, 0 for others
Pattern Step() { return Op("Cast", {IsPositive()}); }

std::vector<RectifierForm> MakeForms() {
  return {
      {"max(x, k·x), k ≤ 1", Max(X(), Times(X())), {1, 0, 0}, Bound::kAtMostOne},
      {"min(x, k·x), k ≥ 1", Min(X(), Times(X())), {1, 0, 0}, Bound::kAtLeastOne},
      {"relu(x) − k·relu(−x)", Sub(Relu(X()), Times(Relu(Neg(X())))), {1, 0, 0}},
      {"relu(x) + k·relu(−x)", Add(Relu(X()), Times(Relu(Neg(X())))), {-1, 0, 0}},
      {"relu(x) + k·min(x, 0)", Add(Relu(X()), Times(NegativePart(X()))), {1, 0, 0}},
      {"relu(x) − k·min(x, 0)", Sub(Relu(X()), Times(NegativePart(X()))), {-1, 0, 0}},
      {"relu(x) + k·(x − |x|)", Add(Relu(X()), Times(Sub(X(), Abs(X())))), {2, 0, 0}},
      {"relu(x) − k·(x − |x|)", Sub(Relu(X()), Times(Sub(X(), Abs(X())))), {-2, 0, 0}},
      {"relu(x) + k·(|x| − x)", Add(Relu(X()), Times(Sub(Abs(X()), X()))), {-2, 0, 0}},
      {"relu(x) − k·(|x| − x)", Sub(Relu(X()), Times(Sub(Abs(X()), X()))), {2, 0, 0}},
      {"where(x > 0, x, k·x)", Where(IsPositive(), X(), Times(X())), {1, 0, 0}},
      {"where(x < 0, k·x, x)", Where(IsNegative(), Times(X()), X()), {1, 0, 0}},
      {"x·(s − k·(s − 1)), s = (x > 0)",
       Mul(X(), Sub(Step(), Times(Sub(Step(), Number(1))))),
       {1, 0, 0}},
      {"x·(s + k·(1 − s)), s = (x > 0)",
       Mul(X(), Add(Step(), Times(Sub(Number(1), Step())))),
       {1, 0, 0}},
  };
}

// Whatever binds x stands before what would match any value.
std::vector<RectifierForm> MakeRelaxedForms() {
  return {
      {"x − k·min(x, 0)", Sub(X(), Times(NegativePart(X()))), {-1, 0, 1}},
      {"x + k·relu(−x)", Add(X(), Times(Relu(Neg(X())))), {-1, 0, 1}},
      {"k·x + m·|x|, k + m = 1", Add(Times(Abs(X()), kOther), Times(X())), {1, -1, 0, true}},
      {"k·x + m·relu(x), k + m = 1", Add(Times(Relu(X()), kOther), Times(X())), {1, 0, 0, true}},
  };
}

}  // namespace

std::span<const RectifierForm> RectifierForms() {
  static const std::vector<RectifierForm> forms = MakeForms();
  return forms;
}

std::span<const RectifierForm> RelaxedRectifierForms() {
  static const std::vector<RectifierForm> forms = MakeRelaxedForms();
  return forms;
}

}  // namespace rectifier
