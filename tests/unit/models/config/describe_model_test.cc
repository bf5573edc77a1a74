#include "server/models/config/describe_model.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <array>

#include "server/models/config/data_types.h"
#include "server/models/config/model_configuration.h"
#include "server/models/config/network_match.h"
#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

ModelSignature Signature(int64_t max_batch) {
  return {"onnx",
          {{"x", {DType::kFloat32, Shape{kDynamicDim, 3}}}},
          {{"y", {DType::kFloat32, Shape{kDynamicDim}}}},
          max_batch};
}

BatchingOptions AllSet() {
  BatchingOptions batching;
  batching.delay = std::chrono::microseconds(250);
  batching.preferred_batches = {2, 8};
  batching.max_concurrent = 3;
  batching.priority_levels = 4;
  batching.default_priority = 3;
  batching.queue_policy = {std::chrono::milliseconds(5), 100, TimeoutAction::kDelay};
  batching.priority_policies[1] = {.max_tasks = 7};
  batching.priority_policies[4] = {std::chrono::seconds(1), 0, TimeoutAction::kReject};
  return batching;
}

std::string ConfigText(const inference::ModelConfig& config) {
  std::string text;
  google::protobuf::TextFormat::PrintToString(config, &text);
  return text;
}

TEST(DescribeModelTest, EverythingIsTold) {
  EXPECT_EQ(ConfigText(DescribeModel("m", Signature(8), AllSet())), R"(name: "m"
platform: "onnx"
version_policy {
  latest {
    num_versions: 1
  }
}
max_batch_size: 8
input {
  name: "x"
  data_type: TYPE_FP32
  dims: 3
}
output {
  name: "y"
  data_type: TYPE_FP32
}
instance_group {
  name: "m"
  count: 3
  kind: KIND_CPU
}
dynamic_batching {
  preferred_batch_size: 2
  preferred_batch_size: 8
  max_queue_delay_microseconds: 250
  priority_levels: 4
  default_priority_level: 3
  default_queue_policy {
    timeout_action: DELAY
    default_timeout_microseconds: 5000
    allow_timeout_override: true
    max_queue_size: 100
  }
  priority_queue_policy {
    key: 1
    value {
      allow_timeout_override: true
      max_queue_size: 7
    }
  }
  priority_queue_policy {
    key: 4
    value {
      default_timeout_microseconds: 1000000
      allow_timeout_override: true
    }
  }
}
backend: "rectifier"
)");
}

TEST(DescribeModelTest, WhatIsToldIsAConfigurationThatAsksForTheSame) {
  for (const int64_t max_batch : {0, 1, 8}) {
    BatchingOptions batching = AllSet();
    if (max_batch < 8) batching.preferred_batches.clear();
    const ModelSignature signature = Signature(max_batch);
    const std::string text = ConfigText(DescribeModel("m", signature, batching));
    const auto read = ParseModelConfiguration(text, "m", 32);
    ASSERT_TRUE(read.ok()) << StatusText(read) << "\n" << text;
    EXPECT_EQ(StatusText(CheckNetwork(*read, {signature, "model.onnx", ""})), "OK") << text;
    EXPECT_EQ(ConfigText(DescribeModel("m", signature, read->batching)), text);
  }
}

TEST(DescribeModelTest, AModelThatIsNotBatchedHasNoDynamicBatchingUnlessItsQueueIsItsOwn) {
  BatchingOptions batching;
  EXPECT_FALSE(DescribeModel("m", Signature(0), batching).has_dynamic_batching());
  EXPECT_TRUE(DescribeModel("m", Signature(2), batching).has_dynamic_batching());
  batching.queue_policy.max_tasks = 5;
  EXPECT_TRUE(DescribeModel("m", Signature(0), batching).has_dynamic_batching());
}

TEST(DescribeModelTest, EveryTypeOfATensorHasAName) {
  for (int dtype = 0; dtype <= static_cast<int>(DType::kFloat64); ++dtype) {
    EXPECT_NE(ConfigType(static_cast<DType>(dtype)), inference::TYPE_INVALID) << dtype;
  }
}

}  // namespace
}  // namespace rectifier
