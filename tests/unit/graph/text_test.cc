#include "server/graph/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The text of the graph that `text` describes, or the error.
std::string Reprinted(std::string_view text, const PrintOptions& options = {}) {
  const auto graph = ParseGraph(text);
  return graph.ok() ? PrintGraph(*graph, options) : StatusText(graph);
}

TEST(GraphTextTest, WhatIsPrintedReadsBackAsItself) {
  constexpr char kText[] = R"(graph "digits"
input %image: f32[?, 1, 8, 8]
input %flag: bool[]
const %w: f32[2, 1, 2, 2] = [1.0, -2.5, 0.1, 3e-30, 5.0, 6.0, 7.0, 8.0]
const %slope: f32[] = 0.1
const %shape: i64[2] = [0, -1]
const %small: i32[3] = [1, 2, 3]
const %bytes: u8[2] = [0, 255]
const %signed: i8[2] = [-128, 127]
const %mask: bool[2] = [1, 0]
%y: f32[?, 2, 8, 8] = Conv(%image, %w, _) {auto_pad = "SAME_UPPER", group = 1} @"conv_1" -> Rectifier(%slope) @"act_1"
%a, _, %b = Split(%y, %shape, %small, %bytes, %signed, %mask, %flag) {alpha = 0.5, axes = [1, 2], scales = [1.0, 2.0]}
%c, _ = Split(%a) @"second" -> Add(%b) {beta = 2.0} -> Rectifier(%slope) {origin = "prelu"} @"third"
output %c
output "logits" = %y
)";
  EXPECT_EQ(Reprinted(kText), kText);
}

TEST(GraphTextTest, SpacesCommentsAndEmptyLinesMeanNothing) {
  EXPECT_EQ(Reprinted("  # a comment\n\n\tinput   %x :f32[ 2,3 ]   # another\n"
                      "%y=Conv( %x ,_ ){ pads=[1,1] }->Rectifier(%x)@\"n\"\noutput %y"),
            R"(graph ""
input %x: f32[2, 3]
%y = Conv(%x, _) {pads = [1, 1]} -> Rectifier(%x) @"n"
output %y
)");
}

TEST(GraphTextTest, OneNumberStandsForAllElementsOfAConstant) {
  const auto graph =
      ParseGraph("const %c: f32[3] = 0.25\nconst %i: i64[2] = -1\noutput %c\noutput %i");
  ASSERT_TRUE(graph.ok()) << Message(graph.status());
  EXPECT_THAT(graph->constant(0)->data<float>(), ElementsAre(0.25F, 0.25F, 0.25F));
  EXPECT_THAT(graph->constant(1)->data<int64_t>(), ElementsAre(-1, -1));
  EXPECT_THAT(PrintGraph(*graph), HasSubstr("const %c: f32[3] = 0.25\n"));
}

TEST(GraphTextTest, FloatsReadBackWithTheSameBits) {
  constexpr float kMin = std::numeric_limits<float>::denorm_min();
  constexpr float kMax = std::numeric_limits<float>::max();
  const std::vector<float> values = {0.1F,
                                     1.0F / 3,
                                     1e20F,
                                     -0.0F,
                                     1.0F,
                                     16777216.0F,
                                     kMin,
                                     kMax,
                                     1.5e-10F,
                                     -kMax,
                                     std::nextafter(1.0F, 2.0F)};
  Graph graph;
  const auto n = static_cast<int64_t>(values.size());
  graph.outputs().push_back({"c", graph.AddConstant("c", Tensor::From<float>({n}, values))});
  const auto read = ParseGraph(PrintGraph(graph));
  ASSERT_TRUE(read.ok()) << Message(read.status());
  const auto bytes = read->constant(0)->bytes();
  EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), graph.constant(0)->bytes().begin()));
}

TEST(GraphTextTest, InfinityAndNanHaveNames) {
  const auto graph = ParseGraph(
      "const %c: f32[3] = [inf, -inf, nan]\n"
      "%y = Op(%c) {a = inf, b = nan}\noutput %y");
  ASSERT_TRUE(graph.ok()) << Message(graph.status());
  EXPECT_TRUE(std::isnan(graph->constant(0)->data<float>()[2]));
  EXPECT_THAT(PrintGraph(*graph), HasSubstr("[inf, -inf, nan]"));
  EXPECT_THAT(PrintGraph(*graph), HasSubstr("{a = inf, b = nan}"));
}

TEST(GraphTextTest, IntegersReadBackToTheirLimits) {
  constexpr char kText[] =
      "graph \"\"\nconst %c: i64[2] = [9223372036854775807, -9223372036854775808]\noutput %c\n";
  EXPECT_EQ(Reprinted(kText), kText);
}

TEST(GraphTextTest, NegativeZeroIsNotTakenForZero) {
  EXPECT_THAT(Reprinted("const %c: f32[2] = [0.0, -0.0]\noutput %c"), HasSubstr("[0.0, -0.0]"));
}

TEST(GraphTextTest, LargeConstantsAreElided) {
  constexpr char kText[] = "const %c: f32[17] = seed(1)\noutput %c\n";
  EXPECT_THAT(Reprinted(kText), HasSubstr("const %c: f32[17] = elided\n"));
  EXPECT_THAT(Reprinted(kText, {.max_constant_elements = 17}), HasSubstr("f32[17] = [0.133"));
  EXPECT_THAT(Reprinted("const %c: f32[16] = seed(1)\noutput %c\n"), HasSubstr("f32[16] = [0.133"));
}

TEST(GraphTextTest, TypesOfComputedValuesMayBeLeftOut) {
  constexpr char kText[] = "input %x: f32[2]\n%y: f32[2] = Sigmoid(%x)\noutput %y\n";
  EXPECT_THAT(Reprinted(kText, {.types = false}), HasSubstr("\n%y = Sigmoid(%x)\n"));
}

TEST(GraphTextTest, ConstantsThatNothingReadsAreNotPrinted) {
  EXPECT_EQ(Reprinted("input %x: f32[2]\nconst %c: f32[] = 1.0\noutput %x"),
            "graph \"\"\ninput %x: f32[2]\noutput %x\n");
}

TEST(GraphTextTest, AnEmptyConstantReadsBack) {
  constexpr char kText[] = "graph \"\"\nconst %c: i64[0] = []\noutput %c\n";
  EXPECT_EQ(Reprinted(kText), kText);
}

TEST(GraphTextTest, NamesWithOddCharactersReadBack) {
  for (const std::string name : {"conv2d/Relu:0",
                                 "a.b-c_d",
                                 "weird name",
                                 "a\"b",
                                 "a\\b",
                                 "\\x41",
                                 "tab\there",
                                 "new\nline",
                                 "%x",
                                 "_",
                                 "a,b",
                                 "a)b",
                                 "a#b",
                                 "été",
                                 "->",
                                 "@n",
                                 "a: f32[2]",
                                 "a:",
                                 ":",
                                 "-",
                                 "nul\x01",
                                 "output",
                                 "\x7f"}) {
    Graph graph;
    graph.name = name;
    const ValueId x = graph.AddInput(name, {DType::kFloat32, {2}});
    const ValueId y = graph.AddNode("Sigmoid", {x}, name + "2:");
    graph.nodes()[0].name = name;
    graph.nodes()[0].attributes["a"] = name;
    graph.outputs() = {{name, y}, {name + "\n", x}};
    const std::string text = PrintGraph(graph);
    EXPECT_EQ(Reprinted(text), text);
    const auto read = ParseGraph(text);
    if (!read.ok()) continue;
    EXPECT_EQ(read->name, name);
    EXPECT_EQ(read->value(x).name, name);
    EXPECT_EQ(read->value(y).name, name + "2:");
    EXPECT_EQ(read->nodes()[0].name, name);
    EXPECT_EQ(std::get<std::string>(read->nodes()[0].attributes.at("a")), name);
    EXPECT_EQ(read->outputs()[1].name, name + "\n");
  }
}

TEST(GraphTextTest, ANameNeverSpreadsOverTwoLines) {
  Graph graph;
  const ValueId x = graph.AddInput("x\noutput %x", {DType::kFloat32, {2}});
  graph.outputs().push_back({"x\r\n", x});
  const std::string text = PrintGraph(graph);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3);
}

TEST(SeededTensorTest, IsTheSameForTheSameSeedAndInRange) {
  const Tensor a = SeededTensor({4, 5}, 7);
  const Tensor b = SeededTensor({20}, 7);
  const Tensor c = SeededTensor({20}, 8);
  EXPECT_TRUE(std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin()));
  EXPECT_FALSE(std::equal(a.bytes().begin(), a.bytes().end(), c.bytes().begin()));
  const Tensor many = SeededTensor({1000}, 1);
  EXPECT_THAT(many.data<float>(), Each(::testing::AllOf(::testing::Ge(-1), ::testing::Lt(1))));
}

struct BadText {
  const char* text;
  const char* error;
};

TEST(GraphTextTest, ErrorsNameTheLine) {
  const BadText cases[] = {
      {"graph digits", "line 1: expected '\"' at 'digits'"},
      {"\n\ninput x: f32[2]", "line 3: expected '%' at 'x: f32[2]'"},
      {"input %: f32[2]", "line 1: expected a value's name after '%'"},
      {"input %x f32[2]", "line 1: expected ':' at 'f32[2]'"},
      {"input %x: float[2]", "line 1: 'float' is not an element type"},
      {"input %x: [2]", "line 1: expected a name at '[2]'"},
      {"input %x: f32[2", "line 1: expected ']' at ''"},
      {"input %x: f32[-2]", "line 1: dimension -2 is negative"},
      {"input %x: f32[a]", "line 1: 'a' is not a number of the wanted type"},
      {"input %x: f32[9223372036854775808]",
       "line 1: '9223372036854775808' is not a number of the wanted type"},
      {"input %x: f32[2] = 3", "line 1: something follows the statement"},
      {"input %x: f32[2]\ninput %x: f32[2]", "line 2: %x is defined a second time"},
      {"const %c: f32[?] = 1.0", "line 1: a constant has a known shape"},
      {"const %c: f32[2] 1.0", "line 1: expected '=' at '1.0'"},
      {"const %c: f32[2] = x", "line 1: expected a number at 'x'"},
      {"const %c: f32[2] = [1.0, 2.0, 3.0]", "line 1: expected 2 elements, got 3"},
      {"const %c: f32[2] = [1.0]", "line 1: expected 2 elements, got 1"},
      {"const %c: f32[2] = [1.0, 2.0", "line 1: expected ']' at ''"},
      {"const %c: i64[1] = 1.5", "line 1: '1.5' is not a number of the wanted type"},
      {"const %c: u8[1] = 256", "line 1: '256' is not a number of the wanted type"},
      {"const %c: f32[1] = 1e99", "line 1: '1e99' is not a number of the wanted type"},
      {"const %c: f32[17] = elided", "line 1: the elements were left out when this was printed"},
      {"const %c: i64[2] = seed(1)", "line 1: seed() makes f32 only"},
      {"const %c: f32[2] = seed(-1)", "line 1: '-1' is not a number of the wanted type"},
      {"const %c: f16[2] = 1", "line 1: constants of type f16 have no text form"},
      {"const %c: f32[4611686018427387904, 4] = 1.0", "more elements than can be counted"},
      {"%y = ", "line 1: expected a name at ''"},
      {"%y = Op", "line 1: expected '(' at ''"},
      {"%y = Op(%x)", "line 1: %x is not defined"},
      {"%y = Op(%y)", "line 1: %y is not defined"},
      {"%y Op()", "line 1: expected '=' at 'Op()'"},
      {"%y, = Op()", "line 1: expected '%' at '= Op()'"},
      {"%y = Op(", "line 1: expected '%' at ''"},
      {"%y = Op() {", "line 1: expected a name at ''"},
      {"%y = Op() {a}", "line 1: expected '=' at '}'"},
      {"%y = Op() {a = }", "line 1: expected a number at '}'"},
      {"%y = Op() {a = [1, 2.5]}", "line 1: a list holds integers or floats, not both"},
      {"%y = Op() {a = \"b}", "line 1: expected '\"' at ''"},
      {"%y = Op() {a = 99999999999999999999}",
       "line 1: '99999999999999999999' is not a number of the wanted type"},
      {"%y = Op() -> (%y)", "line 1: expected a name at '(%y)'"},
      {"%y = Op() @ name", "line 1: expected '\"' at 'name'"},
      {"%y = Op()\n%y = Op()", "line 2: %y is defined a second time"},
      {"output %y", "line 1: %y is not defined"},
      {"output _", "line 1: an output needs a value"},
      {"output \"y\" %y", "line 1: expected '=' at '%y'"},
      {"rubbish", "line 1: expected '%' at 'rubbish'"},
      {"%y = Op() %z", "line 1: something follows the statement"},
  };
  for (const BadText& c : cases) {
    EXPECT_THAT(StatusText(ParseGraph(c.text)), HasSubstr(c.error)) << c.text;
    EXPECT_EQ(ParseGraph(c.text).status().code(), absl::StatusCode::kInvalidArgument) << c.text;
  }
}

TEST(GraphTextTest, TheResultIsVerified) {
  EXPECT_EQ(StatusText(ParseGraph("input %x: f32[2]\noutput %x\noutput %x")),
            "INVALID_ARGUMENT: x: two graph outputs have this name");
}

TEST(GraphTextTest, TextCutAnywhereIsAnErrorOrAGraph) {
  constexpr std::string_view kText =
      "graph \"g\"\ninput %\"a b\": f32[?, 2]\nconst %c: f32[2] = [1.0, -2.5]\n"
      "%y: f32[?, 2] = Conv(%\"a b\", %c, _) {a = [1, 2], b = \"\\x41\"} -> Rectifier(%c) @\"n\"\n"
      "output \"o\" = %y\n";
  for (size_t length = 0; length <= kText.size(); ++length) {
    // An exact copy on the heap, so that AddressSanitizer sees a read past its end.
    const std::vector<char> cut(kText.begin(), kText.begin() + static_cast<std::ptrdiff_t>(length));
    static_cast<void>(ParseGraph(std::string_view(cut.data(), cut.size())));
  }
}

}  // namespace
}  // namespace rectifier
