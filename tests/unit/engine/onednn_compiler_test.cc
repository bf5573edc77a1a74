#include "server/engine/onednn/onednn_compiler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "server/engine/execution_context.h"
#include "tests/support/status_testing.h"
#include "tests/unit/engine/program_testing.h"

namespace rectifier {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

constexpr char kNetwork[] = R"(
  graph "small"
  input %image: f32[?, 3, 12, 12]
  const %w1: f32[16, 3, 3, 3] = seed(1)
  const %s1: f32[16, 1, 1] = seed(2)
  const %w2: f32[16, 16, 3, 3] = seed(3)
  const %w3: f32[10, 64] = seed(4)
  const %b3: f32[10] = seed(5)
  %a = Conv(%image, %w1) -> Rectifier(%s1)
  %b = MaxPool(%a) {kernel_shape = [2, 2], strides = [2, 2]}
  %c = Conv(%b, %w2)
  %d = AveragePool(%c) {kernel_shape = [2, 2]}
  %e = Flatten(%d)
  %logits = Gemm(%e, %w3, %b3) {transB = 1}
  %scores = Softmax(%logits)
  output "probabilities" = %scores
  output %logits
)";

std::vector<Tensor> Images(int64_t batch, uint64_t seed) {
  return SeededTensors({Shape{batch, 3, 12, 12}}, seed);
}

TEST(OneDnnCompilerTest, PortsHaveTheGraphsNamesAndTheBoundTypes) {
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kNetwork), 5);
  ASSERT_NE(program, nullptr);
  ASSERT_EQ(program->inputs().size(), 1u);
  EXPECT_EQ(program->inputs()[0].name, "image");
  EXPECT_EQ(TypeText(program->inputs()[0].type), "f32[5, 3, 12, 12]");
  ASSERT_EQ(program->outputs().size(), 2u);
  EXPECT_EQ(program->outputs()[0].name, "probabilities");
  EXPECT_EQ(program->outputs()[1].name, "logits");
  EXPECT_EQ(TypeText(program->outputs()[1].type), "f32[5, 10]");
}

TEST(OneDnnCompilerTest, ProgramsOfOneCompilerShareTheirWeights) {
  const Graph graph = TypedGraph(kNetwork);
  const auto compiler = NewCompiler();
  ASSERT_NE(MustCompile(*compiler, graph, 1), nullptr);
  const size_t bytes = compiler->weight_bytes();
  const size_t plain = sizeof(float) * (16 * 3 * 9 + 16 + 16 * 16 * 9 + 10 * 64 + 10);
  EXPECT_GE(bytes, plain);
  EXPECT_LE(bytes, 2 * plain);
  for (const int64_t batch : {2, 3, 8, 32}) {
    ASSERT_NE(MustCompile(*compiler, graph, batch), nullptr);
    EXPECT_EQ(compiler->weight_bytes(), bytes) << "after batch " << batch;
  }
}

TEST(OneDnnCompilerTest, ProgramsOutliveTheirCompilerAndTheirGraph) {
  std::shared_ptr<const Program> program;
  const std::vector<Tensor> images = Images(2, 7);
  absl::StatusOr<std::vector<Tensor>> want;
  {
    const Graph graph = TypedGraph(kNetwork);
    want = RunReference(graph, images);
    program = MustCompile(*NewCompiler(), graph, 2);
  }
  ASSERT_NE(program, nullptr);
  const std::vector<Tensor> got = RunProgram(*program, images);
  ExpectClose(got[0], (*want)[0], 1e-5);
  ExpectClose(got[1], (*want)[1], 1e-5);
}

TEST(OneDnnCompilerTest, ABindingGivesTheSameBitsEveryTime) {
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kNetwork), 4);
  ASSERT_NE(program, nullptr);
  const AlignedBuffer arena = NewArena(*program);
  const auto binding = program->Bind(arena.data());
  const std::vector<Tensor> images = Images(4, 7);
  const std::vector<Tensor> first = RunBinding(*program, *binding, images);
  RunBinding(*program, *binding, Images(4, 8));
  const std::vector<Tensor> again = RunBinding(*program, *binding, images);
  EXPECT_TRUE(SameBits(first[0].bytes(), again[0].bytes()));
  EXPECT_TRUE(SameBits(first[1].bytes(), again[1].bytes()));
}

TEST(OneDnnCompilerTest, BindingsOfOneProgramRunOnThreadsOfTheirOwn) {
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kNetwork), 4);
  ASSERT_NE(program, nullptr);
  const std::vector<Tensor> images = Images(4, 7);
  const std::vector<Tensor> want = RunProgram(*program, images);
  constexpr int kThreads = 2;
  std::vector<int> same(kThreads, 0);
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] {
      const AlignedBuffer arena = NewArena(*program);
      const auto binding = program->Bind(arena.data());
      for (int run = 0; run < 20; ++run) {
        const std::vector<Tensor> got = RunBinding(*program, *binding, images);
        same[static_cast<size_t>(i)] += SameBits(got[0].bytes(), want[0].bytes());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_THAT(same, ::testing::Each(20));
}

TEST(OneDnnCompilerTest, ProgramsOfSeveralBatchSizesShareAContext) {
  const Graph graph = TypedGraph(kNetwork);
  const auto compiler = NewCompiler();
  ExecutionContext context;
  for (int round = 0; round < 2; ++round) {
    for (const int64_t batch : {1, 4, 2}) {
      const auto program = MustCompile(*compiler, graph, batch);
      ASSERT_NE(program, nullptr);
      const std::vector<Tensor> images = Images(batch, 7);
      const auto want = RunReference(graph, images);
      std::vector<Tensor> outputs;
      for (const Program::Port& port : program->outputs()) {
        outputs.push_back(*Tensor::Allocate(port.type));
      }
      const TensorView input = images[0].view();
      const MutableTensorView views[] = {outputs[0].mutable_view(), outputs[1].mutable_view()};
      context.Run(program, std::span(&input, 1), views);
      ExpectClose(outputs[1], (*want)[1], 1e-5);
    }
  }
}

TEST(OneDnnCompilerTest, TensorsNeedNoAlignmentBeyondTheirElements) {
  // The codec hands out views into a message's bytes.
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kNetwork), 2);
  ASSERT_NE(program, nullptr);
  const std::vector<Tensor> images = Images(2, 7);
  const std::vector<Tensor> want = RunProgram(*program, images);
  AlignedBuffer input(images[0].bytes().size() + 4);
  std::copy(images[0].bytes().begin(), images[0].bytes().end(), input.data() + 4);
  AlignedBuffer probabilities(want[0].bytes().size() + 4);
  AlignedBuffer logits(want[1].bytes().size() + 4);
  const auto after_4_bytes = [](const AlignedBuffer& buffer) {
    return std::span(buffer.data() + 4, buffer.size() - 4);
  };
  const TensorView in{images[0].type(), after_4_bytes(input)};
  const MutableTensorView out[] = {{want[0].type(), after_4_bytes(probabilities)},
                                   {want[1].type(), after_4_bytes(logits)}};
  const AlignedBuffer arena = NewArena(*program);
  program->Bind(arena.data())->Run(std::span(&in, 1), out);
  EXPECT_TRUE(SameBits(after_4_bytes(probabilities), want[0].bytes()));
  EXPECT_TRUE(SameBits(after_4_bytes(logits), want[1].bytes()));
}

TEST(OneDnnCompilerTest, StepsNameTheNodesThatTheyComeFrom) {
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kNetwork), 1);
  ASSERT_NE(program, nullptr);
  std::vector<std::string> conv_nodes;
  for (const StepInfo& step : program->steps()) {
    EXPECT_FALSE(step.implementation.empty()) << step.op;
    if (step.op == "Conv") conv_nodes.push_back(step.node);
  }
  EXPECT_THAT(conv_nodes, ::testing::ElementsAre("a", "c"));
}

TEST(OneDnnCompilerTest, TakesABatchWithoutSamples) {
  ExpectAgreesWithReference(
      "input %image: f32[0, 3, 5, 5]\nconst %w: f32[4, 3, 3, 3] = seed(1)\n"
      "%y = Conv(%image, %w)\n%f = Flatten(%y)\noutput %y\noutput %f\n");
}

// What the steps of convolutions are, and their details.
std::vector<std::string> ConvDetails(const Program& program) {
  std::vector<std::string> details;
  for (const StepInfo& step : program.steps()) {
    if (!step.op.starts_with("Conv")) continue;
    details.push_back(step.implementation + (step.detail.empty() ? "" : " ") + step.detail);
  }
  return details;
}

TEST(OneDnnCompilerTest, CutsALongRowIntoPieces) {
  constexpr char kLongRows[] = R"(
    input %x: f32[2, 8, 4099]
    const %w: f32[8, 4, 5] = seed(1)
    const %b: f32[8] = seed(2)
    const %s: f32[8, 1] = seed(3)
    %a = Conv(%x, %w, %b) {group = 2, pads = [1, 0]} -> Rectifier(%s)
    %c = Conv(%a, %w) {group = 2, dilations = [3], pads = [6, 6]} -> Add(%a)
    %y = Conv(%c, %w) {group = 2, pads = [2, 1], strides = [2]} -> Rectifier(%s)
    output %c
    output %y
  )";
  ExpectAgreesWithReference(kLongRows, {.tolerance = 1e-4});  // of three layers
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kLongRows), 2);
  ASSERT_NE(program, nullptr);
  EXPECT_THAT(ConvDetails(*program),
              ElementsAre(HasSubstr("8 pieces"), HasSubstr("8 pieces"), HasSubstr("4 pieces")));
}

TEST(OneDnnCompilerTest, RunsConvolutionsInALoopWhereThereIsOnlyAvx2) {
  constexpr char kConvolutions[] = R"(
    input %x: f32[2, 16, 9, 9]
    const %w: f32[16, 16, 3, 3] = seed(1)
    const %v: f32[16, 16, 2, 2] = seed(2)
    const %s: f32[16, 1, 1] = seed(3)
    const %alpha: f32[] = 0.25
    %a = Conv(%x, %w) {pads = [1, 1, 1, 1]} -> Rectifier(%s)
    %b = Conv(%a, %w) {pads = [1, 1, 1, 1]} -> Rectifier(%alpha) -> Add(%a) -> Rectifier(%s)
    %c = Conv(%b, %w) {pads = [1, 1, 1, 1]} -> Add(%a) -> Add(%x)
    %d = ConvTranspose(%c, %v) {strides = [2, 2]}
    output %d
  )";
  ExpectAgreesWithReference(kConvolutions, {.tolerance = 1e-3});  // of four layers
  if (OneDnnIsa().starts_with("avx512")) return;
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kConvolutions));
  ASSERT_NE(program, nullptr);
  EXPECT_THAT(ConvDetails(*program),
              ElementsAre("loop:direct  + slope(per channel)",
                          "loop:direct  + slope(0.25) + add + slope(per channel)",
                          "loop:direct  + sum + add", "loop:direct phases", "loop:phases"));
}

TEST(OneDnnCompilerTest, RunsFewOutputChannelsByRowsOfTapsWhereThereIsOnlyAvx2) {
  constexpr char kLastLayer[] = R"(
    input %x: f32[2, 32, 9, 10]
    const %w: f32[3, 32, 5, 3] = seed(1)
    const %b: f32[3] = seed(2)
    const %s: f32[3, 1, 1] = seed(3)
    %y = Conv(%x, %w, %b) {pads = [3, 1, 2, 0], dilations = [2, 1]} -> Rectifier(%s)
    output %y
  )";
  ExpectAgreesWithReference(kLastLayer, {.tolerance = 1e-4});
  if (OneDnnIsa().starts_with("avx512")) return;
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kLastLayer));
  ASSERT_NE(program, nullptr);
  EXPECT_THAT(ConvDetails(*program), ElementsAre("loop:direct rows of taps", "loop:row_sum"));
}

TEST(OneDnnCompilerTest, RunsInnerProductsInTheLoopWhereThereIsOnlyAvx2) {
  constexpr char kProducts[] = R"(
    input %x: f32[3, 9000]
    const %w: f32[9000, 40] = seed(1)
    const %v: f32[20, 40] = seed(2)
    const %b: f32[20] = seed(3)
    const %c: f32[3, 20] = seed(4)
    const %u: f32[20, 7] = seed(5)
    const %s: f32[40] = seed(6)
    const %alpha: f32[] = 0.25
    %p = MatMul(%x, %w) -> Rectifier(%s)
    %q = Gemm(%p, %v, %b) {transB = 1} -> Rectifier(%alpha)
    %r = Gemm(%p, %v, %c) {transB = 1} -> Rectifier(%alpha)
    %t = MatMul(%q, %u)
    output %r
    output %t
  )";
  ExpectAgreesWithReference(kProducts, {.tolerance = 2e-2});  // of sums of 9000 products
  if (OneDnnIsa().starts_with("avx512")) return;
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kProducts));
  ASSERT_NE(program, nullptr);
  std::vector<std::string> products;
  for (const StepInfo& step : program->steps()) {
    if (step.detail.starts_with("inner product")) {
      products.push_back(step.implementation + " " + step.detail);
    }
  }
  EXPECT_THAT(products, ElementsAre("loop:direct inner product + slope(per channel)",
                                    "loop:direct inner product + slope(0.25)",
                                    "loop:direct inner product", "loop:direct inner product"));
}

TEST(OneDnnCompilerTest, TakesTheMaximaOfAConvolutionOnTheWayWhereThereIsOnlyAvx2) {
  constexpr char kPooled[] = R"(
    input %x: f32[2, 16, 9, 9]
    const %w: f32[16, 16, 3, 3] = seed(1)
    const %s: f32[16, 1, 1] = seed(3)
    %a = Conv(%x, %w) {pads = [1, 1, 1, 1]} -> Rectifier(%s)
    %b = MaxPool(%a) {kernel_shape = [2, 2], strides = [2, 2]}
    %c = Conv(%b, %w) {pads = [1, 1, 1, 1]}
    %d = MaxPool(%c) {kernel_shape = [1, 3], strides = [1, 3]}
    output %d
  )";
  ExpectAgreesWithReference(kPooled, {.tolerance = 1e-3});  // of two layers
  if (OneDnnIsa().starts_with("avx512")) return;
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kPooled));
  ASSERT_NE(program, nullptr);
  EXPECT_THAT(ConvDetails(*program), ElementsAre("loop:direct  + slope(per channel) + max of 2x2",
                                                 "loop:direct  + max of 1x3"));
  for (const StepInfo& step : program->steps()) EXPECT_NE(step.op, "MaxPool");
}

TEST(OneDnnCompilerTest, TakesNoMaximaThatOthersNeedAllOrOfWindowsThatOverlap) {
  for (const char* body :
       {"%y = MaxPool(%a) {kernel_shape = [2, 2], strides = [2, 2]}\noutput %a",
        "%y = MaxPool(%a) {kernel_shape = [2, 2], strides = [2, 2]}\n"
        "%z = Rectifier(%a, %s) {origin = \"prelu\"}\noutput %z",
        "%y = MaxPool(%a) {kernel_shape = [3, 3], strides = [2, 2]}",
        "%y = MaxPool(%a) {kernel_shape = [3, 3], strides = [3, 3]}",
        "%y = MaxPool(%a) {kernel_shape = [2, 2], strides = [2, 2], pads = [1, 1, 0, 0]}",
        "%y = MaxPool(%a) {kernel_shape = [2, 2], strides = [2, 2], ceil_mode = 1}",
        "%y = MaxPool(%a) {kernel_shape = [2, 2], strides = [2, 2], dilations = [2, 2]}",
        "%b = Add(%a, %x)\n%y = MaxPool(%b) {kernel_shape = [2, 2], strides = [2, 2]}"}) {
    const std::string text = fmt::format(
        "input %x: f32[2, 16, 9, 9]\nconst %w: f32[16, 16, 3, 3] = seed(1)\n"
        "const %s: f32[] = 0.5\n%a = Conv(%x, %w) {{pads = [1, 1, 1, 1]}}\n{}\noutput %y\n",
        body);
    SCOPED_TRACE(text);
    ExpectAgreesWithReference(text, {.tolerance = 1e-4});
    const auto program = MustCompile(*NewCompiler(), TypedGraph(text));
    ASSERT_NE(program, nullptr);
    EXPECT_THAT(ConvDetails(*program), Each(Not(HasSubstr("max"))));
  }
}

TEST(OneDnnCompilerTest, PadsNarrowImagesOfFewChannelsOnceWhereThereIsOnlyAvx2) {
  const auto steps_of = [](const char* input, const char* filters) {
    const std::string text = fmt::format(
        "input %x: f32[{0}]\nconst %w: f32[{1}] = seed(1)\n"
        "%y = Conv(%x, %w) {{pads = [1, 0, 0, 1]}}\noutput %y",
        input, filters);
    ExpectAgreesWithReference(text, {.tolerance = 1e-4});
    const auto program = MustCompile(*NewCompiler(), TypedGraph(text));
    return program == nullptr ? std::vector<std::string>() : StepOps(*program);
  };
  if (OneDnnIsa().starts_with("avx512")) return;
  EXPECT_THAT(steps_of("2, 16, 9, 9", "16, 16, 3, 3"), Contains("Pad"));
  EXPECT_THAT(steps_of("2, 16, 9, 90", "16, 16, 3, 3"), Not(Contains("Pad"))) << "wide";
  EXPECT_THAT(steps_of("2, 128, 3, 9", "16, 128, 2, 2"), Not(Contains("Pad"))) << "many channels";
  EXPECT_THAT(steps_of("2, 2, 9, 9", "16, 2, 3, 3"), Not(Contains("Pad"))) << "short rows";
}

TEST(OneDnnCompilerTest, PadsNoNarrowImageToManyTimesItsSize) {
  constexpr char kFarApart[] = R"(
    input %x: f32[1, 16, 2, 2]
    const %w: f32[16, 16, 2, 2] = seed(1)
    %y = Conv(%x, %w) {strides = [16384, 16384], pads = [16384, 16384, 16384, 16384]}
    output %y
  )";
  ExpectAgreesWithReference(kFarApart, {.tolerance = 1e-4});
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kFarApart));
  ASSERT_NE(program, nullptr);
  EXPECT_LT(program->arena_bytes(), size_t{1} << 20);
}

TEST(OneDnnCompilerTest, PadsNarrowImagesWhosePaddingCutsOffWhatADeconvolutionGives) {
  for (const char* body : {
           "input %x: f32[2, 64, 9, 9]\nconst %w: f32[64, 16, 4, 4] = seed(1)\n"
           "%y = ConvTranspose(%x, %w) {strides = [2, 2], pads = [0, 0, 13, 13]}",
           "input %x: f32[5, 60, 3]\nconst %w: f32[60, 18, 4] = seed(1)\n"
           "%y = ConvTranspose(%x, %w) {strides = [2], pads = [1, 4]}",
           "input %x: f32[1, 10, 15, 13]\nconst %w: f32[10, 5, 3, 4] = seed(1)\n"
           "%y = ConvTranspose(%x, %w) {strides = [1, 2], pads = [1, 0, 7, 6]}",
       }) {
    ExpectAgreesWithReference(fmt::format("{}\noutput %y\n", body), {.tolerance = 1e-4});
  }
}

TEST(OneDnnCompilerTest, RefusesPaddingThatCannotBeCounted) {
  constexpr int64_t kFar = int64_t{1} << 24;
  const auto graph = ParseGraph(fmt::format(
      "graph \"far\"\ninput %x: f32[16, 256, 2, 2]\n%y = AveragePool(%x) {{kernel_shape = [{0}, "
      "{0}], "
      "strides = [{0}, {0}], pads = [{1}, {1}, {1}, {1}], count_include_pad = 1, ceil_mode = 1}} "
      "@\"pool\"\noutput %y\n",
      kFar, kFar - 1));
  ASSERT_TRUE(graph.ok()) << graph.status();
  const auto program = NewCompiler()->Compile(*graph, std::vector{Shape{16, 256, 2, 2}});
  EXPECT_THAT(std::string(Message(program.status())),
              StartsWith("pool (AveragePool): oneDNN: the input with its padding is too large"));
}

TEST(OneDnnCompilerTest, PadsWhatLiesChannelsLastInOneStep) {
  constexpr char kPadded[] = R"(
    input %x: f32[2, 16, 9, 9]
    const %w: f32[16, 16, 3, 3] = seed(1)
    const %pads: i64[8] = [0, 0, 1, 2, 0, 0, 3, 0]
    const %one: f32[] = 1.0
    %a = Conv(%x, %w)
    %p = Pad(%a, %pads, %one)
    %y = Conv(%p, %w)
    output %y
  )";
  ExpectAgreesWithReference(kPadded, {.tolerance = 1e-4});
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kPadded));
  ASSERT_NE(program, nullptr);
  EXPECT_THAT(StepOps(*program), ElementsAre("Reorder", "Conv", "Pad", "Conv", "Reorder"));
}

TEST(OneDnnCompilerTest, LeavesToOneDnnWhatTheLoopDoesNotDo) {
  for (const char* body : {
           "input %x: f32[1, 8193, 1, 2]\nconst %w: f32[2, 8193, 1, 1] = seed(1)\n"
           "%y = Conv(%x, %w) {pads = [0, 1, 0, 0]}",
           "input %x: f32[1, 1, 1, 600]\nconst %w: f32[2, 1, 1, 513] = seed(1)\n%y = Conv(%x, %w)",
           "input %x: f32[1, 8, 5, 5]\nconst %w: f32[8, 4, 3, 3] = seed(1)\n"
           "%y = Conv(%x, %w) {group = 2}",
           "input %x: f32[1, 4, 3, 3, 3]\nconst %w: f32[8, 4, 2, 2, 2] = seed(1)\n%y = Conv(%x, "
           "%w)",
           "input %x: f32[1, 16, 5, 5]\nconst %w: f32[16, 16, 3, 3] = seed(1)\n"
           "const %s: f32[16, 1, 1] = seed(2)\nconst %a: f32[] = 0.5\n"
           "%y = Conv(%x, %w) -> Rectifier(%s) -> Rectifier(%a)",
       }) {
    const std::string text = std::string(body) + "\noutput %y\n";
    SCOPED_TRACE(text);
    const auto program = MustCompile(*NewCompiler(), TypedGraph(text));
    ASSERT_NE(program, nullptr);
    EXPECT_THAT(ConvDetails(*program), Each(Not(HasSubstr("loop"))));
    ExpectAgreesWithReference(text, {.tolerance = 1e-3});
  }
}

TEST(OneDnnCompilerTest, TakesTheMaximaOfAFirstLayerOnTheWayWhereThereIsOnlyAvx2) {
  constexpr char kFirstLayer[] = R"(
    input %x: f32[1, 3, 160, 160]
    const %w: f32[16, 3, 3, 3] = seed(1)
    const %a: f32[] = 0.1
    %c = Conv(%x, %w) {pads = [1, 1, 1, 1]} -> Rectifier(%a)
    %y = MaxPool(%c) {kernel_shape = [2, 2], strides = [2, 2]}
    output %y
  )";
  ExpectAgreesWithReference(kFirstLayer, {.tolerance = 1e-4});
  if (OneDnnIsa().starts_with("avx512")) return;
  const auto program = MustCompile(*NewCompiler(), TypedGraph(kFirstLayer));
  ASSERT_NE(program, nullptr);
  EXPECT_THAT(ConvDetails(*program), ElementsAre(HasSubstr("max of 2x2")));
}

// Apart where kernels are of several lengths, or positions are cut off; not where channels are few.
TEST(OneDnnCompilerTest, TakesPhasesApartWhereThatSavesProductsAndThereIsOnlyAvx2) {
  const auto steps_of = [](const char* filters, const char* pads) {
    const std::string text = fmt::format(
        "input %x: f32[2, 20, 4, 4]\nconst %w: f32[20, {}] = seed(1)\n"
        "%y = ConvTranspose(%x, %w) {{strides = [2, 2], pads = [{}]}}\noutput %y",
        filters, pads);
    ExpectAgreesWithReference(text, {.tolerance = 1e-4});
    const auto program = MustCompile(*NewCompiler(), TypedGraph(text));
    return program == nullptr ? 0 : std::ranges::count(StepOps(*program), "ConvTranspose");
  };
  if (OneDnnIsa().starts_with("avx512")) return;
  constexpr int kTogether = 2;  // with the move
  constexpr int kApart = 5;
  EXPECT_EQ(steps_of("16, 2, 2", "0, 0, 0, 0"), kTogether);
  EXPECT_EQ(steps_of("16, 3, 3", "0, 0, 0, 0"), kApart) << "an odd kernel";
  EXPECT_EQ(steps_of("16, 4, 4", "1, 1, 1, 1"), kApart) << "5 positions for 4";
  EXPECT_EQ(steps_of("4, 3, 3", "0, 0, 0, 0"), kTogether) << "few channels";
}

// y has one row, where a sum of rows would compute 24.
TEST(OneDnnCompilerTest, SumsNoRowsOfWhichFewAreNeeded) {
  const std::string text =
      "input %x: f32[1, 32, 24, 4]\nconst %w: f32[1, 32, 24, 1] = seed(1)\n"
      "%y = Conv(%x, %w)\noutput %y\n";
  ExpectAgreesWithReference(text, {.tolerance = 1e-3});
  const auto program = MustCompile(*NewCompiler(), TypedGraph(text));
  ASSERT_NE(program, nullptr);
  EXPECT_THAT(ConvDetails(*program), Each(Not(HasSubstr("row_sum"))));
}

TEST(OneDnnCompilerTest, TakesInputsOfIntegersAndBools) {
  ExpectAgreesWithReference(R"(
    input %table: i64[5, 3]
    input %rows: i64[4]
    input %flags: bool[4, 1]
    const %zero: i64[] = 0
    const %one: i64[1] = 1
    %taken = Gather(%table, %rows)
    %kept = Where(%flags, %taken, %zero)
    %none = Slice(%table, %one, %one)
    output %kept
    output %none
  )");
}

TEST(OneDnnCompilerTest, HandsOnInputsOfTypesThatItDoesNotComputeWith) {
  ExpectAgreesWithReference("input %x: f64[2]\n%y = Identity(%x)\noutput %y\n");
}

// --- What is refused
// ------------------------------------------------------------------------------

std::string CompileError(std::string_view text, const std::vector<Shape>& shapes) {
  return StatusText(NewCompiler()->Compile(TypedGraph(text), shapes));
}

TEST(OneDnnCompilerTest, RefusesShapesThatAreNotTheInputs) {
  EXPECT_EQ(CompileError(kNetwork, {}),
            "INVALID_ARGUMENT: small: expected shapes for 1 inputs, got 0");
  EXPECT_EQ(CompileError(kNetwork, {{1, 3, 12, 13}}),
            "INVALID_ARGUMENT: image: expected shape [?, 3, 12, 12], got [1, 3, 12, 13]");
  EXPECT_EQ(CompileError(kNetwork, {{kDynamicDim, 3, 12, 12}}),
            "INVALID_ARGUMENT: image: expected shape [?, 3, 12, 12], got [?, 3, 12, 12]");
}

TEST(OneDnnCompilerTest, RefusesShapesThatFitNoLongerOnceTheyAreKnown) {
  EXPECT_THAT(CompileError("input %x: f32[?, ?]\nconst %s: i64[2] = [4, 4]\n"
                           "%y = Reshape(%x, %s)\noutput %y",
                           {{3, 5}}),
              StartsWith("INVALID_ARGUMENT: y (Reshape)"));
}

TEST(OneDnnCompilerTest, RefusesShapesThatDependOnValues) {
  EXPECT_EQ(CompileError("input %x: f32[3]\n%y = NonZero(%x)\noutput %y", {{3}}),
            "UNIMPLEMENTED: y (NonZero): y has a shape that depends on values: [1, ?]");
  EXPECT_EQ(CompileError("input %x: f32[6]\ninput %s: i64[2]\n%y = Reshape(%x, %s)\noutput %y",
                         {{6}, {2}}),
            "UNIMPLEMENTED: y (Reshape): y has a shape that depends on values: [?, ?]");
}

TEST(OneDnnCompilerTest, RefusesShapesThatDependOnValuesInAnyBatch) {
  EXPECT_EQ(
      CompileError("input %x: f32[?, 3]\n%a = Tanh(%x)\n%y = NonZero(%a)\noutput %y", {{8, 3}}),
      "UNIMPLEMENTED: y (NonZero): y has a shape that depends on values: [2, ?]");
}

// Every output position as a phase of its own would make weights of 64 MB of one number, and many
// taps in one dimension those of empty phases in the other.
TEST(OneDnnCompilerTest, WeightsDoNotGrowWithStridesBeyondTheKernel) {
  const auto weight_bytes = [](const char* body) {
    const Graph graph = TypedGraph(fmt::format("input %x: f32[1, 1, 2, 2]\n{}\noutput %y", body));
    const auto compiler = NewCompiler();
    EXPECT_NE(MustCompile(*compiler, graph, 1), nullptr);
    return compiler->weight_bytes();
  };
  EXPECT_LE(weight_bytes("const %w: f32[1, 1, 1, 1] = seed(1)\n"
                         "%y = ConvTranspose(%x, %w) {strides = [4000, 4000]}"),
            size_t{1} << 12);
  EXPECT_LE(weight_bytes("const %w: f32[1, 1, 1, 500] = seed(1)\n"
                         "%y = ConvTranspose(%x, %w) {strides = [8000, 1]}"),
            size_t{1} << 18);
}

// Of 2000 positions with 8000 phases each, one phase is wanted.
TEST(OneDnnCompilerTest, MemoryDoesNotGrowWithPhasesThatNobodyWants) {
  const Graph graph = TypedGraph(
      "input %x: f32[1, 1, 1, 2000]\nconst %w: f32[1, 1, 8000, 1] = seed(1)\n"
      "%y = ConvTranspose(%x, %w) {strides = [8000, 1], pads = [7999, 0, 0, 0]}\noutput %y");
  const auto program = MustCompile(*NewCompiler(), graph, 1);
  ASSERT_NE(program, nullptr);
  EXPECT_LE(program->arena_bytes(), size_t{1} << 20);
}

// A primitive that has other threads, or another batch, than that which laid out the weights may
// find nothing but a reference loop for them.
TEST(OneDnnCompilerTest, RunsNoReferenceLoopForADeconvolutionInAnyBatch) {
  const auto compiler = NewCompiler(/*threads=*/2);
  const Graph graph = TypedGraph(R"(
    input %x: f32[?, 30, 2, 5, 2]
    const %w: f32[30, 9, 4, 5, 2] = seed(1)
    %y = ConvTranspose(%x, %w) {strides = [3, 1, 2], pads = [2, 3, 1, 2, 3, 1]}
    output %y
  )");
  for (const int64_t batch : {1, 2, 4, 8}) {
    const auto program = MustCompile(*compiler, graph, batch);
    ASSERT_NE(program, nullptr);
    EXPECT_THAT(StepsText(*program), Not(HasSubstr("ref"))) << batch;
  }
}

TEST(OneDnnCompilerTest, RefusesCastsThatItHasNoLoopFor) {
  EXPECT_EQ(CompileError("input %x: f64[3]\n%y = Cast(%x) {to = \"i64\"}\noutput %y", {{3}}),
            "UNIMPLEMENTED: y (Cast): f64 cannot be cast to i64");
}

TEST(OneDnnCompilerTest, RefusesWeightsThatAreComputed) {
  for (const char* op : {"Conv", "ConvTranspose"}) {
    EXPECT_EQ(CompileError(fmt::format("input %x: f32[1, 2, 3, 3]\ninput %w: f32[2, 2, 3, 3]\n"
                                       "%y = {}(%x, %w)\noutput %y",
                                       op),
                           {{1, 2, 3, 3}, {2, 2, 3, 3}}),
              fmt::format("UNIMPLEMENTED: y ({}): weights that are not constant", op));
  }
}

// No pass fuses these, but a graph may say so: a post-op is never dropped in silence.
std::string PostOpError(std::string_view declarations, std::string_view node) {
  const auto graph =
      ParseGraph(fmt::format("input %x: f32[2, 3, 4, 5]\nconst %w: f32[3, 3, 1, 1] = seed(2)\n{}\n"
                             "%y = {} -> Rectifier(%s)\noutput %y",
                             declarations, node));
  if (!graph.ok()) return StatusText(graph);
  return StatusText(NewCompiler()->Compile(*graph, BoundInputShapes(*graph, 1)));
}

TEST(OneDnnCompilerTest, RefusesPostOpsOfOperatorsThatDoNotTakeThem) {
  for (const char* node :
       {"MaxPool(%x) {kernel_shape = [1, 1]}", "Sigmoid(%x)", "Add(%x, %x)", "Identity(%x)",
        "Softmax(%x)", "GlobalAveragePool(%x)", "Transpose(%x)", "Concat(%x, %x) {axis = 0}",
        "Flatten(%x)", "Rectifier(%x, %s) {origin = \"relu\"}"}) {
    EXPECT_THAT(PostOpError("const %s: f32[] = -0.5", node),
                HasSubstr("post-op Rectifier with 1 operands is not one that can be fused"))
        << node;
  }
}

TEST(OneDnnCompilerTest, RefusesPostOpsWithSlopesThatCannotBeFused) {
  for (const char* slope :
       {"const %s: f32[4, 5] = seed(1)", "const %s: f32[5] = seed(1)",
        "const %s: f32[2, 1, 1, 1] = seed(1)", "input %s: f32[]", "input %s: f32[3, 1, 1]"}) {
    EXPECT_THAT(PostOpError(slope, "Conv(%x, %w)"), HasSubstr("slope s of a post-op: expected"))
        << slope;
  }
}

absl::Status CompileWithin(int64_t max_program_bytes, std::string_view text) {
  const Graph graph = TypedGraph(text);
  CompilerOptions options;
  options.max_program_bytes = max_program_bytes;
  return NewOneDnnCompiler(options)->Compile(graph, BoundInputShapes(graph, 1)).status();
}

// The memory is never allocated: these run in a few megabytes.
TEST(OneDnnCompilerTest, RefusesATensorThatIsLargerThanAProgramMayBe) {
  EXPECT_EQ(StatusText(CompileWithin(int64_t{1} << 30, R"(
              input %x: f32[1, 1]
              const %pads: i64[4] = [0, 0, 131071, 131071]
              %y = Pad(%x, %pads)
              output %y
            )")),
            "RESOURCE_EXHAUSTED: y (Pad): y takes 68719476736 bytes of memory, at most 1073741824 "
            "are allowed");
}

TEST(OneDnnCompilerTest, RefusesWhatClaimsMoreMemoryThanIsAllowed) {
  const absl::Status status = CompileWithin(int64_t{1} << 30, R"(
    input %x: f32[1, 1]
    const %pads: i64[4] = [0, 0, 16383, 9999]
    %y = Pad(%x, %pads)
    %z = Softmax(%y)
    output %y
    output %z
  )");
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_THAT(std::string(Message(status)),
              MatchesRegex("z \\(Softmax\\): running the graph takes 13[0-9]{8} bytes of memory, "
                           "at most 1073741824 are allowed; this is the largest step"));
}

TEST(OneDnnCompilerTest, NamesTheStepThatTakesMostMemoryToRunWhateverItsWeights) {
  const auto graph = ParseGraph(R"(
    graph "claims"
    input %x: f32[1, 1000]
    const %w: f32[1000, 1000] = 1.0
    const %pads: i64[4] = [0, 0, 9, 9000]
    %p = MatMul(%x, %w) @"fc"
    %y = Pad(%p, %pads) @"pad"
    output %y
  )");
  ASSERT_TRUE(graph.ok()) << graph.status();
  CompilerOptions options;
  options.max_program_bytes = 100'000;
  const auto program = NewOneDnnCompiler(options)->Compile(*graph, std::vector{Shape{1, 1000}});
  EXPECT_THAT(std::string(Message(program.status())), StartsWith("pad (Pad): "));
}

// Each of these wants the one matrix in a form of its own.
TEST(OneDnnCompilerTest, RefusesAConstantInMoreFormsThanItsBudgetHolds) {
  const auto graph = ParseGraph(R"(
    graph "copies"
    input %x: f32[1, 512]
    const %w: f32[512, 512] = 1.0
    %a = Gemm(%x, %w) {alpha = 2.0} @"first"
    %b = Gemm(%a, %w) {alpha = 3.0} @"second"
    %c = Gemm(%b, %w) {alpha = 4.0} @"third"
    output %c
  )");
  ASSERT_TRUE(graph.ok()) << graph.status();
  CompilerOptions options;
  options.max_weight_bytes = int64_t{5} << 19;
  const auto compiler = NewOneDnnCompiler(options);
  const auto program = compiler->Compile(*graph, std::vector{Shape{1, 512}});
  EXPECT_EQ(program.status().code(), absl::StatusCode::kResourceExhausted);
  // A form may have its rows padded.
  EXPECT_THAT(std::string(Message(program.status())),
              MatchesRegex("third \\(Gemm\\): with it the weights take 3[0-9]{6} bytes, at most "
                           "2621440 are allowed"));
  EXPECT_LE(compiler->weight_bytes(), static_cast<size_t>(options.max_weight_bytes));
}

TEST(OneDnnTest, NamesItsVersionAndInstructionSet) {
  EXPECT_THAT(OneDnnVersion(), MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_THAT(OneDnnIsa(), StartsWith("avx"));
  EXPECT_TRUE(CheckCpu().ok());
}

}  // namespace
}  // namespace rectifier
