#include "client/cpp/cli/classification.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>

namespace rectifier::client::cli {
namespace {

using std::chrono::milliseconds;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(ProbabilitiesTest, ScoresGoThroughSoftmax) {
  EXPECT_THAT(Probabilities(std::array{0.0F, std::log(3.0F)}),
              ElementsAre(DoubleNear(0.25, 1e-6), DoubleNear(0.75, 1e-6)));
}

TEST(ProbabilitiesTest, LargeScoresDoNotOverflow) {
  EXPECT_THAT(Probabilities(std::array{1000.0F, -1000.0F}), ElementsAre(1, 0));
}

TEST(ProbabilitiesTest, ADistributionIsKept) {
  EXPECT_THAT(Probabilities(std::array{0.25F, 0.5F, 0.25F}), ElementsAre(0.25, 0.5, 0.25));
}

TEST(PredictTest, TheMostProbableIsTheFirstOfEquals) {
  const Prediction prediction = Predict(std::array{1.0F, 5.0F, 5.0F});
  EXPECT_EQ(prediction.label, 1);
  EXPECT_NEAR(prediction.confidence, 1 / (2 + std::exp(-4.0)), 1e-6);
}

TEST(SummaryTest, AccuracyIsOfTheLabelledPictures) {
  const std::array results = {Classified{"a", 1, {1, 1}}, Classified{"b", 2, {3, 1}},
                              Classified{"c", std::nullopt, {5, 1}}, Classified{"d", 4, {4, 1}}};
  const Summary summary = Summarize(results, milliseconds(500), {milliseconds(2)});
  EXPECT_EQ(summary.pictures, 4U);
  EXPECT_EQ(summary.labelled, 3U);
  EXPECT_EQ(summary.correct, 2U);
  EXPECT_DOUBLE_EQ(*summary.Accuracy(), 2.0 / 3);
  EXPECT_EQ(summary.ToText(),
            "4 pictures in 0.500 s: 8 pictures/s; 1 requests, latency median 2.0 ms, p99 2.0 ms\n"
            "accuracy 66.67 %: 2 of 3 right\n");
}

TEST(SummaryTest, WithoutLabelsThereIsNoAccuracy) {
  const std::array results = {Classified{"a", std::nullopt, {1, 1}}};
  const Summary summary = Summarize(results, milliseconds(1), {});
  EXPECT_FALSE(summary.Accuracy().has_value());
  EXPECT_THAT(summary.ToText(), Not(HasSubstr("accuracy")));
}

TEST(SummaryTest, PercentilesAreNearestRanks) {
  Summary summary{.pictures = 200, .elapsed = std::chrono::seconds(1)};
  for (int i = 200; i > 0; --i) summary.latencies.push_back(milliseconds(i));
  EXPECT_THAT(summary.ToText(), HasSubstr("median 100.0 ms, p99 198.0 ms"));
}

}  // namespace
}  // namespace rectifier::client::cli
