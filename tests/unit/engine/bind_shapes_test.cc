#include "server/engine/bind_shapes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/core/status.h"
#include "tests/reference/run_reference.h"
#include "tests/support/graph_testing.h"
#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Constants by the reference; how many nodes it was asked for is counted.
class BindShapesTest : public ::testing::Test {
 protected:
  absl::StatusOr<Graph> Bind(std::string_view text, const std::vector<Shape>& shapes) {
    return BindShapes(TypedGraph(text), shapes,
                      [this](const Graph& single) -> absl::StatusOr<std::vector<Tensor>> {
                        ++computed_;
                        Graph typed = single;
                        RECTIFIER_RETURN_IF_ERROR(InferTypes(typed));
                        return RunReference(typed, {});
                      });
  }

  int computed_ = 0;
};

// The operators of the nodes that are left.
std::vector<std::string> Operators(const Graph& graph) {
  std::vector<std::string> operators;
  for (const Node& node : graph.nodes()) operators.push_back(node.op);
  return operators;
}

std::string OutputType(const Graph& graph, size_t i = 0) {
  return TypeText(*graph.value(graph.outputs()[i].value).type);
}

std::vector<int64_t> Integers(const Tensor* constant) {
  if (constant == nullptr) return {-99};
  const auto data = constant->data<int64_t>();
  return {data.begin(), data.end()};
}

// As exporters write a flattening that keeps the batch.
constexpr char kFlattening[] = R"(
  input %x: f32[?, 3, ?]
  const %zero: i64[1] = 0
  const %rest: i64[1] = -1
  %shape = Shape(%x)
  %batch = Gather(%shape, %zero)
  %list = Concat(%batch, %rest) {axis = 0}
  %y = Reshape(%x, %list)
  output %y
)";

TEST_F(BindShapesTest, ShapeArithmeticFoldsForEveryShape) {
  for (const int64_t batch : {1, 2, 7}) {
    const auto bound = Bind(kFlattening, {{batch, 3, 4}});
    ASSERT_TRUE(bound.ok()) << Message(bound.status());
    EXPECT_THAT(Operators(*bound), ElementsAre("Reshape"));
    EXPECT_EQ(OutputType(*bound), fmt::format("f32[{}, 12]", batch));
    EXPECT_THAT(Integers(bound->constant(bound->nodes()[0].inputs[1])), ElementsAre(batch, -1));
  }
}

TEST_F(BindShapesTest, TheGraphItselfIsLeftAsItWas) {
  const Graph graph = TypedGraph(kFlattening);
  const std::string before = PrintGraph(graph);
  const std::vector<Shape> shapes = {{2, 3, 4}};
  ASSERT_TRUE(BindShapes(graph, shapes, [](const Graph& single) {
                Graph typed = single;
                EXPECT_TRUE(InferTypes(typed).ok());
                return RunReference(typed, {});
              }).ok());
  EXPECT_EQ(PrintGraph(graph), before);
}

TEST_F(BindShapesTest, WhatFollowsFromASizeIsFoldedToo) {
  const auto bound = Bind(R"(
    input %x: f32[?, 2]
    const %zero: i64[] = 0
    const %one: i64[] = 1
    %size = Size(%x)
    %all = Range(%zero, %size, %one)
    %odd = NonZero(%all)
    output %all
    output %odd
  )",
                          {{2, 2}});
  ASSERT_TRUE(bound.ok()) << Message(bound.status());
  EXPECT_THAT(bound->nodes(), IsEmpty());
  EXPECT_EQ(OutputType(*bound, 1), "i64[1, 3]");
  EXPECT_THAT(Integers(bound->constant(bound->outputs()[0].value)), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(Integers(bound->constant(bound->outputs()[1].value)), ElementsAre(1, 2, 3));
  EXPECT_EQ(computed_, 0);
}

TEST_F(BindShapesTest, OneElementMoreThanSmallIsComputedWhenTheProgramRuns) {
  // 2^18 elements of f32 are a megabyte.
  const char* text = R"(
    input %n: f32[?]
    const %one: f32[1] = 1.0
    %shape = Shape(%n)
    %large = Expand(%one, %shape)
    output %large
  )";
  const auto small = Bind(text, {{1 << 18}});
  ASSERT_TRUE(small.ok()) << Message(small.status());
  EXPECT_THAT(Operators(*small), IsEmpty());
  const auto large = Bind(text, {{(1 << 18) + 1}});
  ASSERT_TRUE(large.ok()) << Message(large.status());
  EXPECT_THAT(Operators(*large), ElementsAre("Expand"));
}

TEST_F(BindShapesTest, FoldedConstantsTogetherAreBounded) {
  std::string text = "input %n: f32[?]\nconst %one: f32[1] = 1.0\n%shape = Shape(%n)\n";
  for (int i = 0; i < 20; ++i) text += fmt::format("%y{} = Expand(%one, %shape)\n", i);
  for (int i = 0; i < 20; ++i) text += fmt::format("output %y{}\n", i);
  const auto bound = Bind(text, {{1 << 18}});
  ASSERT_TRUE(bound.ok()) << Message(bound.status());
  // The list of one dimension takes a little of the sixteen megabytes.
  EXPECT_EQ(computed_, 15);
  EXPECT_EQ(bound->nodes().size(), 5u);
}

TEST_F(BindShapesTest, NodesThatNothingReadsAnyMoreAreGone) {
  const auto bound = Bind(R"(
    input %x: f32[?, 4]
    const %s: f32[] = 0.5
    %read_for_its_shape = Sigmoid(%x)
    %unread = Tanh(%read_for_its_shape)
    %shape = Shape(%read_for_its_shape)
    %y = Expand(%s, %shape)
    %z = Add(%x, %y)
    output %z
  )",
                          {{3, 4}});
  ASSERT_TRUE(bound.ok()) << Message(bound.status());
  EXPECT_THAT(Operators(*bound), ElementsAre("Add"));
}

TEST_F(BindShapesTest, NodesThatOnlyAPostOpOrOneOfSeveralOutputsNeedsStay) {
  const auto bound = Bind(R"(
    input %x: f32[?, 4]
    const %w: f32[4, 4] = seed(1)
    const %s: f32[4] = seed(2)
    %n = Neg(%x)
    %a, %b = Split(%n) {axis = 1}
    %y = MatMul(%x, %w) -> Rectifier(%s)
    output %b
    output %y
  )",
                          {{3, 4}});
  ASSERT_TRUE(bound.ok()) << Message(bound.status());
  EXPECT_THAT(Operators(*bound), ElementsAre("Neg", "Split", "MatMul"));
}

TEST_F(BindShapesTest, ANodeMayHaveSeveralConstantOutputs) {
  const auto bound = Bind(R"(
    input %x: f32[?, 5, 6]
    const %sizes: i64[3] = 1
    %shape = Shape(%x)
    %n, _, %w = Split(%shape, %sizes)
    output %n
    output %w
  )",
                          {{7, 5, 6}});
  ASSERT_TRUE(bound.ok()) << Message(bound.status());
  EXPECT_THAT(bound->nodes(), IsEmpty());
  EXPECT_THAT(Integers(bound->constant(bound->outputs()[0].value)), ElementsAre(7));
  EXPECT_THAT(Integers(bound->constant(bound->outputs()[1].value)), ElementsAre(6));
}

TEST_F(BindShapesTest, WhatDependsOnValuesIsNotFolded) {
  const auto bound = Bind(
      "input %x: i64[3]\n%y = Neg(%x)\n%s = Shape(%y)\n%z = Add(%y, %s)\n"
      "output %z\n",
      {{3}});
  // [3] + [1] broadcasts.
  ASSERT_TRUE(bound.ok()) << Message(bound.status());
  EXPECT_THAT(Operators(*bound), ElementsAre("Neg", "Add"));
}

TEST_F(BindShapesTest, RefusesShapesThatAreNotTheInputs) {
  EXPECT_EQ(StatusText(Bind("graph \"g\"\ninput %x: f32[?, 2]\noutput %x", {})),
            "INVALID_ARGUMENT: g: expected shapes for 1 inputs, got 0");
  EXPECT_EQ(StatusText(Bind("input %x: f32[?, 2]\noutput %x", {{1, 3}})),
            "INVALID_ARGUMENT: x: expected shape [?, 2], got [1, 3]");
  EXPECT_EQ(StatusText(Bind("input %x: f32[?, 2]\noutput %x", {{kDynamicDim, 2}})),
            "INVALID_ARGUMENT: x: expected shape [?, 2], got [?, 2]");
}

TEST_F(BindShapesTest, NamesTheNodeThatAFoldedListDoesNotFit) {
  EXPECT_EQ(StatusText(Bind(R"(
              input %x: f32[?, 3]
              const %minus: i64[2] = -1
              %shape = Shape(%x)
              %wrong = Mul(%shape, %minus)
              %y = Expand(%x, %wrong)
              output %y
            )",
                            {{2, 3}})),
            "INVALID_ARGUMENT: y (Expand): input 1 (wrong): expected sizes, got -2");
}

}  // namespace
}  // namespace rectifier
