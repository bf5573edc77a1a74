#include "server/engine/kernels/copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace rectifier::kernels {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

template <typename T>
std::vector<T> Copied(const std::vector<int64_t>& dims, const Strides& to_strides,
                      const Strides& from_strides, const std::vector<T>& from, size_t size) {
  std::vector<T> to(size, T{99});
  Copy(LoopNest<2>(dims, {to_strides, from_strides}), sizeof(T),
       reinterpret_cast<std::byte*>(to.data()), reinterpret_cast<const std::byte*>(from.data()));
  return to;
}

template <typename T>
class CopyTest : public ::testing::Test {};

using ElementTypes = ::testing::Types<uint8_t, uint16_t, uint32_t, uint64_t>;
TYPED_TEST_SUITE(CopyTest, ElementTypes);

TYPED_TEST(CopyTest, CopiesRowsThatAreDense) {
  EXPECT_THAT(Copied<TypeParam>({2, 2}, {2, 1}, {2, 1}, {1, 2, 3, 4}, 4), ElementsAre(1, 2, 3, 4));
}

TYPED_TEST(CopyTest, Transposes) {
  EXPECT_THAT(Copied<TypeParam>({2, 3}, {1, 2}, {3, 1}, {1, 2, 3, 4, 5, 6}, 6),
              ElementsAre(1, 4, 2, 5, 3, 6));
}

TYPED_TEST(CopyTest, RepeatsWhatIsBroadcast) {
  EXPECT_THAT(Copied<TypeParam>({2, 3}, {3, 1}, {1, 0}, {7, 8}, 6), ElementsAre(7, 7, 7, 8, 8, 8));
  EXPECT_THAT(Copied<TypeParam>({2, 2}, {2, 1}, {0, 1}, {7, 8}, 4), ElementsAre(7, 8, 7, 8));
}

TYPED_TEST(CopyTest, LeavesAloneWhatItsStridesStepOver) {
  EXPECT_THAT(Copied<TypeParam>({3}, {2}, {1}, {1, 2, 3}, 6), ElementsAre(1, 99, 2, 99, 3, 99));
  EXPECT_THAT(Copied<TypeParam>({0}, {1}, {1}, {1}, 2), Each(99));
}

TYPED_TEST(CopyTest, FillsWithOneElement) {
  std::vector<TypeParam> to(5, TypeParam{99});
  const TypeParam value = 3;
  Fill(reinterpret_cast<std::byte*>(to.data()), 4, sizeof(TypeParam),
       reinterpret_cast<const std::byte*>(&value));
  EXPECT_THAT(to, ElementsAre(3, 3, 3, 3, 99));
}

}  // namespace
}  // namespace rectifier::kernels
