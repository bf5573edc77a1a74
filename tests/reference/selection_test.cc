// Operators that choose, repeat, reduce and resize, against results that were worked out by hand.

#include <gtest/gtest.h>

#include "tests/reference/examples.h"

namespace rectifier {
namespace {

TEST(ReferenceSelectionTest, Slices) {
  const std::string x = "const %x: f32[5] = [0.0, 1.0, 2.0, 3.0, 4.0]\n";
  const auto lists = [](const char* start, const char* end, const char* step) {
    return fmt::format("const %s: i64[1] = {}\nconst %e: i64[1] = {}\nconst %d: i64[1] = {}\n",
                       start, end, step);
  };
  const char* node = "Slice(%x, %s, %e, _, %d)";
  ExpectExamples({
      {"forwards", x + lists("1", "4", "1"), node, "f32[3] 1, 2, 3"},
      {"from the end", x + lists("-2", "9", "1"), node, "f32[2] 3, 4"},
      {"with a step", x + lists("0", "5", "2"), node, "f32[3] 0, 2, 4"},
      {"backwards", x + lists("-1", "-9223372036854775808", "-2"), node, "f32[3] 4, 2, 0"},
      {"backwards from beyond", x + lists("9", "2", "-1"), node, "f32[2] 4, 3"},
      {"backwards from before", x + lists("-9", "-9", "-1"), node, "f32[1] 0"},
      {"a step out of the dimension", x + lists("1", "5", "9223372036854775807"), node, "f32[1] 1"},
      {"nothing", x + lists("3", "1", "1"), node, "f32[0]"},
      {"along an axis",
       "const %x: i64[2, 3] = [1, 2, 3, 4, 5, 6]\nconst %s: i64[1] = 1\nconst %e: i64[1] = 3\n"
       "const %a: i64[1] = -1",
       "Slice(%x, %s, %e, %a)", "i64[2, 2] 2, 3, 5, 6"},
  });
}

TEST(ReferenceSelectionTest, SplitsAndGathers) {
  const std::string x = "const %x: i32[2, 3] = [1, 2, 3, 4, 5, 6]\n";
  ExpectExamples({
      {"equal parts but the last", x, "Split(%x) {axis = 1}",
       "i32[2, 2] 1, 2, 4, 5; i32[2, 1] 3, 6", "%y, %z"},
      {"sizes", x + "const %s: i64[3] = [0, 2, 1]", "Split(%x, %s) {axis = -1}",
       "i32[2, 0]; i32[2, 2] 1, 2, 4, 5; i32[2, 1] 3, 6", "%y, %z, %v"},
      {"rows", x + "const %i: i64[2] = [1, -2]", "Gather(%x, %i)", "i32[2, 3] 4, 5, 6, 1, 2, 3"},
      {"columns", x + "const %i: i32[1, 2] = [2, 0]", "Gather(%x, %i) {axis = 1}",
       "i32[2, 1, 2] 3, 1, 6, 4"},
      {"a column", x + "const %i: i64[] = 1", "Gather(%x, %i) {axis = 1}", "i32[2] 2, 5"},
  });
}

TEST(ReferenceSelectionTest, RepeatsAndRearranges) {
  const std::string x = "const %x: i64[2, 1] = [1, 2]\n";
  const std::string depth = "const %x: i64[1, 8, 1, 1] = [0, 1, 2, 3, 4, 5, 6, 7]\n";
  ExpectExamples({
      {"Expand", x + "const %s: i64[3] = [2, 1, 2]", "Expand(%x, %s)",
       "i64[2, 2, 2] 1, 1, 2, 2, 1, 1, 2, 2"},
      {"Tile", x + "const %r: i64[2] = [2, 3]", "Tile(%x, %r)",
       "i64[4, 3] 1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2"},
      {"DepthToSpace by depth", depth, "DepthToSpace(%x) {blocksize = 2}",
       "i64[1, 2, 2, 2] 0, 2, 4, 6, 1, 3, 5, 7"},
      {"DepthToSpace by column", depth, "DepthToSpace(%x) {blocksize = 2, mode = \"CRD\"}",
       "i64[1, 2, 2, 2] 0, 1, 2, 3, 4, 5, 6, 7"},
      {"SpaceToDepth", "const %x: i64[1, 2, 2, 2] = [0, 2, 4, 6, 1, 3, 5, 7]",
       "SpaceToDepth(%x) {blocksize = 2}", "i64[1, 8, 1, 1] 0, 1, 2, 3, 4, 5, 6, 7"},
      {"Squeeze", x, "Squeeze(%x)", "i64[2] 1, 2"},
      {"Unsqueeze", x + "const %a: i64[2] = [0, -1]", "Unsqueeze(%x, %a)", "i64[1, 2, 1, 1] 1, 2"},
  });
}

TEST(ReferenceSelectionTest, Pads) {
  const std::string x = "const %x: i64[3] = [1, 2, 3]\nconst %p: i64[2] = [3, 4]\n";
  ExpectExamples({
      {"edge", x, "Pad(%x, %p) {mode = \"edge\"}", "i64[10] 1, 1, 1, 1, 2, 3, 3, 3, 3, 3"},
      {"reflect", x, "Pad(%x, %p) {mode = \"reflect\"}", "i64[10] 2, 3, 2, 1, 2, 3, 2, 1, 2, 3"},
      {"wrap", x, "Pad(%x, %p) {mode = \"wrap\"}", "i64[10] 1, 2, 3, 1, 2, 3, 1, 2, 3, 1"},
      {"axes",
       "const %x: i64[1, 2] = [1, 2]\nconst %p: i64[2] = [1, 0]\nconst %v: i64[] = 9\n"
       "const %a: i64[1] = -1",
       "Pad(%x, %p, %v, %a)", "i64[1, 3] 9, 1, 2"},
  });
}

TEST(ReferenceSelectionTest, ShapesAndRanges) {
  const std::string x = "const %x: f32[2, 3, 4] = 1.0\n";
  ExpectExamples({
      {"Shape", x, "Shape(%x)", "i64[3] 2, 3, 4"},
      {"part of it", x, "Shape(%x) {start = -2, end = 9}", "i64[2] 3, 4"},
      {"Size", x, "Size(%x)", "i64[] 24"},
      {"Range", "const %a: i64[] = 5\nconst %b: i64[] = -1\nconst %c: i64[] = -3",
       "Range(%a, %b, %c)", "i64[2] 5, 2"},
      {"Range of floats", "const %a: f32[] = 0.0\nconst %b: f32[] = 1.0\nconst %c: f32[] = 0.4",
       "Range(%a, %b, %c)", "f32[3] 0, 0.4, 0.8"},
      {"NonZero", "const %x: bool[2, 2] = [1, 0, 1, 1]", "NonZero(%x)",
       "i64[2, 3] 0, 1, 1, 0, 0, 1"},
  });
}

TEST(ReferenceSelectionTest, Reductions) {
  const std::string x = "const %x: f32[2, 3] = [1.0, -2.0, 2.0, 4.0, 5.0, 6.0]\n";
  const std::string one = x + "const %a: i64[1] = 1\n";
  const std::string i = "const %x: i64[3] = [-3, -4, 9]\n";
  ExpectExamples({
      {"sum", one, "ReduceSum(%x, %a)", "f32[2, 1] 1, 15"},
      {"without the dimension", one, "ReduceSum(%x, %a) {keepdims = 0}", "f32[2] 1, 15"},
      {"of everything", x, "ReduceSum(%x) {keepdims = 0}", "f32[] 16"},
      {"of nothing", x, "ReduceSumSquare(%x) {noop_with_empty_axes = 1}",
       "f32[2, 3] 1, 4, 4, 16, 25, 36"},
      {"mean", one, "ReduceMean(%x, %a)", "f32[2, 1] 0.3333, 5"},
      {"maximum", one, "ReduceMax(%x, %a)", "f32[2, 1] 2, 6"},
      {"minimum", one, "ReduceMin(%x, %a)", "f32[2, 1] -2, 4"},
      {"product", one, "ReduceProd(%x, %a)", "f32[2, 1] -4, 120"},
      {"L1", one, "ReduceL1(%x, %a)", "f32[2, 1] 5, 15"},
      {"L2", one, "ReduceL2(%x, %a)", "f32[2, 1] 3, 8.775"},
      {"logarithm of a sum", one, "ReduceLogSum(%x, %a)", "f32[2, 1] 0, 2.708"},
      {"logarithm of a sum of powers", one, "ReduceLogSumExp(%x, %a)", "f32[2, 1] 2.327, 6.408"},
      {"integers are truncated", "const %x: i64[2] = [-3, -4]", "ReduceMean(%x)", "i64[1] -3"},
      {"the largest", i, "ArgMax(%x)", "i64[1] 2"},
      {"the smallest", i, "ArgMin(%x) {keepdims = 0}", "i64[] 1"},
      {"the first of equal ones", "const %x: i64[3] = 7", "ArgMax(%x)", "i64[1] 0"},
      {"the last of equal ones", "const %x: i64[3] = 7", "ArgMax(%x) {select_last_index = 1}",
       "i64[1] 2"},
  });
}

TEST(ReferenceSelectionTest, Resizes) {
  const std::string x = "const %x: f32[2] = [1.0, 2.0]\nconst %s: f32[1] = 2.0\n";
  const std::string five = "const %x: f32[5] = [1.0, 2.0, 3.0, 4.0, 5.0]\n";
  const std::string four = "const %x: f32[4] = [1.0, 2.0, 3.0, 4.0]\n";
  ExpectExamples({
      {"nearest", x, "Resize(%x, _, %s)", "f32[4] 1, 1, 2, 2"},
      {"linear", x, "Resize(%x, _, %s) {mode = \"linear\"}", "f32[4] 1, 1.25, 1.75, 2"},
      {"aligned corners", x,
       "Resize(%x, _, %s) {mode = \"linear\", coordinate_transformation_mode = \"align_corners\"}",
       "f32[4] 1, 1.333, 1.667, 2"},
      {"asymmetric", x,
       "Resize(%x, _, %s) {mode = \"linear\", coordinate_transformation_mode = \"asymmetric\"}",
       "f32[4] 1, 1.5, 2, 2"},
      {"halves go up", five + "const %n: i64[1] = 10",
       "Resize(%x, _, _, %n) {coordinate_transformation_mode = \"asymmetric\", nearest_mode = "
       "\"round_prefer_ceil\"}",
       "f32[10] 1, 2, 2, 3, 3, 4, 4, 5, 5, 5"},
      {"cubic", four + "const %s: f32[1] = 2.0", "Resize(%x, _, %s) {mode = \"cubic\"}",
       "f32[8] 0.8945, 1.191, 1.668, 2.297, 2.703, 3.332, 3.809, 4.105"},
      {"antialiased", four + "const %n: i64[1] = 2",
       "Resize(%x, _, _, %n) {mode = \"linear\", antialias = 1}", "f32[2] 1.625, 3.375"},
      {"cropped", four + "const %r: f32[2] = [-0.5, 1.0]\nconst %n: i64[1] = 4",
       "Resize(%x, %r, _, %n) {mode = \"linear\", coordinate_transformation_mode = "
       "\"tf_crop_and_resize\", extrapolation_value = 9.0}",
       "f32[4] 9, 1, 2.5, 4"},
  });
}

}  // namespace
}  // namespace rectifier
