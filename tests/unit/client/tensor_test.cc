#include "rectifier/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace rectifier::client {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(ClientTensorTest, ValuesComeBackAsTheyWentIn) {
  const std::array<int64_t, 3> values = {1, -2, std::numeric_limits<int64_t>::max()};
  const Tensor tensor = Tensor::From<int64_t>("x", {3}, values);
  EXPECT_EQ(tensor.datatype, "INT64");
  EXPECT_TRUE(tensor.Check().ok());
  const auto back = tensor.Values<int64_t>();
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_THAT(*back, ElementsAre(1, -2, std::numeric_limits<int64_t>::max()));
}

TEST(ClientTensorTest, ReadingAsAnotherTypeIsAnErrorThatNamesBoth) {
  const Tensor tensor = Tensor::From<float>("x", {1}, std::array{1.0F});
  const auto values = tensor.Values<double>();
  EXPECT_EQ(values.status().message(), "tensor 'x': expected datatype FP64, got FP32");
}

struct BadTensor {
  Tensor tensor;
  const char* message;
};

TEST(ClientTensorTest, TensorsThatContradictThemselvesAreRefused) {
  const BadTensor cases[] = {
      {{"x", "FP32", {1, 3}, std::string(8, 0)}, "tensor 'x': FP32 [1,3] takes 12 bytes, got 8"},
      {{"x", "FP32", {-1, 3}, ""}, "tensor 'x': FP32 [-1,3] has a negative dimension"},
      {{"x", "FLOAT", {1}, "1234"}, "tensor 'x': unknown datatype 'FLOAT'"},
      {{"x", "FP64", {int64_t{1} << 62, 4}, ""}, "takes too many bytes, got 0"},
      {{"x", "FP64", {int64_t{1} << 61}, ""}, "takes too many bytes, got 0"},
  };
  for (const BadTensor& bad : cases) {
    EXPECT_EQ(bad.tensor.Check().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(bad.tensor.Check().message()), HasSubstr(bad.message));
  }
}

TEST(ClientTensorTest, AnEmptyTensorMayHaveAnyOtherDimension) {
  const Tensor tensor{"x", "FP32", {int64_t{1} << 62, 8, 0}, ""};
  EXPECT_TRUE(tensor.Check().ok()) << tensor.Check();
  EXPECT_TRUE(tensor.Values<float>()->empty());
}

TEST(ClientTensorTest, AScalarHasOneElement) {
  EXPECT_TRUE((Tensor{"x", "FP16", {}, "12"}).Check().ok());
}

}  // namespace
}  // namespace rectifier::client
