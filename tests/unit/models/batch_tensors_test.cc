#include "server/models/batch_tensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "tests/support/cut_bytes.h"
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
  request.inputs = {TensorView{type, std::as_bytes(std::span(input))}};
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
  EXPECT_EQ(tensors.inputs()[0].data<float>().data(), x.data());
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

TEST(BatchTensorsTest, RowsAreGatheredFromPiecesThatAreCutWithinTheirNumbers) {
  const std::array<float, 6> x = {1, 2, 3, 4, 5, 6};
  std::array<float, 6> y = {};
  std::array<float, 2> z = {7, 8};
  std::array<float, 2> w = {};
  const std::string_view bytes(reinterpret_cast<const char*>(x.data()), sizeof(x));
  const InferenceRequest one = RequestOf(1, z, w);
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    std::array<float, 6> unused = x;
    InferenceRequest three = RequestOf(3, unused, y);
    three.inputs[0].bytes = CutAt(bytes, {cut, std::min(cut + 3, bytes.size())});
    const std::vector<RequestRows> rows = {{three, 1, 2}, {one, 0, 1}};
    BatchScratch scratch;
    const BatchTensors tensors(TwoNumbers(4), rows, /*padding=*/1, scratch);
    EXPECT_THAT(tensors.inputs()[0].data<float>(), ElementsAre(3, 4, 5, 6, 7, 8, 7, 8));
    const std::vector<RequestRows> whole = {{three, 0, 3}};
    const BatchTensors alone(TwoNumbers(3), whole, /*padding=*/0, scratch);
    EXPECT_THAT(alone.inputs()[0].data<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
  }
}

TEST(BatchTensorsTest, UnalignedNumbersAreCopied) {
  std::array<float, 3> x = {};
  std::array<float, 2> y = {};
  std::array<float, 2> numbers = {1, 2};
  InferenceRequest request = RequestOf(1, numbers, y);
  const auto unaligned = std::as_writable_bytes(std::span(x)).subspan(1, 8);
  request.inputs[0].bytes.CopyTo(unaligned);
  request.inputs[0].bytes = ScatteredBytes(unaligned);
  const std::vector<RequestRows> rows = {{request, 0, 1}};
  BatchScratch scratch;
  const BatchTensors tensors(TwoNumbers(1), rows, /*padding=*/0, scratch);
  EXPECT_NE(tensors.inputs()[0].bytes.data(), unaligned.data());
  EXPECT_THAT(tensors.inputs()[0].data<float>(), ElementsAre(1, 2));
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
