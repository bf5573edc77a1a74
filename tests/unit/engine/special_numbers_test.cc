// NaN, infinities, zeros of both signs and numbers at the ends of f32, through the operators that
// compute with single elements and those that reduce: the engine gives what the reference gives.

#include <gtest/gtest.h>

#include <array>
#include <limits>
#include <set>

#include "server/ops/operator_table.h"
#include "tests/reference/kernels.h"
#include "tests/unit/engine/program_testing.h"

namespace rectifier {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

constexpr std::array kSpecials = {kNan,  kInf, -kInf, 0.0F,   -0.0F, 1.0F,   -1.0F, 0.5F,
                                  -2.5F, 3.0F, 80.0F, -80.0F, 1e30F, -1e30F, 1e-30F};
constexpr auto kCount = static_cast<int64_t>(kSpecials.size());

// All of them over and over, from that at `offset` on.
Tensor Specials(const Shape& shape, size_t offset = 0) {
  std::vector<float> values;
  for (int64_t i = 0; i < shape.ElementCount(); ++i) {
    values.push_back(kSpecials[(static_cast<size_t>(i) + offset) % kSpecials.size()]);
  }
  return Tensor::From<float>(shape, values);
}

// Also that an element is NaN in both or in neither.
void ExpectAgrees(std::string_view text, std::vector<Tensor> inputs) {
  SCOPED_TRACE(text);
  const Graph graph = TypedGraph(text);
  const auto program = MustCompile(*NewCompiler(), graph);
  ASSERT_NE(program, nullptr);
  const auto want = RunReference(graph, inputs);
  ASSERT_TRUE(want.ok()) << Message(want.status());
  const std::vector<Tensor> got = RunProgram(*program, inputs);
  ExpectClose(got[0], (*want)[0], 1e-5);
}

std::vector<Tensor> Inputs(Tensor a) {
  std::vector<Tensor> inputs;
  inputs.push_back(std::move(a));
  return inputs;
}

std::vector<Tensor> Inputs(Tensor a, Tensor b) {
  std::vector<Tensor> inputs = Inputs(std::move(a));
  inputs.push_back(std::move(b));
  return inputs;
}

// A Rectifier's slope is a finite number.
bool TakesFloats(const Operator& op) {
  static const std::set<std::string_view> kOthers = {"And", "Not", "Or", "Xor", "Rectifier"};
  return reference::HasFormula(op.name) && !kOthers.contains(op.name);
}

// Each operator is a test of its own.
class SpecialNumbersTest : public ::testing::TestWithParam<std::string> {};

std::vector<std::string> OperatorsOfFloats() {
  std::vector<std::string> operators;
  for (const Operator& op : OperatorTable()) {
    if (TakesFloats(op)) operators.emplace_back(op.name);
  }
  return operators;
}

TEST_P(SpecialNumbersTest, GiveWhatTheReferenceGives) {
  const std::string& op = GetParam();
  if (FindOperator(op)->max_inputs == 1) {
    ExpectAgrees(fmt::format("input %x: f32[4, {}]\n%y = {}(%x)\noutput %y", kCount, op),
                 Inputs(Specials({4, kCount})));
    return;
  }
  // Every one with every other, by broadcasting and written out, and with a single number.
  const Shape all{kCount, kCount};
  const std::string node = fmt::format("%y = {}(%a, %b)\noutput %y", op);
  ExpectAgrees(fmt::format("input %a: f32{}\ninput %b: f32[{}]\n{}", all.ToString(), kCount, node),
               Inputs(Specials(all), Specials({kCount}, 1)));
  for (size_t offset = 0; offset < kSpecials.size(); ++offset) {
    ExpectAgrees(fmt::format("input %a: f32[{}]\ninput %b: f32[{}]\n{}", kCount, kCount, node),
                 Inputs(Specials({kCount}), Specials({kCount}, offset)));
    ExpectAgrees(fmt::format("input %a: f32[{}]\ninput %b: f32[]\n{}", kCount, node),
                 Inputs(Specials({kCount}), Specials({}, offset)));
  }
}

INSTANTIATE_TEST_SUITE_P(All, SpecialNumbersTest, ::testing::ValuesIn(OperatorsOfFloats()),
                         [](const auto& suite) { return suite.param; });

TEST(SpecialNumbersTest, GiveWhatTheReferenceGivesThroughARectifier) {
  for (const char* slope :
       {"f32[] = 0.25", "f32[] = -2.0", "f32[15] = 0.25", "f32[15] = seed(1)"}) {
    ExpectAgrees(fmt::format("input %x: f32[4, {}]\nconst %s: {}\n"
                             "%y = Rectifier(%x, %s) {{origin = \"prelu\"}}\noutput %y",
                             kCount, slope),
                 Inputs(Specials({4, kCount})));
  }
}

TEST(SpecialNumbersTest, StayThroughClipAndWhere) {
  const std::string x = fmt::format("input %x: f32[4, {}]\n", kCount);
  for (const char* bounds : {"%l, %h", "%l", "_, %h"}) {
    ExpectAgrees(fmt::format("{}const %l: f32[] = -0.5\nconst %h: f32[] = 2.0\n"
                             "%y = Clip(%x, {})\noutput %y",
                             x, bounds),
                 Inputs(Specials({4, kCount})));
  }
  ExpectAgrees(x + "input %h: f32[]\n%y = Clip(%x, _, %h)\noutput %y",
               Inputs(Specials({4, kCount}), Specials({}, 5)));
  ExpectAgrees(fmt::format("{}const %z: f32[] = 0.0\n%c = Equal(%x, %x)\n"
                           "%y = Where(%c, %x, %z)\noutput %y",
                           x),
               Inputs(Specials({4, kCount})));
}

TEST(SpecialNumbersTest, GiveWhatTheReferenceGivesThroughReductions) {
  for (const Operator& op : OperatorTable()) {
    if (!op.name.starts_with("Reduce")) continue;
    for (const char* axis : {"0", "1"}) {
      ExpectAgrees(fmt::format("input %x: f32[{}, 7]\nconst %a: i64[1] = {}\n"
                               "%y = {}(%x, %a)\noutput %y",
                               4 * kCount, axis, op.name),
                   Inputs(Specials({4 * kCount, 7})));
      // One alone, so that it is not covered by others.
      ExpectAgrees(fmt::format("input %x: f32[{}, 1]\nconst %a: i64[1] = 1\n"
                               "%y = {}(%x, %a)\noutput %y",
                               kCount, op.name),
                   Inputs(Specials({kCount, 1})));
    }
  }
}

}  // namespace
}  // namespace rectifier
