// The activation's special values, and that its fast code is what runs.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/unit/engine/program_testing.h"

namespace rectifier {
namespace {

using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// The ways in which a Rectifier is computed: x holds the values [2, 3, 2] and %s the slope.
struct Form {
  const char* name;
  const char* slope_type;
  const char* body;  // computes %y from %x and %s
};

constexpr Form kForms[] = {
    {"scalar", "f32[]", "%y = Rectifier(%x, %s) {origin = \"relu\"}"},
    {"per channel", "f32[3, 1]", "%y = Rectifier(%x, %s) {origin = \"relu\"}"},
    {"per element", "f32[3, 2]", "%y = Rectifier(%x, %s) {origin = \"relu\"}"},
    {"fused scalar", "f32[]", "%y = Conv(%x, %w) {group = 3} -> Rectifier(%s)"},
    {"fused per channel", "f32[3, 1]", "%y = Conv(%x, %w) {group = 3} -> Rectifier(%s)"},
};

// Twelve results for these twelve values. Every channel's slope is within 1e-6 of `slope` but they
// are not all equal, so that the form per channel is the one that runs.
std::vector<float> Results(const Form& form, float slope, const std::vector<float>& values) {
  std::string elements = fmt::format("{}", slope);
  if (std::string_view(form.slope_type) == "f32[3, 1]") {
    elements = fmt::format("[{0:.7f}, {0:.7f}, {1:.7f}]", slope, slope + 1e-6F);
  } else if (std::string_view(form.slope_type) == "f32[3, 2]") {
    elements =
        fmt::format("[{0:.7f}, {0:.7f}, {0:.7f}, {0:.7f}, {0:.7f}, {1:.7f}]", slope, slope + 1e-6F);
  }
  const Graph graph = TypedGraph(
      fmt::format("input %x: f32[2, 3, 2]\nconst %w: f32[3, 1, 1] = 1.0\nconst %s: {} = {}\n{}\n"
                  "output %y\n",
                  form.slope_type, elements, form.body));
  std::vector<Tensor> inputs;
  inputs.push_back(Tensor::From<float>({2, 3, 2}, values));
  const auto compiler = NewCompiler();
  const auto program = MustCompile(*compiler, graph);
  if (program == nullptr) return std::vector<float>(12, kNan);
  const std::vector<Tensor> outputs = RunProgram(*program, inputs);
  const auto data = outputs[0].data<float>();
  return {data.begin(), data.end()};
}

TEST(RectifierValuesTest, NanStaysNanUnlessTheSlopeIsZero) {
  for (const Form& form : kForms) {
    for (const float slope : {0.25F, -0.5F, 2.0F}) {
      for (const float y : Results(form, slope, std::vector<float>(12, kNan))) {
        EXPECT_TRUE(std::isnan(y)) << form.name << ", slope " << slope;
      }
    }
    for (const float y : Results(form, 0, std::vector<float>(12, kNan))) {
      EXPECT_TRUE(std::isnan(y) || y == 0) << form.name << ": " << y;
    }
  }
}

TEST(RectifierValuesTest, ANanChangesNoOtherElement) {
  for (const Form& form : kForms) {
    std::vector<float> values(12, -2);
    values[5] = kNan;
    const std::vector<float> y = Results(form, 0.5F, values);
    for (size_t i = 0; i < y.size(); ++i) {
      if (i == 5) continue;
      EXPECT_NEAR(y[i], -1, 1e-5) << form.name << ", element " << i;
    }
  }
}

TEST(RectifierValuesTest, InfinitiesAreMultipliedByTheSlope) {
  for (const Form& form : kForms) {
    EXPECT_EQ(Results(form, 0.25F, std::vector<float>(12, kInf)), std::vector<float>(12, kInf))
        << form.name;
    EXPECT_EQ(Results(form, 0.25F, std::vector<float>(12, -kInf)), std::vector<float>(12, -kInf))
        << form.name;
    EXPECT_EQ(Results(form, -0.5F, std::vector<float>(12, -kInf)), std::vector<float>(12, kInf))
        << form.name;
  }
}

TEST(RectifierValuesTest, ReluOfMinusInfinityIsZero) {
  for (const Form& form : {kForms[0], kForms[3]}) {
    for (const float y : Results(form, 0, std::vector<float>(12, -kInf)))
      EXPECT_EQ(y, 0) << form.name;
  }
}

TEST(RectifierValuesTest, BothZerosGiveAZero) {
  for (const Form& form : kForms) {
    for (const float slope : {0.0F, 0.25F, 1.0F, -0.5F}) {
      for (const float zero : {0.0F, -0.0F}) {
        for (const float y : Results(form, slope, std::vector<float>(12, zero))) {
          EXPECT_EQ(y, 0) << form.name << ", slope " << slope;
        }
      }
    }
  }
}

// --- What runs
// ------------------------------------------------------------------------------------

void ExpectNoSlowSteps(std::string_view text) {
  SCOPED_TRACE(text);
  const auto compiler = NewCompiler();
  const auto program = MustCompile(*compiler, TypedGraph(text));
  ASSERT_NE(program, nullptr);
  EXPECT_FALSE(program->steps().empty());
  for (const StepInfo& step : program->steps()) {
    EXPECT_THAT(step.implementation, Not(HasSubstr("ref")))
        << step.op << " " << step.node << " (" << step.detail << ")";
  }
}

TEST(ImplementationTest, ARectifierAloneNeverRunsTheReferenceCode) {
  for (const char* slope : {"f32[]", "f32[32, 1, 1]", "f32[1, 32, 1, 1]", "f32[32, 14, 14]",
                            "f32[14, 14]", "f32[14]", "f32[1, 1, 14]", "f32[32, 1, 14]",
                            "f32[32, 14, 1]", "f32[2, 1, 1, 1]", "f32[2, 32, 14, 14]"}) {
    const std::string head =
        fmt::format("input %x: f32[2, 32, 14, 14]\nconst %s: {} = seed(1)\n", slope);
    const std::string rectifier = "Rectifier({}, %s) {{origin = \"prelu\"}}\noutput %y\n";
    ExpectNoSlowSteps(head + "%y = " + fmt::format(fmt::runtime(rectifier), "%x"));
    ExpectNoSlowSteps(head + "const %w: f32[32, 32, 1, 1] = seed(2)\n%c = Conv(%x, %w)\n%y = " +
                      fmt::format(fmt::runtime(rectifier), "%c"));
  }
  for (const char* slope : {"f32[]", "f32[100]", "f32[8, 1]", "f32[8, 100]"}) {
    ExpectNoSlowSteps(
        fmt::format("input %x: f32[8, 100]\nconst %s: {} = seed(1)\n"
                    "%y = Rectifier(%x, %s) {{origin = \"prelu\"}}\noutput %y\n",
                    slope));
  }
}

TEST(ImplementationTest, FusedRectifiersAreNoStepsOfTheirOwn) {
  for (const char* slope : {"f32[]", "f32[32, 1, 1]", "f32[1, 32, 1, 1]"}) {
    for (const char* node :
         {"const %w: f32[32, 16, 3, 3] = seed(1)\n%y = Conv(%x, %w) -> Rectifier(%s)",
          "const %w: f32[32, 16, 1, 1] = seed(1)\n%y = Conv(%x, %w) -> Rectifier(%s)",
          "const %w: f32[32, 1, 3, 3] = seed(1)\n%y = Conv(%x, %w) {group = 16} -> Rectifier(%s)",
          "const %w: f32[16, 32, 4, 4] = seed(1)\n"
          "%y = ConvTranspose(%x, %w) {strides = [2, 2]} -> Rectifier(%s)",
          "const %w: f32[32, 16, 14, 14] = seed(1)\n%y = Conv(%x, %w) -> Rectifier(%s)"}) {
      const std::string text = fmt::format(
          "input %x: f32[2, 16, 14, 14]\nconst %s: {} = seed(2)\n{}\noutput %y\n", slope, node);
      SCOPED_TRACE(text);
      const auto compiler = NewCompiler();
      const auto program = MustCompile(*compiler, TypedGraph(text));
      ASSERT_NE(program, nullptr);
      int computing = 0;
      for (const StepInfo& step : program->steps()) {
        if (step.op == "Reorder" || step.op == "Pad" || step.implementation == "loop:phases") {
          continue;  // moves
        }
        ++computing;
        EXPECT_THAT(step.detail, AnyOf(HasSubstr("relu"), HasSubstr("slope"))) << step.op;
      }
      EXPECT_EQ(computing, 1);
    }
  }
}

TEST(ImplementationTest, ConvolutionsAndPoolingsNeverRunTheReferenceCode) {
  for (
      const char* body :
      {"const %w: f32[32, 16, 3, 3] = seed(1)\n%y = Conv(%x, %w)",
       "const %w: f32[32, 16, 3, 3] = seed(1)\n%y = Conv(%x, %w) {dilations = [2, 2], strides = "
       "[2, 2]}",
       "const %w: f32[48, 16, 1, 1] = seed(1)\n%y = Conv(%x, %w)",
       "const %w: f32[16, 1, 3, 3] = seed(1)\n%y = Conv(%x, %w) {group = 16, pads = [1, 1, 1, 1]}",
       "const %w: f32[32, 8, 3, 3] = seed(1)\n%y = Conv(%x, %w) {group = 2}",
       "const %w: f32[16, 8, 4, 4] = seed(1)\n%y = ConvTranspose(%x, %w) {strides = [2, 2], pads = "
       "[1, 1, 1, 1]}",
       "const %w: f32[16, 1, 9, 9] = seed(1)\n%y = ConvTranspose(%x, %w) {strides = [2, 2], pads = "
       "[4, 4, 4, 4], output_padding = [1, 1]}",
       "%y = MaxPool(%x) {kernel_shape = [3, 3], strides = [2, 2], ceil_mode = 1}",
       "%y = MaxPool(%x) {kernel_shape = [2, 2], strides = [2, 2]}",
       "%y = AveragePool(%x) {kernel_shape = [3, 3], pads = [1, 1, 1, 1]}",
       "%y = GlobalAveragePool(%x)"}) {
    ExpectNoSlowSteps(fmt::format("input %x: f32[2, 16, 15, 15]\n{}\noutput %y\n", body));
  }
}

TEST(ImplementationTest, AFirstLayerOfThreeChannelsNeverRunsTheReferenceCode) {
  ExpectNoSlowSteps(R"(
    input %x: f32[2, 3, 32, 32]
    const %w: f32[16, 3, 3, 3] = seed(1)
    const %s: f32[16, 1, 1] = seed(2)
    %y = Conv(%x, %w) {pads = [1, 1, 1, 1]} -> Rectifier(%s)
    output %y
  )");
}

TEST(ImplementationTest, ConvolutionsInARowNeedNoReorderBetweenThem) {
  const auto compiler = NewCompiler();
  const auto program = MustCompile(*compiler, TypedGraph(R"(
    input %x: f32[2, 16, 14, 90]
    const %w: f32[16, 16, 3, 3] = seed(1)
    const %s: f32[16, 14, 90] = seed(2)
    const %a: f32[] = 0.1
    %b = Conv(%x, %w) {pads = [1, 1, 1, 1]} -> Rectifier(%a)
    %c = Rectifier(%b, %s) {origin = "prelu"}
    %d = MaxPool(%c) {kernel_shape = [3, 3], pads = [1, 1, 1, 1]}
    %e = Add(%d, %b)
    %y = Conv(%e, %w)
    output %y
  )"));
  ASSERT_NE(program, nullptr);
  EXPECT_THAT(StepOps(*program), ::testing::ElementsAre("Reorder", "Conv", "Rectifier", "MaxPool",
                                                        "Add", "Conv", "Reorder"));
}

}  // namespace
}  // namespace rectifier
