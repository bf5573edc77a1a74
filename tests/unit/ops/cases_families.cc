// Cases of operators of which there are many alike: they hold for every one that the table infers
// in the same way.

#include <fmt/format.h>

#include "server/ops/elementwise.h"
#include "server/ops/operator_table.h"
#include "server/ops/reduce.h"
#include "tests/unit/ops/operator_cases.h"

namespace rectifier {
namespace {

struct Family {
  absl::Status (*infer)(NodeTypes& types);
  OperatorCases (*cases)(const std::string& op);
};

OperatorCases FloatUnary(const std::string& op) {
  const std::string node = op + "(%a)";
  return {
      .accepted =
          {
              {"KeepsADynamicShape", {"f32[?, 4]"}, node, "f32[?, 4]"},
              {"TakesAScalarAlone", {"f32[]"}, node, "f32[]"},
              {"TakesNothing", {"f32[0, 4]"}, node, "f32[0, 4]"},
          },
      .refused =
          {
              {"Integers", {"i64[2]"}, node, "input 0 (a): expected f32, got i64"},
              {"Bools", {"bool[2]"}, node, "input 0 (a): expected f32, got bool"},
              {"Doubles", {"f64[2]"}, node, "input 0 (a): expected f32, got f64"},
          },
  };
}

OperatorCases NumericUnary(const std::string& op) {
  const std::string node = op + "(%a)";
  return {
      .accepted =
          {
              {"KeepsADynamicShape", {"f32[?, 4]"}, node, "f32[?, 4]"},
              {"TakesLongIntegers", {"i64[?]"}, node, "i64[?]"},
              {"TakesIntegers", {"i32[]"}, node, "i32[]"},
              {"TakesShortIntegers", {"i8[3]"}, node, "i8[3]"},
              {"TakesBytes", {"u8[3]"}, node, "u8[3]"},
          },
      .refused =
          {
              {"Bools",
               {"bool[2]"},
               node,
               "input 0 (a): expected f32, i64, i32, i8 or u8, got bool"},
              {"Halves",
               {"f16[2]"},
               node,
               "input 0 (a): expected f32, i64, i32, i8 or u8, got f16"},
          },
  };
}

// What two operands that broadcast have in common; the result is of the type `to`, or of theirs.
OperatorCases BroadcastOf(const std::string& op, const std::string& type, const std::string& to) {
  const std::string node = op + "(%a, %b)";
  const auto shape = [&](const std::string& dims) { return type + dims; };
  return {
      .accepted =
          {
              {"BroadcastsBothOf" + type,
               {shape("[?, 2, 1]"), shape("[1, 3]")},
               node,
               to + "[?, 2, 3]"},
              {"TakesTwoScalarsOf" + type, {shape("[]"), shape("[]")}, node, to + "[]"},
              {"BroadcastsToNothingOf" + type,
               {shape("[0, 3]"), shape("[1, 1]")},
               node,
               to + "[0, 3]"},
          },
      .refused =
          {
              {"ShapesOf" + type + "ThatDoNotBroadcast",
               {shape("[2, 3]"), shape("[2]")},
               node,
               "shapes [2, 3] and [2] do not broadcast"},
          },
  };
}

void Append(OperatorCases& all, const OperatorCases& more) {
  all.accepted.insert(all.accepted.end(), more.accepted.begin(), more.accepted.end());
  all.refused.insert(all.refused.end(), more.refused.begin(), more.refused.end());
  all.computed.insert(all.computed.end(), more.computed.begin(), more.computed.end());
}

OperatorCases NumericBinary(const std::string& op) {
  const std::string node = op + "(%a, %b)";
  OperatorCases cases = {
      .accepted = {},
      .refused =
          {
              {"NumbersOfTwoTypes",
               {"f32[2]", "i64[2]"},
               node,
               "input 1 (b): expected f32 like input 0, got i64"},
              {"IntegersOfTwoSizes",
               {"i64[2]", "i32[2]"},
               node,
               "input 1 (b): expected i64 like input 0, got i32"},
              {"Bools",
               {"bool[2]", "bool[2]"},
               node,
               "input 0 (a): expected f32, i64, i32, i8 or u8, got bool"},
              {"Doubles",
               {"f64[2]", "f64[2]"},
               node,
               "input 0 (a): expected f32, i64, i32, i8 or u8, got f64"},
          },
  };
  for (const char* type : {"f32", "i64", "i32", "i8", "u8"}) {
    Append(cases, BroadcastOf(op, type, type));
  }
  return cases;
}

OperatorCases Comparison(const std::string& op) {
  OperatorCases cases = {
      .accepted = {},
      .refused =
          {
              {"NumbersOfTwoTypes",
               {"f32[2]", "bool[2]"},
               op + "(%a, %b)",
               "input 1 (b): expected f32 like input 0, got bool"},
              {"Doubles",
               {"f64[2]", "f64[2]"},
               op + "(%a, %b)",
               "input 0 (a): expected f32, i64, i32, i8 or u8, got f64"},
          },
  };
  for (const char* type : {"f32", "i64", "i32", "i8", "u8", "bool"}) {
    Append(cases, BroadcastOf(op, type, "bool"));
  }
  return cases;
}

OperatorCases Logical(const std::string& op) {
  OperatorCases cases = BroadcastOf(op, "bool", "bool");
  cases.refused.push_back({"AFirstInputOfNumbers",
                           {"u8[2]", "bool[2]"},
                           op + "(%a, %b)",
                           "input 0 (a): expected bool, got u8"});
  cases.refused.push_back({"ASecondInputOfNumbers",
                           {"bool[2]", "f32[2]"},
                           op + "(%a, %b)",
                           "input 1 (b): expected bool, got f32"});
  return cases;
}

OperatorCases Reduction(const std::string& op) {
  const std::string with_axes = op + "(%a, %b)";
  return {
      .accepted =
          {
              {"ReducesEverything", {"f32[?, 3, 4]"}, op + "(%a)", "f32[1, 1, 1]"},
              {"ReducesEverythingToAScalar", {"f32[2, 3, 4]"}, op + "(%a) {keepdims = 0}", "f32[]"},
              {"ReducesTheAxesThatAreNamed",
               {"f32[?, 3, 4]", "i64[2] = [-1, 1]"},
               with_axes,
               "f32[?, 1, 1]"},
              {"TakesTheReducedDimensionsAway",
               {"i64[?, 3, 4]", "i64[1] = 1"},
               with_axes + " {keepdims = 0}",
               "i64[?, 4]"},
              {"ReducesEverythingForAnEmptyList",
               {"i32[2, 3]", "i64[0] = []"},
               with_axes,
               "i32[1, 1]"},
              {"MayReduceNothingForAnEmptyList",
               {"i32[2, 3]", "i64[0] = []"},
               with_axes + " {noop_with_empty_axes = 1}",
               "i32[2, 3]"},
              {"MayReduceNothingWithoutAList",
               {"f32[2, 3]"},
               op + "(%a) {noop_with_empty_axes = 1}",
               "f32[2, 3]"},
              {"ReducesNothingToSomething", {"f32[0, 3]", "i64[1] = 0"}, with_axes, "f32[1, 3]"},
              {"TakesAScalarAlone", {"f32[]"}, op + "(%a)", "f32[]"},
          },
      .refused =
          {
              {"Bytes", {"u8[2]"}, op + "(%a)", "input 0 (a): expected f32, i64 or i32, got u8"},
              {"AnAxisPastTheLast",
               {"f32[2, 3]", "i64[1] = 2"},
               with_axes,
               "input 1: expected a value in [-2, 2), got 2"},
              {"AxesOfFloats",
               {"f32[2, 3]", "f32[1] = 1"},
               with_axes,
               "input 1 (b): expected a list of i64, got f32[1]"},
              {"AKeepdimsOf2",
               {"f32[2]"},
               op + "(%a) {keepdims = 2}",
               "attribute keepdims: expected 0 or 1, got 2"},
              {"MoreAxesThanDimensions",
               {"f32[2]", "i64[2]"},
               with_axes + " {keepdims = 0}",
               "input 1 (b): 2 axes of a tensor of rank 1"},
              {"AxesOfUnknownNumber",
               {"f32[2]", "i64[?]"},
               with_axes,
               "input 1 (b): a list of unknown length",
               absl::StatusCode::kUnimplemented},
          },
      .computed =
          {
              {"KnowsTheRankBesideComputedAxes",
               {"f32[2, 3, 4]", "i64[2]"},
               with_axes + " {keepdims = 0}",
               "f32[?]"},
              {"KnowsTheRankThatItKeeps", {"f32[2, 3]", "i64[2]"}, with_axes, "f32[?, ?]"},
          },
  };
}

OperatorCases ArgReduction(const std::string& op) {
  const std::string node = op + "(%a)";
  return {
      .accepted =
          {
              {"TakesTheFirstAxisByDefault", {"f32[2, ?]"}, node, "i64[1, ?]"},
              {"CountsAnAxisFromTheEnd", {"i32[?, 3]"}, node + " {axis = -1}", "i64[?, 1]"},
              {"MayTakeTheDimensionAway",
               {"i64[2, 3]"},
               node + " {axis = 1, keepdims = 0, select_last_index = 1}",
               "i64[2]"},
              {"TakesNothing", {"f32[0, 3]"}, node + " {axis = 1}", "i64[0, 1]"},
          },
      .refused =
          {
              {"AnAxisPastTheLast",
               {"f32[2]"},
               node + " {axis = 1}",
               "attribute axis: expected a value in [-1, 1), got 1"},
              {"AScalarAlone",
               {"f32[]"},
               node,
               "attribute axis: expected a value in [0, 0), got 0"},
              {"AnEmptyDimension", {"f32[2, 0]"}, node + " {axis = 1}", "dimension 1 is empty"},
              {"Bytes", {"u8[2]"}, node, "input 0 (a): expected f32, i64 or i32, got u8"},
          },
  };
}

constexpr Family kFamilies[] = {
    {InferFloatUnary, FloatUnary},
    {InferNumericUnary, NumericUnary},
    {InferNumericBinary, NumericBinary},
    {InferComparison, Comparison},
    {InferLogical, Logical},
    {InferReduce, Reduction},
    {InferArgReduce, ArgReduction},
};

}  // namespace

OperatorCases FamilyCases() {
  OperatorCases all;
  for (const Operator& op : OperatorTable()) {
    for (const Family& family : kFamilies) {
      if (family.infer == op.infer) Append(all, family.cases(std::string(op.name)));
    }
  }
  return all;
}

}  // namespace rectifier
