#include "server/ops/rectifier.h"

#include <gtest/gtest.h>

#include <cmath>

#include "server/core/status.h"

namespace rectifier {
namespace {

std::optional<float> Uniform(const std::vector<float>& slopes) {
  return UniformSlope(Tensor::From<float>(Shape{static_cast<int64_t>(slopes.size())}, slopes));
}

TEST(RectifierTest, ASlopeOfEqualElementsIsUniform) {
  EXPECT_EQ(UniformSlope(Tensor::Scalar(0.25F)), 0.25F);
  EXPECT_EQ(Uniform({0.5F}), 0.5F);
  EXPECT_EQ(Uniform({-2, -2, -2}), -2.0F);
  EXPECT_EQ(Uniform({INFINITY, INFINITY}), INFINITY);
}

TEST(RectifierTest, ASlopeOfDifferentElementsIsNotUniform) {
  EXPECT_EQ(Uniform({0.5F, 0.25F}), std::nullopt);
  EXPECT_EQ(Uniform({0.5F, 0.5F, std::nextafter(0.5F, 1.0F)}), std::nullopt);
}

TEST(RectifierTest, ASlopeWithoutElementsIsNotUniform) { EXPECT_EQ(Uniform({}), std::nullopt); }

TEST(RectifierTest, ASingleNanIsUniformAndSeveralAreNot) {
  const std::optional<float> single = Uniform({NAN});
  ASSERT_TRUE(single.has_value());
  EXPECT_TRUE(std::isnan(*single));
  EXPECT_EQ(Uniform({NAN, NAN}), std::nullopt);
  EXPECT_EQ(Uniform({1, NAN}), std::nullopt);
  EXPECT_EQ(Uniform({NAN, 1}), std::nullopt);
}

TEST(RectifierTest, ASlopeVariesOnlyAlongTheAxisThatIsNot1) {
  // [C, 1, 1] against [N, C, H, W].
  EXPECT_TRUE(SlopeVariesOnlyAlong(Shape{3, 1, 1}, 4, 1));
  EXPECT_FALSE(SlopeVariesOnlyAlong(Shape{3, 1, 1}, 4, 0));
  EXPECT_FALSE(SlopeVariesOnlyAlong(Shape{3, 1, 1}, 4, 2));
  EXPECT_TRUE(SlopeVariesOnlyAlong(Shape{1, 3, 1, 1}, 4, 1));
  EXPECT_FALSE(SlopeVariesOnlyAlong(Shape{3, 4, 1}, 4, 1));
  EXPECT_FALSE(SlopeVariesOnlyAlong(Shape{2, 3, 1, 1}, 4, 1));
  EXPECT_TRUE(SlopeVariesOnlyAlong(Shape{5}, 2, 1));
  EXPECT_FALSE(SlopeVariesOnlyAlong(Shape{5}, 3, 1));
}

TEST(RectifierTest, AScalarSlopeVariesAlongNoAxis) {
  for (int axis = 0; axis < 4; ++axis) {
    EXPECT_TRUE(SlopeVariesOnlyAlong(Shape{}, 4, axis));
    EXPECT_TRUE(SlopeVariesOnlyAlong(Shape{1, 1}, 4, axis));
  }
}

TEST(RectifierTest, ADynamicDimensionOfASlopeMayVary) {
  EXPECT_TRUE(SlopeVariesOnlyAlong(Shape{kDynamicDim, 1, 1}, 4, 1));
  EXPECT_FALSE(SlopeVariesOnlyAlong(Shape{kDynamicDim, 1, 1}, 4, 2));
}

TEST(RectifierTest, PostOpsVaryAlongTheChannelsOfTheOperatorsThatTakeThem) {
  EXPECT_EQ(PostOpChannelAxis("Conv", 4), 1);
  EXPECT_EQ(PostOpChannelAxis("ConvTranspose", 5), 1);
  EXPECT_EQ(PostOpChannelAxis("Gemm", 2), 1);
  EXPECT_EQ(PostOpChannelAxis("MatMul", 3), 2);
  EXPECT_EQ(PostOpChannelAxis("InstanceNormalization", 4), 1);
  EXPECT_EQ(PostOpChannelAxis("Add", 4), std::nullopt);
  EXPECT_EQ(PostOpChannelAxis("Rectifier", 4), std::nullopt);
}

TEST(RectifierTest, EveryOriginHasItsWords) {
  EXPECT_EQ(OriginInWords(kOriginRelu), "none (ReLU)");
  EXPECT_EQ(OriginInWords(kOriginLeakyRelu), "hyperparameter");
  EXPECT_EQ(OriginInWords(kOriginPRelu), "learned");
  EXPECT_EQ(OriginInWords("elu"), "");
  EXPECT_EQ(OriginInWords(""), "");
}

TEST(RectifierTest, ReadsItsOrigin) {
  const Node node{"act", "Rectifier", {{"origin", std::string("prelu")}}, {}, {}, {}};
  const auto attributes = RectifierAttributes::Read(node);
  ASSERT_TRUE(attributes.ok()) << Message(attributes.status());
  EXPECT_EQ(attributes->origin, kOriginPRelu);
}

}  // namespace
}  // namespace rectifier
