#include "server/ops/infer_types.h"

#include <gtest/gtest.h>

#include "server/core/status.h"
#include "server/graph/text.h"
#include "tests/support/graph_testing.h"

namespace rectifier {
namespace {

absl::Status Infer(const std::string& text) {
  auto graph = ParseGraph(text);
  if (!graph.ok()) return graph.status();
  return InferTypes(*graph);
}

TEST(InferTypesTest, TypesFollowFromNodeToNode) {
  const Graph graph = TypedGraph(R"(
input %image: f32[?, 1, 28, 28]
const %w: f32[8, 1, 3, 3] = seed(1)
const %slope: f32[8, 1, 1] = 0.25
const %shape: i64[2] = [0, -1]
const %dense: f32[10, 1152] = seed(2)
%conv = Conv(%image, %w) {pads = [1, 1, 1, 1], strides = [2, 2]}
%act = Rectifier(%conv, %slope) {origin = "prelu"}
%pool = MaxPool(%act) {kernel_shape = [3, 3]}
%flat = Reshape(%pool, %shape)
%y = Gemm(%flat, %dense) {transB = 1}
output %y
)");
  EXPECT_EQ(PrintGraph(graph), R"(graph ""
input %image: f32[?, 1, 28, 28]
const %w: f32[8, 1, 3, 3] = elided
const %slope: f32[8, 1, 1] = 0.25
const %shape: i64[2] = [0, -1]
const %dense: f32[10, 1152] = elided
%conv: f32[?, 8, 14, 14] = Conv(%image, %w) {pads = [1, 1, 1, 1], strides = [2, 2]}
%act: f32[?, 8, 14, 14] = Rectifier(%conv, %slope) {origin = "prelu"}
%pool: f32[?, 8, 12, 12] = MaxPool(%act) {kernel_shape = [3, 3]}
%flat: f32[?, 1152] = Reshape(%pool, %shape)
%y: f32[?, 10] = Gemm(%flat, %dense) {transB = 1}
output %y
)");
}

TEST(InferTypesTest, TypesThatWereWrongAreSetRight) {
  const Graph graph = TypedGraph("input %x: f32[2, 3]\n%y: i64[7] = Transpose(%x)\noutput %y\n");
  EXPECT_EQ(TypeText(*graph.value(graph.outputs()[0].value).type), "f32[3, 2]");
}

TEST(InferTypesTest, TheFirstNodeThatIsWrongIsNamed) {
  EXPECT_EQ(Message(Infer(R"(
input %x: f32[2, 3]
%a = Identity(%x)
%b = Softmax(%a) {axis = 5} @"layers/softmax 1"
%c = Softmax(%b) {axis = 6}
output %c
)")),
            "layers/softmax 1 (Softmax): attribute axis: expected a value in [-2, 2), got 5");
}

TEST(InferTypesTest, RefusesAnOperatorThatIsNotInTheTable) {
  const absl::Status status = Infer("input %x: f32[2]\n%y = Einsum(%x)\noutput %y\n");
  EXPECT_EQ(Message(status), "y (Einsum): the operator Einsum is not supported");
  EXPECT_EQ(status.code(), absl::StatusCode::kUnimplemented);
}

TEST(InferTypesTest, ASingleNodeCanBeInferred) {
  auto graph =
      ParseGraph("input %x: f32[2, 3]\n%y = Transpose(%x)\n%z = Nonsense(%y)\noutput %y\n");
  ASSERT_TRUE(graph.ok()) << Message(graph.status());
  const Node node = graph->nodes()[0];
  const absl::Status status = InferNodeTypes(*graph, node);
  ASSERT_TRUE(status.ok()) << Message(status);
  EXPECT_EQ(TypeText(*graph->value(node.outputs[0]).type), "f32[3, 2]");
}

struct Refusal {
  std::string claim;
  std::string text;
  std::string error;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.text; }

class RefusalTest : public testing::TestWithParam<Refusal> {};

TEST_P(RefusalTest, SaysWhatAndWhere) {
  const absl::Status status = Infer(GetParam().text);
  EXPECT_EQ(Message(status), GetParam().error);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
}

std::string Claim(const testing::TestParamInfo<Refusal>& info) { return info.param.claim; }

std::string InputOf(const std::string& type) { return "input %x: " + type + "\noutput %x\n"; }

INSTANTIATE_TEST_SUITE_P(
    Sizes, RefusalTest,
    testing::Values(
        Refusal{"AnInputOfRank9", InputOf("f32[1, 1, 1, 1, 1, 1, 1, 1, 1]"),
                "graph input: x has rank 9, at most 8 is supported"},
        Refusal{"AnInputAboveATebibyte", InputOf("f32[274877906945]"),
                "graph input: x of shape [274877906945] is too large"},
        Refusal{"AnInputAboveATebibyteBesideADynamicDimension", InputOf("f64[?, 137438953473]"),
                "graph input: x of shape [?, 137438953473] is too large"},
        Refusal{
            "AnInputWhoseElementsOverflow", InputOf("u8[4611686018427387904, 4]"),
            "graph input: shape [4611686018427387904, 4] has more elements than can be counted"},
        Refusal{"AnInputWhoseBytesOverflow", InputOf("f32[4611686018427387904]"),
                "graph input: shape [4611686018427387904] of f32 has more bytes than can be "
                "counted"},
        Refusal{"AResultOfRank9",
                "const %c: f32[1, 1, 1, 1, 1, 1, 1, 1, 1] = 0\n"
                "%y = Identity(%c)\noutput %y\n",
                "y (Identity): y has rank 9, at most 8 is supported"},
        Refusal{"AResultAboveATebibyte",
                "input %x: u8[1099511627776]\n%y = Concat(%x, %x) {axis = 0}\noutput %y\n",
                "y (Concat): y of shape [2199023255552] is too large"},
        Refusal{"AResultWhoseElementsOverflow",
                "input %a: f32[4611686018427387904, 1, 0]\ninput %b: f32[1, 0, 4]\n"
                "%y = MatMul(%a, %b)\noutput %y\n",
                "y (MatMul): shape [4611686018427387904, 1, 4] has more elements than can be "
                "counted"}),
    Claim);

TEST(InferTypesTest, ATebibyteAndRank8AreAccepted) {
  for (const char* type :
       {"f32[274877906944]", "f32[?, 274877906944]", "f32[1, 1, 1, 1, 1, 1, 1, 1]"}) {
    const absl::Status status = Infer(InputOf(type));
    EXPECT_TRUE(status.ok()) << Message(status);
  }
}

std::string Fused(const std::string& post_ops) {
  return R"(input %x: f32[2, 3]
const %w: f32[3, 4] = seed(1)
const %scalar: f32[] = 0.1
const %channels: f32[4] = [1, 2, 3, 4]
const %three: f32[3] = [1, 2, 3]
const %integer: i64[] = 1
const %rows: f32[1, 4] = [1, 2, 3, 4]
const %columns: f32[2, 1] = [1, 2]
const %even: f32[2, 1] = 0.5
input %computed: f32[4]
%y = Gemm(%x, %w))" +
         post_ops + "\noutput %y\n";
}

TEST(InferTypesTest, RectifiersCanBeFused) {
  const absl::Status status =
      Infer(Fused(" -> Rectifier(%scalar) {origin = \"leaky_relu\"} -> Rectifier(%channels) -> "
                  "Rectifier(%rows) -> Rectifier(%even)"));
  EXPECT_TRUE(status.ok()) << Message(status);
}

INSTANTIATE_TEST_SUITE_P(
    PostOps, RefusalTest,
    testing::Values(
        Refusal{"AnotherOperator", Fused(" -> Sigmoid()"),
                "y (Gemm): post-op Sigmoid with 0 operands is not one that can be fused"},
        Refusal{"ABinaryOperator", Fused(" -> Add(%channels)"),
                "y (Gemm): post-op Add with 1 operands is not one that can be fused"},
        Refusal{"ARectifierWithoutASlope", Fused(" -> Rectifier()"),
                "y (Gemm): post-op Rectifier with 0 operands is not one that can be fused"},
        Refusal{"ARectifierWithTwoSlopes", Fused(" -> Rectifier(%scalar, %scalar)"),
                "y (Gemm): post-op Rectifier with 2 operands is not one that can be fused"},
        Refusal{"ASlopeThatDoesNotBroadcastIntoTheResult", Fused(" -> Rectifier(%three)"),
                "y (Gemm): slope of shape [3] does not broadcast into [2, 4]"},
        Refusal{"ASecondSlopeThatDoesNotBroadcast",
                Fused(" -> Rectifier(%scalar) -> Rectifier(%three)"),
                "y (Gemm): slope of shape [3] does not broadcast into [2, 4]"},
        Refusal{"ASlopeOfIntegers", Fused(" -> Rectifier(%integer)"),
                "y (Gemm): slope: expected f32, got i64"},
        Refusal{"ASlopeThatIsComputed", Fused(" -> Rectifier(%computed)"),
                "y (Gemm): slope computed of a post-op: expected a constant that is one number, "
                "or one for each channel"},
        Refusal{"ASlopeThatVariesAlongAnotherAxis", Fused(" -> Rectifier(%columns)"),
                "y (Gemm): slope columns of a post-op: expected a constant that is one number, "
                "or one for each channel"},
        Refusal{"AnOperatorThatTakesNone",
                "input %x: f32[2]\nconst %s: f32[] = 0.1\n%y = Identity(%x) -> "
                "Rectifier(%s)\noutput %y\n",
                "y (Identity): post-op Rectifier with 1 operands is not one that can be fused"}),
    Claim);

}  // namespace
}  // namespace rectifier
