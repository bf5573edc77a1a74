#include "server/core/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;

TEST(CheckedByteSizeTest, MultipliesByTheElementSize) {
  EXPECT_EQ(*CheckedByteSize({DType::kFloat32, {2, 3}}), 24);
  EXPECT_EQ(*CheckedByteSize({DType::kBool, {}}), 1);
}

TEST(CheckedByteSizeTest, RefusesBytesThatOverflowThoughElementsDoNot) {
  const TensorType type{DType::kFloat64, {int64_t{1} << 61}};
  EXPECT_TRUE(type.shape.CheckedElementCount().ok());
  EXPECT_EQ(StatusText(CheckedByteSize(type)),
            "INVALID_ARGUMENT: shape [2305843009213693952] of f64 has more bytes than can be "
            "counted");
}

TEST(TensorTest, AllocateRefusesWhatHasNoSize) {
  EXPECT_EQ(Tensor::Allocate({DType::kFloat32, {kDynamicDim, 2}}).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(
      Tensor::Allocate({DType::kFloat32, {std::numeric_limits<int64_t>::max(), 2}}).status().code(),
      absl::StatusCode::kInvalidArgument);
}

TEST(TensorTest, ElementsAreAligned) {
  for (int64_t n = 1; n < 200; n += 13) {
    const auto tensor = Tensor::Allocate({DType::kFloat32, {n}});
    ASSERT_TRUE(tensor.ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->bytes().data()) % kTensorAlignment, 0u);
    EXPECT_EQ(tensor->bytes().size(), static_cast<size_t>(4 * n));
  }
}

TEST(TensorTest, HoldsACopyOfItsElements) {
  std::vector<float> values{1, 2, 3, 4, 5, 6};
  const Tensor tensor = Tensor::From<float>({2, 3}, values);
  values[0] = 9;
  EXPECT_EQ(tensor.type(), (TensorType{DType::kFloat32, {2, 3}}));
  EXPECT_EQ(tensor.ElementCount(), 6);
  EXPECT_THAT(tensor.data<float>(), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(TensorTest, AScalarHasOneElement) {
  const Tensor tensor = Tensor::Scalar(0.25F);
  EXPECT_EQ(tensor.shape(), Shape{});
  EXPECT_THAT(tensor.data<float>(), ElementsAre(0.25F));
}

TEST(TensorTest, AnEmptyTensorHasATypeAndNoBytes) {
  const Tensor tensor = Tensor::From<float>({0, 3}, std::vector<float>{});
  EXPECT_EQ(tensor.ElementCount(), 0);
  EXPECT_TRUE(tensor.bytes().empty());
  EXPECT_EQ(Tensor().ElementCount(), 0);
}

TEST(TensorTest, MovingKeepsTheElementsWhereTheyAre) {
  Tensor tensor = Tensor::From<float>({2}, std::vector<float>{1, 2});
  const std::byte* at = tensor.bytes().data();
  const Tensor moved = std::move(tensor);
  EXPECT_EQ(moved.bytes().data(), at);
  EXPECT_THAT(moved.data<float>(), ElementsAre(1, 2));
}

TEST(TensorTest, ViewsShowTheTensorsOwnElements) {
  Tensor tensor = Tensor::From<float>({2}, std::vector<float>{1, 2});
  tensor.mutable_view().data<float>()[1] = 7;
  EXPECT_THAT(tensor.view().data<float>(), ElementsAre(1, 7));
}

TEST(TensorDeathTest, ReadingAsAnotherTypeIsABrokenInvariant) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Tensor tensor = Tensor::Scalar(1);
  EXPECT_DEATH(static_cast<void>(tensor.data<int32_t>()), "dtype");
}

// Small ones are the heap's, large ones the system's own.
TEST(AlignedBufferTest, IsAlignedAndItsOwnWhateverItsSize) {
  for (const size_t size : {size_t{1}, size_t{4096}, size_t{2} << 20, (size_t{5} << 20) + 3}) {
    AlignedBuffer buffer(size);
    ASSERT_EQ(buffer.size(), size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(buffer.data()) % kTensorAlignment, 0u) << size;
    buffer.data()[0] = std::byte{1};
    buffer.data()[size - 1] = std::byte{2};
    const AlignedBuffer moved = std::move(buffer);
    EXPECT_EQ(moved.data()[size - 1], std::byte{2});
    EXPECT_EQ(moved.size(), size);
    EXPECT_EQ(buffer.data(), nullptr);  // NOLINT(bugprone-use-after-move)
    EXPECT_EQ(buffer.size(), 0u);       // NOLINT(bugprone-use-after-move)
    const AlignedBuffer of_heap = AlignedBuffer::OfHeap(size);
    EXPECT_EQ(of_heap.size(), size);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(of_heap.data()) % kTensorAlignment, 0u) << size;
  }
  EXPECT_EQ(AlignedBuffer(0).data(), nullptr);
}

}  // namespace
}  // namespace rectifier
