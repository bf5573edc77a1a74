#include "server/engine/batch_split.h"

#include <gtest/gtest.h>

#include <cstring>

#include "server/engine/bind_shapes.h"
#include "server/engine/samplewise.h"
#include "server/engine/split_program.h"
#include "tests/unit/engine/program_testing.h"

namespace rectifier {
namespace {

// --- What works sample by sample

struct Row {
  std::string claim;
  std::string nodes;  // on %x: f32[4, 2, 3, 3]
  size_t prefix;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.claim; }

class SamplewiseTest : public testing::TestWithParam<Row> {};

TEST_P(SamplewiseTest, CountsTheNodesBeforeTheFirstThatMixesSamples) {
  const Graph graph = TypedGraph(fmt::format(R"(
input %x: f32[4, 2, 3, 3]
const %w: f32[2, 2, 1, 1] = seed(1)
const %of_channel: f32[2, 1, 1] = seed(2)
const %of_sample: f32[4, 1, 1, 1] = seed(3)
const %matrix: f32[18, 5] = seed(4)
const %flat: i64[2] = [4, 18]
const %mixed: i64[2] = [2, 36]
{}
output %y
)",
                                             GetParam().nodes));
  EXPECT_EQ(SamplewisePrefix(graph, {true}, 4), GetParam().prefix);
}

std::string ClaimOf(const testing::TestParamInfo<Row>& row) { return row.param.claim; }

INSTANTIATE_TEST_SUITE_P(
    All, SamplewiseTest,
    testing::Values(
        Row{"AConvolution", "%y = Conv(%x, %w)", 1},
        Row{"ASumInIt", "%a = Tanh(%x)\n%y = Conv(%x, %w) -> Add(%a)", 2},
        Row{"AConstantForEachChannel", "%y = Mul(%x, %of_channel)", 1},
        Row{"AConstantForEachSampleDoesNot", "%a = Tanh(%x)\n%y = Mul(%a, %of_sample)", 1},
        Row{"SlopesForEachSampleDoNot", "%y = Rectifier(%x, %of_sample) {origin = \"prelu\"}", 0},
        Row{"RowsOfAMatrix", "%a = Flatten(%x)\n%y = Gemm(%a, %matrix)", 2},
        Row{"AReshapeThatKeepsSamples", "%a = Reshape(%x, %flat)\n%y = MatMul(%a, %matrix)", 2},
        Row{"AReshapeThatMixesThemDoesNot", "%y = Reshape(%x, %mixed)", 0},
        Row{"AConcatOfChannels", "%y = Concat(%x, %x) {axis = 1}", 1},
        Row{"AConcatOfSamplesDoesNot", "%y = Concat(%x, %x) {axis = 0}", 0},
        Row{"ASoftmaxOfChannels", "%y = Softmax(%x) {axis = 1}", 1},
        Row{"ASoftmaxOfSamplesDoesNot", "%y = Softmax(%x) {axis = 0}", 0},
        Row{"ASoftmaxOfSamplesCountedFromTheEndDoesNot", "%y = Softmax(%x) {axis = -4}", 0},
        Row{"ATransposeOfTheOthers", "%y = Transpose(%x) {perm = [0, 2, 3, 1]}", 1},
        Row{"ATransposeOfSamplesDoesNot", "%y = Transpose(%x) {perm = [1, 0, 2, 3]}", 0},
        Row{"AReductionIsNotKnownTo", "%y = ReduceMean(%x)", 0}),
    ClaimOf);

TEST(SamplewiseTest, ASoftmaxOfARowOfSamplesDoesNot) {
  const Graph graph = TypedGraph("input %x: f32[4]\n%y = Softmax(%x) {axis = -1}\noutput %y");
  EXPECT_EQ(SamplewisePrefix(graph, {true}, 4), 0u);
}

// --- Splitting

constexpr int64_t kSamples = 8;

struct Split {
  Graph graph;
  Graph bound;
  std::vector<Shape> shapes;
  std::optional<BatchSplit> split;
};

Split SplitOf(std::string_view text, const BatchSplitOptions& options) {
  Split result;
  result.graph = TypedGraph(text);
  for (const ValueId id : result.graph.inputs()) {
    result.shapes.push_back(result.graph.value(id).type->shape);
    if (result.shapes.back()[0] == kDynamicDim) result.shapes.back()[0] = kSamples;
  }
  const ComputeConstants compute = ComputeWith(NewOneDnnCompiler);
  result.bound = *BindShapes(result.graph, result.shapes, compute);
  auto split = SplitBatch(result.graph, result.bound, result.shapes, options, compute);
  EXPECT_TRUE(split.ok()) << split.status();
  if (split.ok()) result.split = *std::move(split);
  return result;
}

std::vector<Shape> InputShapesOf(const Graph& graph) {
  std::vector<Shape> shapes;
  for (const ValueId id : graph.inputs()) shapes.push_back(graph.value(id).type->shape);
  return shapes;
}

// The split program's results have the bits of the whole one's.
void ExpectSameBits(const Split& split) {
  const auto compiler = NewOneDnnCompiler({});
  const auto whole = *compiler->Compile(split.graph, split.shapes);
  const auto front = *compiler->Compile(split.split->front, InputShapesOf(split.split->front));
  std::shared_ptr<const Program> rest;
  if (split.split->rest) {
    rest = *compiler->Compile(*split.split->rest, InputShapesOf(*split.split->rest));
  }
  const auto joined = JoinSplit(*split.split, split.bound, front, rest);
  ASSERT_EQ(joined->inputs().size(), whole->inputs().size());
  const std::vector<Tensor> inputs = SeededTensors(split.shapes, 1);
  const std::vector<Tensor> want = RunProgram(*whole, inputs);
  const AlignedBuffer arena = NewArena(*joined);
  const std::unique_ptr<Binding> binding = joined->Bind(arena.data());
  for (int run = 0; run < 2; ++run) {
    const std::vector<Tensor> got = RunBinding(*joined, *binding, inputs);
    ASSERT_EQ(got.size(), want.size());
    for (size_t i = 0; i < got.size(); ++i) {
      EXPECT_EQ(joined->outputs()[i].name, whole->outputs()[i].name);
      ASSERT_EQ(got[i].type(), want[i].type());
      EXPECT_EQ(std::memcmp(got[i].bytes().data(), want[i].bytes().data(), got[i].bytes().size()),
                0)
          << "output " << i;
    }
  }
}

// 16 KiB hold a sample's first tensors, and not those of eight.
constexpr BatchSplitOptions kSmallCache{int64_t{1} << 14, 1};

constexpr char kEarlyAndLate[] = R"(
input %x: f32[?, 3, 16, 16]
const %v: f32[8, 3, 3, 3] = seed(1)
const %s: f32[8, 1, 1] = seed(2)
const %w: f32[2048, 300] = seed(3)
%a = Conv(%x, %v) {pads = [1, 1, 1, 1]} @"early" -> Rectifier(%s)
%b = Tanh(%a) @"tanh"
%c = Flatten(%b) @"flatten"
%y = MatMul(%c, %w) @"late"
output %y
)";

TEST(SplitBatchTest, TakesLargeTensorsSampleBySampleAndLargeWeightsOnce) {
  const Split split = SplitOf(kEarlyAndLate, kSmallCache);
  ASSERT_TRUE(split.split.has_value());
  EXPECT_EQ(split.split->chunk, 1);
  ASSERT_TRUE(split.split->rest.has_value());
  EXPECT_EQ(split.split->front.nodes()[0].name, "early");
  EXPECT_EQ(split.split->rest->nodes().back().name, "late");
  ExpectSameBits(split);
}

TEST(SplitBatchTest, AChunkHasASampleForEachThread) {
  const Split split = SplitOf(kEarlyAndLate, {int64_t{1} << 15, 2});
  ASSERT_TRUE(split.split.has_value());
  EXPECT_EQ(split.split->chunk, 2);
  ExpectSameBits(split);
}

// Each sample's tensors alone leave the second level, so that chunks save nothing there.
TEST(SplitBatchTest, TakesInChunksWhatWouldLeaveTheLastCache) {
  BatchSplitOptions options{.cache_bytes = 1024};
  EXPECT_FALSE(SplitOf(kEarlyAndLate, options).split.has_value());
  options.last_cache_bytes = int64_t{1} << 14;
  const Split split = SplitOf(kEarlyAndLate, options);
  ASSERT_TRUE(split.split.has_value());
  EXPECT_EQ(split.split->chunk, 1);
  ExpectSameBits(split);
}

// All of it stays in the cache, so that no time is saved.
TEST(SplitBatchTest, TakesInChunksWhatNeedsMuchMemory) {
  constexpr char kDeep[] = R"(
input %x: f32[?, 3, 16, 16]
%a = MaxPool(%x) {kernel_shape = [1, 1]}
%b = Tanh(%a)
%c = Tanh(%b)
%y = MaxPool(%c) {kernel_shape = [16, 16]}
output %y
)";
  // Two tensors of 8 samples at a time, or two of a sample, of 3 KiB.
  BatchSplitOptions options{.cache_bytes = int64_t{1} << 24, .much_memory = (48 - 6) << 10};
  const Split split = SplitOf(kDeep, options);
  ASSERT_TRUE(split.split.has_value());
  EXPECT_EQ(split.split->chunk, 1);
  ExpectSameBits(split);
  ++options.much_memory;
  EXPECT_FALSE(SplitOf(kDeep, options).split.has_value());
}

TEST(SplitBatchTest, AWholeNetworkMayGoInChunks) {
  const Split split = SplitOf(R"(
input %x: f32[?, 3, 16, 16]
const %v: f32[8, 3, 3, 3] = seed(1)
%a = Conv(%x, %v) {pads = [1, 1, 1, 1]}
%y = Tanh(%a)
output %y
output %a
)",
                              kSmallCache);
  ASSERT_TRUE(split.split.has_value());
  EXPECT_FALSE(split.split->rest.has_value());
  ExpectSameBits(split);
}

TEST(SplitBatchTest, HandsOverWhatIsReadOnBothSidesAndWhatIsAnOutput) {
  const Split split = SplitOf(R"(
input %x: f32[?, 3, 16, 16]
const %v: f32[8, 3, 3, 3] = seed(1)
const %shape: i64[2] = [-1, 2048]
%a = Conv(%x, %v) {pads = [1, 1, 1, 1]}
%b = Tanh(%a)
%m = ReduceMean(%b)
%d = Sub(%b, %m)
%e = Mul(%d, %a)
%z = Reshape(%b, %shape)
output %e
output %a
output %z
)",
                              kSmallCache);
  ASSERT_TRUE(split.split.has_value());
  ASSERT_TRUE(split.split->rest.has_value());
  EXPECT_EQ(split.split->front.outputs().size(), 2u);
  ExpectSameBits(split);
}

TEST(SplitBatchTest, AnInputWithoutSamplesIsGivenToEveryChunkWhole) {
  const Split split = SplitOf(R"(
input %unused: f32[2, 5]
input %x: f32[?, 3, 16, 16]
const %v: f32[8, 3, 3, 3] = seed(1)
%a = Conv(%x, %v) {pads = [1, 1, 1, 1]}
%b = Tanh(%a)
%t = Tanh(%unused)
output %b
output %t
)",
                              kSmallCache);
  ASSERT_TRUE(split.split.has_value());
  ExpectSameBits(split);
}

TEST(SplitBatchTest, LeavesAloneWhatFitsTheCache) {
  EXPECT_FALSE(SplitOf(kEarlyAndLate, {int64_t{1} << 24, 1}).split.has_value());
}

TEST(SplitBatchTest, LeavesAloneWhatMixesSamplesAtOnce) {
  EXPECT_FALSE(SplitOf(R"(
input %x: f32[?, 3, 16, 16]
%a = Softmax(%x) {axis = 0}
%y = Tanh(%a)
output %y
)",
                       kSmallCache)
                   .split.has_value());
}

// The number of samples itself, which a chunk has fewer of.
TEST(SplitBatchTest, LeavesAloneWhatCountsItsSamples) {
  EXPECT_FALSE(SplitOf(R"(
input %x: f32[?, 3, 16, 16]
const %v: f32[8, 3, 3, 3] = seed(1)
const %first: i64[] = 0
%shape = Shape(%x)
%count = Gather(%shape, %first) {axis = 0}
%n = Cast(%count) {to = "f32"}
%a = Conv(%x, %v) {pads = [1, 1, 1, 1]}
%y = Div(%a, %n)
output %y
)",
                       kSmallCache)
                   .split.has_value());
}

TEST(SplitBatchTest, LeavesAloneWhatIsOfAnotherShapeOnTheWay) {
  EXPECT_FALSE(SplitOf(R"(
input %x: f32[?, 3, 16, 16]
const %eight: i64[2] = [8, -1]
const %back: i64[4] = [-1, 3, 16, 16]
%a = Reshape(%x, %eight)
%b = Softmax(%a) {axis = 1}
%y = Reshape(%b, %back)
output %y
)",
                       kSmallCache)
                   .split.has_value());
}

TEST(SplitBatchTest, LeavesAloneWhatRunsWithOneNumberOfSamplesOnly) {
  EXPECT_FALSE(SplitOf(R"(
input %x: f32[?, 3, 16, 16]
const %v: f32[8, 3, 3, 3] = seed(1)
const %of_eight: i64[2] = [128, 128]
%a = Conv(%x, %v) {pads = [1, 1, 1, 1]}
%b = Tanh(%a)
%y = Reshape(%b, %of_eight)
output %y
)",
                       kSmallCache)
                   .split.has_value());
}

// What a front hands over lies channels-last, in memory of its own. What lay otherwise in one
// piece, or in another value's memory, is not handed over.
TEST(SplitBatchTest, HandsOverNothingThatLiesOtherwise) {
  for (const char* otherwise :
       {"%b = MatMul(%a, %square)", "%b = Transpose(%a) {perm = [0, 3, 2, 1]}",
        "%b = Softmax(%a) {axis = 1, flatten = 1}", "%b = Resize(%a, _, %ones)",
        "%b = Sub(%row, %column)"}) {
    const Split split = SplitOf(fmt::format(R"(
input %x: f32[?, 3, 16, 16]
const %v: f32[16, 3, 3, 3] = seed(1)
const %square: f32[16, 16] = seed(2)
const %ones: f32[4] = 1.0
%a = Conv(%x, %v) {{pads = [1, 1, 1, 1]}} @"early"
%row = AveragePool(%a) {{kernel_shape = [16, 1]}}
%column = AveragePool(%a) {{kernel_shape = [1, 16]}}
{}
%c = Tanh(%b)
%m = ReduceMean(%c) @"mixes the samples"
%y = Sub(%c, %m)
output %y
)",
                                            otherwise),
                                kSmallCache);
    ASSERT_TRUE(split.split.has_value()) << otherwise;
    ASSERT_TRUE(split.split->rest.has_value()) << otherwise;
    for (const ValueId id : split.split->rest->inputs()) {
      const std::string& name = split.split->rest->value(id).name;
      EXPECT_NE(name, "b.handed_over") << otherwise;
      EXPECT_NE(name, "c.handed_over") << otherwise;
    }
    ExpectSameBits(split);
  }
}

TEST(SplitBatchTest, LeavesAFixedBatchAlone) {
  EXPECT_FALSE(SplitOf(R"(
input %x: f32[8, 3, 16, 16]
%y = Tanh(%x)
output %y
)",
                       kSmallCache)
                   .split.has_value());
}

}  // namespace
}  // namespace rectifier
