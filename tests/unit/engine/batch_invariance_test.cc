// A sample's result has the same bits whatever batch it is computed in and wherever in that batch
// it lies: so that batching is something that nobody can see. That is promised for Programs that
// run on one thread. On two it holds but where oneDNN splits a sum by the number of threads.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <iterator>

#include "tests/unit/engine/batch_networks.h"
#include "tests/unit/engine/program_testing.h"

namespace rectifier {
namespace {

constexpr Network kNetworks[] = {
    {"Conv3x3", R"(
      input %x: f32[?, 16, 14, 14]
      const %w: f32[32, 16, 3, 3] = seed(1)
      const %b: f32[32] = seed(2)
      %y = Conv(%x, %w, %b) {pads = [1, 1, 1, 1]}
      output %y)"},
    {"Conv3x3OfFewChannels", R"(
      input %x: f32[?, 3, 15, 15]
      const %w: f32[5, 3, 3, 3] = seed(1)
      const %s: f32[5, 1, 1] = seed(2)
      %y = Conv(%x, %w) {strides = [2, 2]} -> Rectifier(%s)
      output %y)"},
    {"Conv1x1", R"(
      input %x: f32[?, 64, 7, 7]
      const %w: f32[48, 64, 1, 1] = seed(1)
      %y = Conv(%x, %w)
      output %y)"},
    {"Conv1x1OfManyChannels", R"(
      input %x: f32[?, 448, 2, 2]
      const %w: f32[200, 448, 1, 1] = seed(1)
      %y = Conv(%x, %w)
      output %y)"},
    {"Conv3x3OfASmallPicture", R"(
      input %x: f32[?, 128, 3, 3]
      const %w: f32[48, 128, 3, 3] = seed(1)
      %y = Conv(%x, %w) {pads = [1, 1, 1, 1]}
      output %y)"},
    {"Conv1x1OfAPixel", R"(
      input %x: f32[?, 64, 1, 1]
      const %w: f32[48, 64, 1, 1] = seed(1)
      %y = Conv(%x, %w)
      output %y)"},
    {"ConvThatCoversItsInput", R"(
      input %x: f32[?, 64, 7, 7]
      const %w: f32[40, 64, 7, 7] = seed(1)
      %y = Conv(%x, %w)
      output %y)"},
    {"ConvThatCoversItsPaddedInput", R"(
      input %x: f32[?, 16, 4, 4]
      const %w: f32[40, 16, 6, 6] = seed(1)
      %y = Conv(%x, %w) {pads = [1, 1, 1, 1]}
      output %y)"},
    {"ConvWhoseLayoutSuitsSomeBatches", R"(
      input %x: f32[?, 24, 7, 7]
      const %w: f32[64, 24, 5, 5] = seed(1)
      %y = Conv(%x, %w) {pads = [2, 2, 2, 2]}
      output %y)"},
    {"ConvThatCoversOneDimension", R"(
      input %x: f32[?, 16, 4, 9]
      const %w: f32[40, 16, 4, 3] = seed(1)
      %y = Conv(%x, %w)
      output %y)"},
    {"ConvInGroups", R"(
      input %x: f32[?, 24, 9, 9]
      const %w: f32[36, 8, 3, 3] = seed(1)
      %y = Conv(%x, %w) {group = 3}
      output %y)"},
    {"ConvInGroupsThatCoversItsInput", R"(
      input %x: f32[?, 16, 5, 5]
      const %w: f32[32, 8, 5, 5] = seed(1)
      %y = Conv(%x, %w) {group = 2}
      output %y)"},
    {"ConvDilated", R"(
      input %x: f32[?, 16, 12, 12]
      const %w: f32[16, 16, 3, 3] = seed(1)
      %y = Conv(%x, %w) {dilations = [2, 2]}
      output %y)"},
    {"ConvDepthwise", R"(
      input %x: f32[?, 33, 9, 9]
      const %w: f32[33, 1, 3, 3] = seed(1)
      %y = Conv(%x, %w) {group = 33, pads = [1, 1, 1, 1]}
      output %y)"},
    {"Conv1D", R"(
      input %x: f32[?, 16, 50]
      const %w: f32[24, 16, 5] = seed(1)
      %y = Conv(%x, %w)
      output %y)"},
    {"Conv1DOfALongRow", R"(
      input %x: f32[?, 8, 2048]
      const %w: f32[8, 8, 3] = seed(1)
      const %s: f32[8, 1] = seed(2)
      %a = Conv(%x, %w) {pads = [1, 1]} -> Rectifier(%s)
      %y = Conv(%a, %w) {pads = [1, 1]} -> Add(%a)
      output %y)"},
    {"Conv3D", R"(
      input %x: f32[?, 4, 5, 6, 7]
      const %w: f32[8, 4, 3, 3, 3] = seed(1)
      %y = Conv(%x, %w)
      output %y)"},
    {"ConvTranspose", R"(
      input %x: f32[?, 16, 6, 6]
      const %w: f32[16, 8, 4, 4] = seed(1)
      %y = ConvTranspose(%x, %w) {strides = [2, 2], pads = [1, 1, 1, 1]}
      output %y)",
     Network::TwoThreads::kHoldsInTheLoop},
    {"ConvTransposeToOneChannel", R"(
      input %x: f32[?, 32, 6, 6]
      const %w: f32[32, 1, 9, 9] = seed(1)
      %y = ConvTranspose(%x, %w) {strides = [2, 2], pads = [4, 4, 4, 4]}
      output %y)"},
    {"ConvTransposeOfAPixel", R"(
      input %x: f32[?, 100, 1, 1]
      const %w: f32[100, 16, 4, 4] = seed(1)
      %y = ConvTranspose(%x, %w)
      output %y)"},
    {"ConvTransposeWithoutStrides", R"(
      input %x: f32[?, 259, 4, 14]
      const %w: f32[259, 41, 5, 4] = seed(1)
      %y = ConvTranspose(%x, %w) {pads = [0, 1, 0, 1]}
      output %y)",
     Network::TwoThreads::kHoldsInTheLoop},
    {"ConvTransposeWhosePhasesDiffer", R"(
      input %x: f32[?, 40, 6, 6]
      const %w: f32[40, 32, 3, 3] = seed(1)
      %y = ConvTranspose(%x, %w) {strides = [2, 2], pads = [1, 1, 1, 1]}
      output %y)",
     Network::TwoThreads::kHoldsInTheLoop},
    {"ConvTransposeOfPhasesWithoutATap", R"(
      input %x: f32[?, 56, 13, 17]
      const %w: f32[56, 32, 1, 1] = seed(1)
      %y = ConvTranspose(%x, %w) {strides = [3, 1]}
      output %y)",
     Network::TwoThreads::kHoldsInTheLoop},
    {"ConvTransposeInThreeDimensions", R"(
      input %x: f32[?, 371, 3, 4, 5]
      const %w: f32[371, 20, 1, 1, 3] = seed(1)
      %y = ConvTranspose(%x, %w) {strides = [1, 2, 1]}
      output %y)"},
    {"ConvTransposeOfSamplesWorthOneThreadEach", R"(
      input %x: f32[?, 475, 2, 2, 2]
      const %w: f32[475, 5, 1, 3, 3] = seed(1)
      %y = ConvTranspose(%x, %w) {strides = [3, 2, 1], pads = [0, 2, 1, 0, 2, 1]}
      output %y)"},
    {"ConvTranspose1x1", R"(
      input %x: f32[?, 32, 5, 5]
      const %w: f32[32, 16, 1, 1] = seed(1)
      %y = ConvTranspose(%x, %w)
      output %y)"},
    {"Gemm", R"(
      input %x: f32[?, 256]
      const %w: f32[100, 256] = seed(1)
      const %b: f32[100] = seed(2)
      const %s: f32[100] = seed(3)
      %y = Gemm(%x, %w, %b) {transB = 1} -> Rectifier(%s)
      output %y)"},
    {"GemmOfALongSum", R"(
      input %x: f32[?, 5000]
      const %w: f32[5000, 33] = seed(1)
      %y = Gemm(%x, %w)
      output %y)"},
    {"GemmToFewColumns", R"(
      input %x: f32[?, 3136]
      const %w: f32[3136, 16] = seed(1)
      %y = Gemm(%x, %w)
      output %y)"},
    {"GemmOfALongSumToManyColumns", R"(
      input %x: f32[?, 4096]
      const %w: f32[4096, 100] = seed(1)
      %y = Gemm(%x, %w)
      output %y)"},
    {"GemmToOneColumn", R"(
      input %x: f32[?, 300]
      const %w: f32[300, 1] = seed(1)
      %y = Gemm(%x, %w)
      output %y)"},
    {"MatMulByAConstant", R"(
      input %x: f32[?, 7, 96]
      const %w: f32[96, 40] = seed(1)
      %y = MatMul(%x, %w)
      output %y)"},
    {"MatMulByAVector", R"(
      input %x: f32[?, 96]
      const %w: f32[96] = seed(1)
      %y = MatMul(%x, %w)
      output %y)"},
    {"MatMulOfComputedMatrices", R"(
      input %x: f32[?, 20, 20]
      %t = Transpose(%x) {perm = [0, 2, 1]}
      %y = MatMul(%x, %t)
      output %y)",
     Network::TwoThreads::kDiffers},
    {"MatMulByAConstantStack", R"(
      input %x: f32[?, 3, 9, 40]
      const %w: f32[3, 40, 17] = seed(1)
      %y = MatMul(%x, %w)
      output %y)",
     Network::TwoThreads::kDiffers},
    {"BatchNormalization", R"(
      input %x: f32[?, 19, 5, 5]
      const %a: f32[19] = seed(1)
      const %v: f32[19] = 0.7
      %y = BatchNormalization(%x, %a, %a, %a, %v)
      output %y)"},
    {"MaxPool", R"(
      input %x: f32[?, 19, 9, 9]
      %y = MaxPool(%x) {kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1}
      output %y)"},
    {"AveragePool", R"(
      input %x: f32[?, 19, 9, 9]
      %y = AveragePool(%x) {kernel_shape = [3, 3], pads = [1, 1, 1, 1]}
      output %y)"},
    {"GlobalAveragePool", R"(
      input %x: f32[?, 19, 13, 13]
      %y = GlobalAveragePool(%x)
      output %y)"},
    {"SoftmaxOfRows", R"(
      input %x: f32[?, 37]
      %y = Softmax(%x)
      output %y)"},
    {"SoftmaxOfChannels", R"(
      input %x: f32[?, 19, 5, 5]
      %y = Softmax(%x) {axis = 1}
      output %y)"},
    {"SigmoidAndTanh", R"(
      input %x: f32[?, 37]
      %s = Sigmoid(%x)
      %t = Tanh(%x)
      %y = Add(%s, %t)
      output %y)"},
    {"RectifierPerElement", R"(
      input %x: f32[?, 3, 5, 7]
      const %s: f32[3, 5, 7] = seed(1)
      %y = Rectifier(%x, %s) {origin = "prelu"}
      output %y)"},
    {"RectifierPerChannel", R"(
      input %x: f32[?, 3, 5, 7]
      const %s: f32[3, 1, 1] = seed(1)
      %y = Rectifier(%x, %s) {origin = "prelu"}
      output %y)"},
    {"AddAndMulThatBroadcast", R"(
      input %x: f32[?, 3, 5, 7]
      const %a: f32[3, 1, 1] = seed(1)
      const %b: f32[5, 1] = seed(2)
      %s = Add(%x, %a)
      %y = Mul(%s, %b)
      output %y)"},
    {"SmallNetwork", R"(
      input %x: f32[?, 1, 8, 8]
      const %w1: f32[8, 1, 3, 3] = seed(1)
      const %s1: f32[8, 1, 1] = seed(2)
      const %w2: f32[16, 8, 3, 3] = seed(3)
      const %s2: f32[16, 1, 1] = seed(4)
      const %w3: f32[10, 256] = seed(5)
      %a = Conv(%x, %w1) {pads = [1, 1, 1, 1]} -> Rectifier(%s1)
      %b = Conv(%a, %w2) {pads = [1, 1, 1, 1]} -> Rectifier(%s2)
      %c = MaxPool(%b) {kernel_shape = [2, 2], strides = [2, 2]}
      %d = Flatten(%c)
      %e = Gemm(%d, %w3) {transB = 1}
      %y = Softmax(%e)
      output %y)"},
};

// Of which some samples go through the first nodes before the others: their tensors leave the
// cache.
constexpr Network kLargeNetworks[] = {
    {"LargeResidualBlocks", R"(
      input %x: f32[?, 8, 80, 80]
      const %v: f32[16, 8, 3, 3] = seed(1)
      const %w: f32[16, 16, 3, 3] = seed(2)
      const %s: f32[16, 1, 1] = seed(3)
      const %g: f32[10, 16] = seed(4)
      %a = Conv(%x, %v) {pads = [1, 1, 1, 1]} -> Rectifier(%s)
      %b = Conv(%a, %w) {pads = [1, 1, 1, 1]} -> Rectifier(%s)
      %c = Conv(%b, %w) {pads = [1, 1, 1, 1]} -> Add(%a) -> Rectifier(%s)
      %d = Conv(%c, %w) {pads = [1, 1, 1, 1]} -> Rectifier(%s)
      %e = Conv(%d, %w) {pads = [1, 1, 1, 1]} -> Add(%c)
      %f = Conv(%e, %w) {pads = [1, 1, 1, 1], strides = [4, 4]}
      %p = GlobalAveragePool(%f)
      %q = Flatten(%p)
      %y = Gemm(%q, %g) {transB = 1}
      output %y)"},
    {"LargeTensorsInSeveralLayouts", R"(
      input %x: f32[?, 8, 80, 80]
      const %v: f32[16, 8, 3, 3] = seed(1)
      const %m: f32[78, 64] = seed(2)
      const %w: f32[16, 32, 3, 3] = seed(3)
      const %s: f32[16] = seed(4)
      %a = Conv(%x, %v)
      %n = InstanceNormalization(%a, %s, %s)
      %p = MatMul(%n, %m)
      %q = Softmax(%p) {axis = 1}
      %r = Sub(%p, %q)
      %t = Concat(%p, %r) {axis = 1}
      %y = Conv(%t, %w) {strides = [2, 2]}
      output %y)"},
};

std::vector<Network> AllNetworks() {
  std::vector<Network> networks(std::begin(kNetworks), std::end(kNetworks));
  networks.insert(networks.end(), std::begin(kLoopNetworks), std::end(kLoopNetworks));
  networks.insert(networks.end(), std::begin(kLargeNetworks), std::end(kLargeNetworks));
  return networks;
}

class BatchInvarianceTest : public ::testing::TestWithParam<Network> {};

constexpr int64_t kSamples = 32;

Shape WithBatch(Shape shape, int64_t batch) {
  shape[0] = batch;
  return shape;
}

// One sample's part of a tensor whose first dimension is the batch.
std::span<const std::byte> Sample(const Tensor& tensor, int64_t index) {
  const size_t bytes = tensor.bytes().size() / static_cast<size_t>(tensor.shape()[0]);
  return tensor.bytes().subspan(bytes * static_cast<size_t>(index), bytes);
}

void ExpectSameBitsInEveryBatch(const Network& network, int threads) {
  const Graph graph = TypedGraph(network.text);
  const Shape shape = graph.value(graph.inputs()[0]).type->shape;
  const Tensor samples = SeededTensor(WithBatch(shape, kSamples), 99);
  const auto compiler = NewCompiler(threads);
  std::vector<Tensor> alone;
  std::string steps_at_1;
  for (const int64_t batch : {1, 2, 3, 5, 8, 32}) {
    const auto program = MustCompile(*compiler, graph, batch);
    ASSERT_NE(program, nullptr);
    const AlignedBuffer arena = NewArena(*program);
    const auto binding = program->Bind(arena.data());
    // Samples lie at another place in every batch.
    for (int64_t first = 0; first < kSamples; first += batch) {
      std::vector<Tensor> inputs;
      inputs.push_back(*Tensor::Allocate({DType::kFloat32, WithBatch(shape, batch)}));
      const auto sample_at = [&](int64_t place) { return (first + place * 5 + batch) % kSamples; };
      for (int64_t place = 0; place < batch; ++place) {
        const auto sample = Sample(samples, sample_at(place));
        std::memcpy(inputs[0].bytes().data() + sample.size() * static_cast<size_t>(place),
                    sample.data(), sample.size());
      }
      std::vector<Tensor> outputs = RunBinding(*program, *binding, inputs);
      if (batch == 1) {
        alone.push_back(std::move(outputs[0]));
        steps_at_1 = StepsText(*program);
        continue;
      }
      for (int64_t place = 0; place < batch; ++place) {
        // alone[i] is the result of sample i + 1.
        const auto index = static_cast<size_t>((sample_at(place) + kSamples - 1) % kSamples);
        ASSERT_TRUE(SameBits(Sample(outputs[0], place), alone[index].bytes()))
            << "batch " << batch << ", place " << place << ": " << StepsText(*program)
            << "; at batch 1: " << steps_at_1;
      }
    }
  }
}

TEST_P(BatchInvarianceTest, ASampleHasTheSameBitsInEveryBatch) {
  ExpectSameBitsInEveryBatch(GetParam(), /*threads=*/1);
}

INSTANTIATE_TEST_SUITE_P(All, BatchInvarianceTest, ::testing::ValuesIn(AllNetworks()),
                         [](const auto& suite) { return std::string(suite.param.name); });

class BatchInvarianceOnTwoThreadsTest : public ::testing::TestWithParam<Network> {};

std::vector<Network> NetworksForTwoThreads() {
  std::vector<Network> networks = AllNetworks();
  std::erase_if(networks, [](const Network& network) {
    using enum Network::TwoThreads;
    return network.on_two_threads == kDiffers ||
           (network.on_two_threads == kHoldsInTheLoop && OneDnnIsa().starts_with("avx512"));
  });
  return networks;
}

TEST_P(BatchInvarianceOnTwoThreadsTest, ASampleHasTheSameBitsInEveryBatch) {
  ExpectSameBitsInEveryBatch(GetParam(), /*threads=*/2);
}

INSTANTIATE_TEST_SUITE_P(All, BatchInvarianceOnTwoThreadsTest,
                         ::testing::ValuesIn(NetworksForTwoThreads()),
                         [](const auto& suite) { return std::string(suite.param.name); });

}  // namespace
}  // namespace rectifier
