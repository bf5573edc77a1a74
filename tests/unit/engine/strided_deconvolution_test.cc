// Deconvolutions with strides and many products for each output: oneDNN 3.2 gives wrong numbers
// when it is to add a bias or apply an activation there.

#include <gtest/gtest.h>

#include "tests/unit/engine/program_testing.h"

namespace rectifier {
namespace {

struct Deconvolution {
  int64_t inputs;
  int64_t outputs;
  int64_t kernel;
  int64_t stride;
};

void PrintTo(const Deconvolution& d, std::ostream* out) {
  *out << d.inputs << " to " << d.outputs << ", " << d.kernel << "/" << d.stride;
}

class StridedDeconvolutionTest : public testing::TestWithParam<Deconvolution> {};

TEST_P(StridedDeconvolutionTest, AddsItsBiasAndAppliesItsActivationOnce) {
  const Deconvolution& d = GetParam();
  for (const char* slope : {"f32[] = 0.1", "f32[{}, 1, 1] = seed(3)"}) {
    ExpectAgreesWithReference(fmt::format(
        R"(
input %x: f32[2, {0}, 5, 4]
const %w: f32[{0}, {1}, {2}, {2}] = seed(1)
const %b: f32[{1}] = seed(2)
const %s: {4}
%y = ConvTranspose(%x, %w, %b) {{strides = [{3}, {3}]}} -> Rectifier(%s) {{origin = "prelu"}}
output %y
)",
        d.inputs, d.outputs, d.kernel, d.stride, fmt::format(fmt::runtime(slope), d.outputs)));
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, StridedDeconvolutionTest,
                         testing::Values(Deconvolution{512, 32, 4, 2}, Deconvolution{64, 64, 8, 4},
                                         Deconvolution{256, 16, 3, 3}, Deconvolution{96, 8, 5, 2}));

}  // namespace
}  // namespace rectifier
