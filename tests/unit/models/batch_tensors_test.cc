#include "server/models/batch_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "tests/support/described_program.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;

// One input and one output of two numbers a sample.
DescribedProgram TwoNumbers(int64_t batch) {
  const std::vector<Program::Port> port = {{"x", {DType::kFloat32, {batch, 2}}}};
  return {port, port, {}};
}

template <size_t N>
InferenceRequest RequestOf(int64_t samples, std::array<float, N>& input,
                           std::array<float, N>& output) {
  const TensorType type{DType::kFloat32, {samples, 2}};
  InferenceRequest request;
  request.samples = samples;
  request.inputs = {{type, std::as_bytes(std::span(input))}};
  request.outputs = {{type, std::as_writable_bytes(std::span(output))}};
  return request;
}

TEST(BatchTensorsTest, ARequestThatFillsTheRunIsUsedWhereItLies) {
  std::array<float, 4> x = {1, 2, 3, 4};
  std::array<float, 4> y = {};
  const InferenceRequest request = RequestOf(2, x, y);
  const std::vector<RequestRows> rows = {{request, 0, 2}};
  BatchScratch scratch;
  const BatchTensors tensors(TwoNumbers(2), rows, /*padding=*/0, scratch);
  EXPECT_EQ(tensors.inputs()[0].bytes.data(), request.inputs[0].bytes.data());
  EXPECT_EQ(tensors.outputs()[0].bytes.data(), request.outputs[0].bytes.data());
}

TEST(BatchTensorsTest, RowsOfSeveralRequestsAreGatheredAndScatteredInOrder) {
  std::array<float, 6> x = {1, 2, 3, 4, 5, 6};
  std::array<float, 6> y = {};
  std::array<float, 2> z = {7, 8};
  std::array<float, 2> w = {};
  const InferenceRequest three = RequestOf(3, x, y);
  const InferenceRequest one = RequestOf(1, z, w);
  // The first row of the larger one was in an earlier run.
  const std::vector<RequestRows> rows = {{three, 1, 2}, {one, 0, 1}};
  BatchScratch scratch;
  const BatchTensors tensors(TwoNumbers(3), rows, /*padding=*/0, scratch);
  EXPECT_THAT(tensors.inputs()[0].data<float>(), ElementsAre(3, 4, 5, 6, 7, 8));
  const auto out = tensors.outputs()[0].data<float>();
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(10 * i);
  tensors.Scatter();
  EXPECT_THAT(y, ElementsAre(0, 0, 0, 10, 20, 30));
  EXPECT_THAT(w, ElementsAre(40, 50));
}

TEST(BatchTensorsTest, WhatIsLeftOfTheRunIsCopiesOfTheLastRowAndGoesNowhere) {
  std::array<float, 6> x = {1, 2, 3, 4, 5, 6};
  std::array<float, 6> y = {};
  const InferenceRequest request = RequestOf(3, x, y);
  const std::vector<RequestRows> rows = {{request, 0, 2}};  // the third row is another run's
  BatchScratch scratch;
  const BatchTensors tensors(TwoNumbers(4), rows, /*padding=*/2, scratch);
  EXPECT_THAT(tensors.inputs()[0].data<float>(), ElementsAre(1, 2, 3, 4, 3, 4, 3, 4));
  const auto out = tensors.outputs()[0].data<float>();
  for (size_t i = 0; i < out.size(); ++i) out[i] = static_cast<float>(i);
  tensors.Scatter();
  EXPECT_THAT(y, ElementsAre(0, 1, 2, 3, 0, 0));
}

TEST(BatchTensorsTest, AnOutputThatNobodyWantsIsWrittenToScratch) {
  std::array<float, 2> x = {1, 2};
  std::array<float, 2> y = {};
  InferenceRequest request = RequestOf(1, x, y);
  request.outputs[0].bytes = {};
  const std::vector<RequestRows> rows = {{request, 0, 1}};
  BatchScratch scratch;
  const BatchTensors tensors(TwoNumbers(1), rows, /*padding=*/0, scratch);
  EXPECT_EQ(tensors.outputs()[0].bytes.size(), 8u);
  tensors.Scatter();
  EXPECT_THAT(y, ElementsAre(0, 0));
}

}  // namespace
}  // namespace rectifier
