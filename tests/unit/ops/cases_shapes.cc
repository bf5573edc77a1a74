#include "tests/unit/ops/operator_cases.h"

namespace rectifier {

OperatorCases ShapeCases() {
  return {
      .accepted =
          {
              {"GivesAllDimensions", {"f32[?, 3, 4]"}, "Shape(%a)", "i64[3]"},
              {"GivesThoseBetween", {"u8[2, 3, 4]"}, "Shape(%a) {start = 1, end = -1}", "i64[1]"},
              {"ClampsBothEnds", {"f16[2, 3]"}, "Shape(%a) {start = -9, end = 9}", "i64[2]"},
              {"MayGiveNothing", {"f32[2, 3]"}, "Shape(%a) {start = 2, end = 1}", "i64[0]"},
              {"TakesAScalar", {"f32[]"}, "Shape(%a)", "i64[0]"},

              {"GivesAScalar", {"bool[?, 3]"}, "Size(%a)", "i64[]"},

              {"CountsUp", {"i64[] = 0", "i64[] = 5", "i64[] = 2"}, "Range(%a, %b, %c)", "i64[3]"},
              {"CountsDown",
               {"i32[] = 5", "i32[1] = 0", "i32[] = -1"},
               "Range(%a, %b, %c)",
               "i32[5]"},
              {"MayBeEmpty",
               {"f32[] = 0", "f32[] = -1", "f32[] = 0.5"},
               "Range(%a, %b, %c)",
               "f32[0]"},

              {"FindsWhatIsNot0", {"i32[2, 3] = [0, 1, 2, 0, 0, 3]"}, "NonZero(%a)", "i64[2, 3]"},
              {"FindsNothing", {"bool[4] = 0"}, "NonZero(%a)", "i64[1, 0]"},
              {"GivesNoCoordinatesOfAScalar", {"f32[] = 2"}, "NonZero(%a)", "i64[0, 1]"},
          },
      .refused =
          {
              {"AStartThatIsAFloat",
               {"f32[2]"},
               "Shape(%a) {start = 1.0}",
               "attribute start: expected an integer"},
              {"AStart",
               {"f32[2]"},
               "Size(%a) {start = 1}",
               "attribute start is not one of this operator"},

              {"AStepOf0",
               {"i64[] = 0", "i64[] = 5", "i64[] = 0"},
               "Range(%a, %b, %c)",
               "from 0 to 5 in steps of 0 is no range of at most 16777216"},
              {"MoreThanIsSensible",
               {"i64[] = 0", "i64[] = 16777217", "i64[] = 1"},
               "Range(%a, %b, %c)",
               "from 0 to 16777217 in steps of 1 is no range of at most 16777216"},
              {"NoNumber",
               {"f32[] = 0", "f32[] = nan", "f32[] = 1"},
               "Range(%a, %b, %c)",
               "from 0 to nan in steps of 1 is no range of at most 16777216"},
              {"ALimitThatIsAList",
               {"i64[] = 0", "i64[2] = 1", "i64[] = 1"},
               "Range(%a, %b, %c)",
               "input 1 (b): expected a scalar of f32, i64 or i32, like the others, got i64[2]"},
              {"NumbersOfTwoTypes",
               {"i64[] = 0", "i32[] = 1", "i64[] = 1"},
               "Range(%a, %b, %c)",
               "input 1 (b): expected a scalar of f32, i64 or i32, like the others, got i32[]"},
              {"Bytes",
               {"u8[] = 0", "u8[] = 1", "u8[] = 1"},
               "Range(%a, %b, %c)",
               "input 0 (a): expected a scalar of f32, i64 or i32, like the others, got u8[]"},

              {"Bytes",
               {"u8[2] = 1"},
               "NonZero(%a)",
               "input 0 (a): expected f32, i64, i32 or bool, got u8"},
          },
      .computed =
          {
              {"IsOfUnknownLengthWhenItIsComputed",
               {"i64[]", "i64[] = 1", "i64[] = 1"},
               "Range(%a, %b, %c)",
               "i64[?]"},
              {"KnowsTheRankOfWhatIsComputed", {"f32[?, 3]"}, "NonZero(%a)", "i64[2, ?]"},
          },
  };
}

}  // namespace rectifier
