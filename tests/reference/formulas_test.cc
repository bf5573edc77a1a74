// The formulas of single elements and the normalizations, against results that were worked out by
// hand.

#include <gtest/gtest.h>

#include "tests/reference/examples.h"

namespace rectifier {
namespace {

TEST(ReferenceFormulasTest, OneOperand) {
  const std::string x = "const %x: f32[3] = [-2.0, 0.5, 3.0]\n";
  ExpectExamples({
      {"Abs", x, "Abs(%x)", "f32[3] 2, 0.5, 3"},
      {"Ceil", x, "Ceil(%x)", "f32[3] -2, 1, 3"},
      {"Celu", x, "Celu(%x) {alpha = 2.0}", "f32[3] -1.264, 0.5, 3"},
      {"Elu", x, "Elu(%x) {alpha = 2.0}", "f32[3] -1.729, 0.5, 3"},
      {"Erf", x, "Erf(%x)", "f32[3] -0.9953, 0.5205, 1"},
      {"Exp", x, "Exp(%x)", "f32[3] 0.1353, 1.649, 20.09"},
      {"Floor", x, "Floor(%x)", "f32[3] -2, 0, 3"},
      {"Gelu", x, "Gelu(%x)", "f32[3] -0.0455, 0.3457, 2.996"},
      {"Gelu by tanh", x, "Gelu(%x) {approximate = \"tanh\"}", "f32[3] -0.0454, 0.3457, 2.996"},
      {"HardSigmoid", x, "HardSigmoid(%x)", "f32[3] 0.1, 0.6, 1"},
      {"HardSwish", x, "HardSwish(%x)", "f32[3] -0.3333, 0.2917, 3"},
      {"Log", x, "Log(%x)", "f32[3] nan, -0.6931, 1.099"},
      {"Mish", x, "Mish(%x)", "f32[3] -0.2525, 0.3752, 2.987"},
      {"Neg", x, "Neg(%x)", "f32[3] 2, -0.5, -3"},
      {"Reciprocal", x, "Reciprocal(%x)", "f32[3] -0.5, 2, 0.3333"},
      {"Round", "const %x: f32[4] = [0.5, 1.5, -0.5, 2.6]", "Round(%x)", "f32[4] 0, 2, -0, 3"},
      {"Selu", x, "Selu(%x)", "f32[3] -1.52, 0.5254, 3.152"},
      {"Sign", x, "Sign(%x)", "f32[3] -1, 1, 1"},
      {"Softplus", x, "Softplus(%x)", "f32[3] 0.1269, 0.9741, 3.049"},
      {"Softsign", x, "Softsign(%x)", "f32[3] -0.6667, 0.3333, 0.75"},
      {"Sqrt", x, "Sqrt(%x)", "f32[3] nan, 0.7071, 1.732"},
      {"Tan", x, "Tan(%x)", "f32[3] 2.185, 0.5463, -0.1425"},
      {"ThresholdedRelu", x, "ThresholdedRelu(%x)", "f32[3] 0, 0, 3"},
      {"Not", "const %x: bool[2] = [0, 1]", "Not(%x)", "bool[2] 1, 0"},
      {"bytes wrap around", "const %x: u8[2] = [0, 3]", "Neg(%x)", "u8[2] 0, 253"},
  });
}

TEST(ReferenceFormulasTest, TwoOperands) {
  const std::string i = "const %a: i64[4] = [7, -7, 7, -7]\nconst %b: i64[4] = [2, 2, -2, 0]\n";
  const std::string f = "const %a: f32[2] = [1.0, nan]\nconst %b: f32[2] = [2.0, 2.0]\n";
  const std::string t = "const %a: bool[4] = [0, 0, 1, 1]\nconst %b: bool[4] = [0, 1, 0, 1]\n";
  ExpectExamples({
      {"integers are divided towards 0, and by 0 to 0", i, "Div(%a, %b)", "i64[4] 3, -3, -3, 0"},
      {"Mod", i, "Mod(%a, %b)", "i64[4] 1, 1, -1, 0"},
      {"fmod", i, "Mod(%a, %b) {fmod = 1}", "i64[4] 1, -1, 1, 0"},
      {"Sub", i, "Sub(%a, %b)", "i64[4] 5, -9, 9, -7"},
      {"Max", i, "Max(%a, %b)", "i64[4] 7, 2, 7, 0"},
      {"Max keeps NaN", f, "Max(%a, %b)", "f32[2] 2, nan"},
      {"Min keeps NaN", f, "Min(%b, %a)", "f32[2] 1, nan"},
      {"Pow", f, "Pow(%b, %b)", "f32[2] 4, 4"},
      {"Less", i, "Less(%a, %b)", "bool[4] 0, 1, 0, 1"},
      {"GreaterOrEqual", i, "GreaterOrEqual(%a, %a)", "bool[4] 1, 1, 1, 1"},
      {"NaN is equal to nothing", f, "Equal(%a, %a)", "bool[2] 1, 0"},
      {"And", t, "And(%a, %b)", "bool[4] 0, 0, 0, 1"},
      {"Or", t, "Or(%a, %b)", "bool[4] 0, 1, 1, 1"},
      {"Xor", t, "Xor(%a, %b)", "bool[4] 0, 1, 1, 0"},
  });
}

TEST(ReferenceFormulasTest, ChoicesAndCasts) {
  ExpectExamples({
      {"Where", "const %c: bool[2, 1] = [1, 0]\nconst %a: i8[2] = [1, 2]\nconst %b: i8[] = 9",
       "Where(%c, %a, %b)", "i8[2, 2] 1, 2, 9, 9"},
      {"Clip", "const %x: i64[3] = [-5, 0, 5]\nconst %l: i64[] = -1\nconst %h: i64[] = 2",
       "Clip(%x, %l, %h)", "i64[3] -1, 0, 2"},
      {"the upper bound wins",
       "const %x: f32[1] = 0.0\nconst %l: f32[] = 3.0\nconst %h: f32[] = 2.0", "Clip(%x, %l, %h)",
       "f32[1] 2"},
      {"Cast cuts off and saturates", "const %x: f32[5] = [1.9, -1.9, 300.0, -300.0, nan]",
       "Cast(%x) {to = \"i8\"}", "i8[5] 1, -1, 127, -128, 0"},
      {"Cast of integers wraps around", "const %x: i64[2] = [300, -1]", "Cast(%x) {to = \"u8\"}",
       "u8[2] 44, 255"},
      {"Cast to bool", "const %x: f32[3] = [0.0, -0.5, nan]", "Cast(%x) {to = \"bool\"}",
       "bool[3] 0, 1, 1"},
      {"Cast to halves", "const %x: f32[2] = [1.0, 2049.0]", "Cast(%x) {to = \"f16\"}",
       "f16[2] 1, 2048"},
  });
}

TEST(ReferenceFormulasTest, Normalizations) {
  const std::string x = "const %x: f32[1, 2, 2] = [1.0, 3.0, 10.0, 30.0]\n";
  const std::string ab = "const %a: f32[2] = [1.0, 2.0]\nconst %b: f32[2] = [0.0, 5.0]\n";
  ExpectExamples({
      {"every channel by itself", x + ab, "InstanceNormalization(%x, %a, %b) {epsilon = 3.0}",
       "f32[1, 2, 2] -0.5, 0.5, 3.029, 6.971"},
      {"channels together", x + ab, "GroupNormalization(%x, %a, %b) {num_groups = 1}",
       "f32[1, 2, 2] -0.872, -0.6976, 4.826, 8.314"},
      {"a scale for every group", x + "const %a: f32[1] = 10.0\nconst %b: f32[1] = 1.0",
       "GroupNormalization(%x, %a, %b) {num_groups = 1}",
       "f32[1, 2, 2] -7.72, -5.976, 0.128, 17.57"},
      {"rows, with their mean and deviation", x + ab,
       "LayerNormalization(%x, %a, %b) {epsilon = 3.0}",
       "f32[1, 2, 2] -0.5, 6, -0.9853, 6.971; f32[1, 2, 1] 2, 20; f32[1, 2, 1] 0.5, 0.09853",
       "%y, %z, %v"},
      {"neighbouring channels", "const %x: f32[1, 3] = [1.0, 2.0, 3.0]",
       "LRN(%x) {size = 3, alpha = 3.0, beta = 1.0, bias = 1.0}",
       "f32[1, 3] 0.1667, 0.1333, 0.2143"},
      {"LogSoftmax", "const %x: f32[2] = [0.0, 1000.0]", "LogSoftmax(%x)", "f32[2] -1000, 0"},
      {"LpPool", "const %x: f32[1, 1, 3] = [-3.0, 4.0, 1.0]", "LpPool(%x) {kernel_shape = [2]}",
       "f32[1, 1, 2] 5, 4.123"},
      {"LpPool of p", "const %x: f32[1, 1, 2] = [-3.0, 4.0]",
       "LpPool(%x) {kernel_shape = [2], p = 1}", "f32[1, 1, 1] 7"},
      {"an average that counts the padding but not what hangs over",
       "const %x: f32[1, 1, 4] = [1.0, 2.0, 3.0, 4.0]",
       "AveragePool(%x) {kernel_shape = [3], strides = [3], pads = [1, 0], ceil_mode = 1, "
       "count_include_pad = 1}",
       "f32[1, 1, 2] 1, 3.5"},
  });
}

}  // namespace
}  // namespace rectifier
