#include "server/models/config/network_match.h"

#include <gtest/gtest.h>

#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

constexpr int64_t kDefaultMaxBatch = 8;

// image: FP32 [?, 3, ?], mask: BOOL [?] → scores: INT64 [?, 10].
ModelSignature Signature(int64_t max_batch = kDefaultMaxBatch) {
  return {"onnx",
          {{"image", {DType::kFloat32, Shape{kDynamicDim, 3, kDynamicDim}}},
           {"mask", {DType::kBool, Shape{kDynamicDim}}}},
          {{"scores", {DType::kInt64, Shape{kDynamicDim, 10}}}},
          max_batch};
}

std::string Check(std::string_view text, const ModelSignature& signature,
                  std::string_view reason = "") {
  const auto configuration = ParseModelConfiguration(text, "m", kDefaultMaxBatch);
  if (!configuration.ok()) return "not parsed: " + StatusText(configuration);
  return StatusText(CheckNetwork(*configuration, {signature, "model.onnx", reason}));
}

constexpr std::string_view kInputs =
    "input { name: 'mask' data_type: TYPE_BOOL }\n"
    "input { name: 'image' data_type: TYPE_FP32 dims: [ 3, -1 ] }\n";

TEST(NetworkMatchTest, WhatIsNotSaidFitsEveryNetwork) {
  EXPECT_EQ(Check("", Signature()), "OK");
  EXPECT_EQ(Check("", Signature(0)), "OK");
  EXPECT_EQ(Check("", Signature(2), "samples depend on each other"), "OK");
}

TEST(NetworkMatchTest, InputsAndOutputsThatAreTheNetworksFit) {
  EXPECT_EQ(Check(kInputs, Signature()), "OK");
  EXPECT_EQ(Check("output { name: 'scores' data_type: TYPE_INT64 dims: 10 }", Signature()), "OK");
}

TEST(NetworkMatchTest, WithoutABatchTheDimsAreAllOfThem) {
  EXPECT_EQ(
      Check("max_batch_size: 0 output { name: 'scores' data_type: TYPE_INT64 dims: [-1, 10] }",
            Signature(0)),
      "OK");
  EXPECT_EQ(Check("output { name: 'scores' data_type: TYPE_INT64 dims: 10 }", Signature(0)),
            "INVALID_ARGUMENT: config.pbtxt:1: output 'scores': dims: expected [-1, 10], as the "
            "network has them, got [10]");
}

TEST(NetworkMatchTest, EveryDifferenceIsNamed) {
  EXPECT_EQ(Check("input { name: 'image' data_type: TYPE_FP16 dims: [ 3, 224 ] }\n"
                  "input { name: 'picture' }\n"
                  "output { name: 'scores' data_type: TYPE_STRING dims: [ 10, 1 ] }\n"
                  "output { name: 'scores' data_type: TYPE_INT64 dims: 10 }",
                  Signature()),
            "INVALID_ARGUMENT: config.pbtxt:1: input 'image': data_type: expected TYPE_FP32, as "
            "the network has it, got TYPE_FP16\n"
            "config.pbtxt:1: input 'image': dims: expected [3, -1], as the network has them for a "
            "sample, got [3, 224]\n"
            "config.pbtxt:2: input 'picture': the network has no such input; it has image, mask\n"
            "config.pbtxt: input: expected every input of the network or none, 'mask' is missing\n"
            "config.pbtxt:3: output 'scores': data_type: expected TYPE_INT64, as the network has "
            "it, got TYPE_STRING\n"
            "config.pbtxt:3: output 'scores': dims: expected [10], as the network has them for a "
            "sample, got [10, 1]\n"
            "config.pbtxt:4: output 'scores': is there twice");
}

TEST(NetworkMatchTest, ALongListOfDimsIsCut) {
  std::string dims = "1";
  for (int i = 0; i < 1000; ++i) dims += ", 1";
  const std::string status =
      Check("output { name: 'scores' data_type: TYPE_INT64 dims: [" + dims + "] }", Signature());
  EXPECT_LT(status.size(), 300u) << status;
}

TEST(NetworkMatchTest, TheFormatHasItsOwnNameAndTritons) {
  for (const char* text :
       {"platform: 'onnx'", "platform: 'onnxruntime_onnx'", "backend: 'rectifier'",
        "backend: 'onnxruntime'", "default_model_filename: 'model.onnx'"}) {
    EXPECT_EQ(Check(text, Signature()), "OK") << text;
  }
  EXPECT_EQ(Check("platform: 'tensorrt_plan' backend: 'python' default_model_filename: 'm.plan'",
                  Signature()),
            "INVALID_ARGUMENT: config.pbtxt:1: platform: expected 'onnx' or 'onnxruntime_onnx', "
            "got 'tensorrt_plan'\n"
            "config.pbtxt:1: backend: expected 'rectifier' or 'onnxruntime', got 'python'\n"
            "config.pbtxt:1: default_model_filename: expected 'model.onnx', got 'm.plan'");
}

TEST(NetworkMatchTest, ABatchThatTheNetworkCannotHaveIsRefusedWithTheReason) {
  EXPECT_EQ(Check("max_batch_size: 8", Signature(8)), "OK");
  EXPECT_EQ(Check("max_batch_size: 8", Signature(1), "samples depend on each other"),
            "FAILED_PRECONDITION: config.pbtxt:1: max_batch_size: expected at most 1, as the "
            "network cannot be batched further (samples depend on each other), got 8");
  EXPECT_EQ(Check("max_batch_size: 1", Signature(0)),
            "FAILED_PRECONDITION: config.pbtxt:1: max_batch_size: expected at most 0, as the "
            "network cannot be batched further (dimension 0 of its inputs is not open), got 1");
  EXPECT_EQ(Check("dynamic_batching { preferred_batch_size: [2, 8] }", Signature(4), "so it is"),
            "FAILED_PRECONDITION: config.pbtxt:1: dynamic_batching.preferred_batch_size: "
            "expected at most 4, as the network cannot be batched further (so it is), got 8");
}

}  // namespace
}  // namespace rectifier
