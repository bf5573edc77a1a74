#include "server/batching/cost_curve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace rectifier {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::ElementsAre;

double Micros(Duration duration) { return Seconds(duration) * 1e6; }

TEST(CostCurveTest, KnowsNothingAtFirst) {
  const CostCurve curve({1, 2, 4});
  EXPECT_FALSE(curve.costs().known());
  EXPECT_EQ(curve.Estimate(2), Duration::zero());
}

TEST(CostCurveTest, BelievesTheFirstRunOfASize) {
  CostCurve curve({1, 2, 4});
  EXPECT_TRUE(curve.Observe(2, microseconds(30)));
  EXPECT_NEAR(Micros(curve.Estimate(2)), 30, 0.01);
  EXPECT_EQ(curve.Estimate(1), Duration::zero());
}

TEST(CostCurveTest, ATimeOfZeroIsNone) {
  CostCurve curve({1, 2, 4});
  EXPECT_FALSE(curve.Observe(2, Duration::zero()));
  EXPECT_FALSE(curve.Calibrate(2, Duration::zero()));
  EXPECT_FALSE(curve.costs().known());
}

TEST(CostCurveTest, SettlesNearTheMedianWhateverTheOutliersAre) {
  CostCurve curve({1});
  std::mt19937 random(3);
  curve.Observe(1, milliseconds(50));  // the first run of a cold process
  for (int i = 0; i < 2000; ++i) {
    curve.Observe(1, random() % 5 == 0 ? milliseconds(100) : microseconds(900 + random() % 200));
  }
  EXPECT_NEAR(Micros(curve.Estimate(1)), 1050, 150);
}

TEST(CostCurveTest, AMachineThatBecomesSlowerMakesTheSizesThatAreNotRunSlowerToo) {
  CostCurve curve({1, 2, 4});
  curve.Calibrate(1, microseconds(100));
  curve.Calibrate(2, microseconds(150));
  curve.Calibrate(4, microseconds(250));
  for (int i = 0; i < 200; ++i) curve.Observe(2, microseconds(300));
  EXPECT_NEAR(Micros(curve.Estimate(2)), 300, 1);
  EXPECT_NEAR(Micros(curve.Estimate(1)), 200, 1) << "twice what it takes alone";
  EXPECT_NEAR(Micros(curve.Estimate(4)), 500, 1);
  EXPECT_THAT(curve.costs().Runs(4), ElementsAre(4)) << "what pays has not changed";
}

TEST(CostCurveTest, WhatIsKnownOfASizeThatIsRunNoMoreGivesWayToItsCalibration) {
  CostCurve curve({1, 2});
  curve.Calibrate(1, microseconds(100));
  curve.Calibrate(2, microseconds(150));
  for (int i = 0; i < 100; ++i) curve.Observe(2, microseconds(600));
  EXPECT_NEAR(Micros(curve.Estimate(2)), 600, 1);
  for (int i = 0; i < 2000; ++i) curve.Observe(1, microseconds(100));
  EXPECT_NEAR(Micros(curve.Estimate(2)), 150, 2);
}

TEST(CostCurveTest, ACalibrationThatWasWrongGivesWayToWhatIsRun) {
  CostCurve curve({1, 2});
  curve.Calibrate(1, microseconds(100));
  curve.Calibrate(2, microseconds(900));
  EXPECT_THAT(curve.costs().Runs(2), ElementsAre(1, 1));
  for (int i = 0; i < 200; ++i) {
    curve.Observe(1, microseconds(100));
    curve.Observe(2, microseconds(150));
  }
  EXPECT_THAT(curve.costs().Runs(2), ElementsAre(2));
}

}  // namespace
}  // namespace rectifier
