// Operators whose input has no elements and whose result has some.

#include <gtest/gtest.h>

#include "tests/unit/engine/program_testing.h"

namespace rectifier {
namespace {

TEST(EmptyTensorsTest, AgreeWithTheReferenceWhereTheResultHasElements) {
  for (const char* graph : {
           "input %a: f32[2, 0]\ninput %b: f32[0, 3]\n%y = MatMul(%a, %b)\noutput %y\n",
           "input %a: f32[2, 4, 0]\ninput %b: f32[2, 0, 3]\n%y = MatMul(%a, %b)\noutput %y\n",
           "input %a: f32[0]\ninput %b: f32[0]\n%y = MatMul(%a, %b)\noutput %y\n",
           "input %a: f32[2, 0]\nconst %b: f32[0, 3] = []\n%y = MatMul(%a, %b)\noutput %y\n",
           "input %a: f32[2, 0]\ninput %b: f32[0, 3]\n%y = Gemm(%a, %b)\noutput %y\n",
           "input %a: f32[2, 0]\nconst %b: f32[0, 3] = []\nconst %c: f32[3] = seed(1)\n"
           "%y = Gemm(%a, %b, %c)\noutput %y\n",
           "input %a: f32[0, 2]\nconst %b: f32[3, 0] = []\nconst %c: f32[2, 1] = seed(1)\n"
           "%y = Gemm(%a, %b, %c) {transA = 1, transB = 1, beta = 2.0}\noutput %y\n",
           "input %x: f32[2, 0, 4]\ninput %z: f32[2, 3, 4]\n%y = Concat(%x, %z) {axis = 1}\n"
           "output %y\n",
           "input %a: f32[2, 0]\ninput %b: f32[0, 3]\ninput %c: f32[3]\n"
           "%y = Gemm(%a, %b, %c) {alpha = 2.0}\noutput %y\n",
           "input %a: f32[2, 0]\nconst %b: f32[0, 3] = []\nconst %s: f32[] = 0.5\n"
           "%y = MatMul(%a, %b) -> Rectifier(%s)\noutput %y\n",
           "input %x: f32[2, 0]\n%y = Shape(%x)\n%n = Size(%x)\noutput %y\noutput %n\n",
       }) {
    ExpectAgreesWithReference(graph);
  }
}

}  // namespace
}  // namespace rectifier
