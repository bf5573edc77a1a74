#include "server/engine/kernels/elementwise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <memory>
#include <vector>

namespace rectifier::kernels {
namespace {

using ::testing::ElementsAre;

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

template <typename T>
const std::byte* Bytes(const std::vector<T>& values) {
  return reinterpret_cast<const std::byte*>(values.data());
}

// The result of a row with these operands, each of them dense or one number.
template <typename Out, typename... In>
std::vector<Out> ResultOf(ElementwiseFunction function, const ElementwiseParameters& parameters,
                          const std::vector<In>&... operands) {
  ElementwiseRow row;
  row.count = static_cast<int64_t>(std::max({operands.size()...}));
  row.operands = {Bytes(operands)...};
  row.operand_steps = {(operands.size() == 1 ? 0 : 1)...};
  // No std::vector, whose bools have no addresses.
  const auto size = static_cast<size_t>(row.count);
  const auto result = std::make_unique<Out[]>(size);
  row.result = reinterpret_cast<std::byte*>(result.get());
  function(row, parameters);
  return std::vector<Out>(result.get(), result.get() + size);
}

template <typename T>
constexpr DType TypeOf() {
  return std::is_same_v<T, float>     ? DType::kFloat32
         : std::is_same_v<T, int64_t> ? DType::kInt64
         : std::is_same_v<T, int32_t> ? DType::kInt32
         : std::is_same_v<T, int8_t>  ? DType::kInt8
                                      : DType::kUInt8;
}

template <typename T>
std::vector<T> Binary(std::string_view op, const std::vector<T>& a, const std::vector<T>& b,
                      const ElementwiseParameters& parameters = {}) {
  return ResultOf<T>(FindElementwise(op, TypeOf<T>()), parameters, a, b);
}

template <typename To, typename From>
std::vector<To> Cast(DType from, DType to, const std::vector<From>& values) {
  return ResultOf<To>(FindCast(from, to), {}, values);
}

TEST(ElementwiseTest, FloatsAreCutOffAndTheNearestEndIsTakenForWhatDoesNotFit) {
  const std::vector<float> x = {1.9F, -1.9F, 127.5F, 128, -128.5F, -129, 255.9F, 256, kInf, -kInf};
  EXPECT_THAT((Cast<int8_t>(DType::kFloat32, DType::kInt8, x)),
              ElementsAre(1, -1, 127, 127, -128, -128, 127, 127, 127, -128));
  EXPECT_THAT((Cast<uint8_t>(DType::kFloat32, DType::kUInt8, x)),
              ElementsAre(1, 0, 127, 128, 0, 0, 255, 255, 255, 0));
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int32_t kMax = std::numeric_limits<int32_t>::max();
  EXPECT_THAT((Cast<int32_t>(DType::kFloat32, DType::kInt32,
                             std::vector<float>{2147483520.0F, 0x1p31F, -0x1p31F, 3e30F, -3e30F})),
              ElementsAre(2147483520, kMax, kMin, kMax, kMin));
  constexpr int64_t kLongMin = std::numeric_limits<int64_t>::min();
  constexpr int64_t kLongMax = std::numeric_limits<int64_t>::max();
  EXPECT_THAT((Cast<int64_t>(DType::kFloat32, DType::kInt64,
                             std::vector<float>{-1.5F, 0x1.fffffep62F, 0x1p63F, -0x1p63F, -kInf})),
              ElementsAre(-1, int64_t{0x7fffff8000000000}, kLongMax, kLongMin, kLongMin));
}

TEST(ElementwiseTest, NanBecomes0InIntegersAndTrueInBools) {
  const std::vector<float> x = {kNan, -kNan};
  EXPECT_THAT((Cast<int8_t>(DType::kFloat32, DType::kInt8, x)), ElementsAre(0, 0));
  EXPECT_THAT((Cast<uint8_t>(DType::kFloat32, DType::kUInt8, x)), ElementsAre(0, 0));
  EXPECT_THAT((Cast<int32_t>(DType::kFloat32, DType::kInt32, x)), ElementsAre(0, 0));
  EXPECT_THAT((Cast<int64_t>(DType::kFloat32, DType::kInt64, x)), ElementsAre(0, 0));
  EXPECT_THAT((Cast<bool>(DType::kFloat32, DType::kBool, x)), ElementsAre(true, true));
}

TEST(ElementwiseTest, EverythingBut0IsTrue) {
  EXPECT_THAT((Cast<bool>(DType::kFloat32, DType::kBool,
                          std::vector<float>{0, -0.0F, 1e-40F, 0.5F, -2, kInf})),
              ElementsAre(false, false, true, true, true, true));
  EXPECT_THAT((Cast<bool>(DType::kInt64, DType::kBool, std::vector<int64_t>{0, 256, -1})),
              ElementsAre(false, true, true));
}

TEST(ElementwiseTest, IntegersKeepTheirLowBits) {
  const std::vector<int64_t> x = {300, -1, int64_t{1} << 32, 128};
  EXPECT_THAT((Cast<uint8_t>(DType::kInt64, DType::kUInt8, x)), ElementsAre(44, 255, 0, 128));
  EXPECT_THAT((Cast<int8_t>(DType::kInt64, DType::kInt8, x)), ElementsAre(44, -1, 0, -128));
  EXPECT_THAT((Cast<float>(DType::kInt64, DType::kFloat32, x)),
              ElementsAre(300.0F, -1.0F, 0x1p32F, 128.0F));
}

TEST(ElementwiseTest, FormatsOfTheEdgesAreCastToAndFromF32Only) {
  EXPECT_THAT((Cast<float>(DType::kFloat16, DType::kFloat32, std::vector<uint16_t>{0x3c00})),
              ElementsAre(1.0F));
  EXPECT_THAT((Cast<uint16_t>(DType::kFloat32, DType::kBFloat16, std::vector<float>{1})),
              ElementsAre(0x3f80));
  EXPECT_THAT((Cast<float>(DType::kFloat64, DType::kFloat32, std::vector<double>{0.1, 1e300})),
              ElementsAre(0.1F, kInf));
  for (const DType edge : {DType::kFloat16, DType::kBFloat16, DType::kFloat64}) {
    for (const DType other : {DType::kInt64, DType::kInt32, DType::kInt8, DType::kUInt8,
                              DType::kBool, DType::kUInt32}) {
      EXPECT_EQ(FindCast(edge, other), nullptr) << Name(edge) << " to " << Name(other);
      EXPECT_EQ(FindCast(other, edge), nullptr) << Name(other) << " to " << Name(edge);
    }
  }
}

TEST(ElementwiseTest, IntegersWrapAround) {
  EXPECT_THAT(Binary<int8_t>("Add", {127, -128}, {1, -1}), ElementsAre(-128, 127));
  EXPECT_THAT(Binary<uint8_t>("Sub", {0, 5}, {1, 7}), ElementsAre(255, 254));
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  EXPECT_THAT(Binary<int32_t>("Mul", {kMin, 65536}, {-1, 65536}), ElementsAre(kMin, 0));
  EXPECT_THAT(
      ResultOf<int32_t>(FindElementwise("Neg", DType::kInt32), {}, std::vector<int32_t>{kMin}),
      ElementsAre(kMin));
  EXPECT_THAT(
      ResultOf<int32_t>(FindElementwise("Abs", DType::kInt32), {}, std::vector<int32_t>{kMin}),
      ElementsAre(kMin));
}

TEST(ElementwiseTest, DividingIntegersNeverTraps) {
  constexpr int32_t kMin = std::numeric_limits<int32_t>::min();
  constexpr int64_t kLongMin = std::numeric_limits<int64_t>::min();
  EXPECT_THAT(Binary<int32_t>("Div", {7, -7, 7, kMin}, {0, 2, -2, -1}),
              ElementsAre(0, -3, -3, kMin));
  EXPECT_THAT(Binary<int64_t>("Div", {kLongMin, 1}, {-1, 0}), ElementsAre(kLongMin, 0));
  EXPECT_THAT(Binary<int32_t>("Mod", {7, kMin, 7}, {0, -1, -1}), ElementsAre(0, 0, 0));
  EXPECT_THAT(Binary<int32_t>("Mod", {7, kMin}, {0, -1}, {.alpha = 1}), ElementsAre(0, 0));
}

TEST(ElementwiseTest, ARemainderHasTheSignOfTheDivisorOrOfTheDividend) {
  EXPECT_THAT(Binary<int32_t>("Mod", {5, -5, 5, -5}, {3, 3, -3, -3}), ElementsAre(2, 1, -1, -2));
  EXPECT_THAT(Binary<int32_t>("Mod", {5, -5, 5, -5}, {3, 3, -3, -3}, {.alpha = 1}),
              ElementsAre(2, -2, 2, -2));
  EXPECT_THAT(Binary<float>("Mod", {5.5F, -5.5F}, {2, 2}), ElementsAre(1.5F, 0.5F));
  EXPECT_THAT(Binary<float>("Mod", {5.5F, -5.5F}, {2, 2}, {.alpha = 1}), ElementsAre(1.5F, -1.5F));
}

TEST(ElementwiseTest, PowersOfIntegersStayInTheirType) {
  EXPECT_THAT(Binary<int32_t>("Pow", {2, -3, 0, 5}, {10, 3, 0, -1}), ElementsAre(1024, -27, 1, 0));
}

TEST(ElementwiseTest, AnOperandOfStep0IsOneNumberOnEitherSide) {
  EXPECT_THAT(Binary<float>("Sub", {10}, {1, 2, 3}), ElementsAre(9, 8, 7));
  EXPECT_THAT(Binary<float>("Sub", {1, 2, 3}, {10}), ElementsAre(-9, -8, -7));
  EXPECT_THAT(Binary<float>("Sub", {10}, {1}), ElementsAre(9));
}

TEST(ElementwiseTest, WritesWithStepsAndOverItsOperand) {
  std::vector<int32_t> memory = {1, 99, 2, 99, 3, 99};
  ElementwiseRow row;
  row.count = 3;
  row.result_step = 2;
  row.result = reinterpret_cast<std::byte*>(memory.data());
  row.operands[0] = row.result;
  row.operand_steps[0] = 2;
  FindElementwise("Neg", DType::kInt32)(row, {});
  EXPECT_THAT(memory, ElementsAre(-1, 99, -2, 99, -3, 99));
}

TEST(ElementwiseTest, OperationsHaveTheTypesOfTheirOperatorsOnly) {
  EXPECT_EQ(FindElementwise("Sin", DType::kInt32), nullptr);
  EXPECT_EQ(FindElementwise("Add", DType::kBool), nullptr);
  EXPECT_EQ(FindElementwise("And", DType::kInt32), nullptr);
  EXPECT_EQ(FindElementwise("Add", DType::kFloat64), nullptr);
  EXPECT_EQ(FindElementwise("Sinus", DType::kFloat32), nullptr);
  EXPECT_NE(FindElementwise("Equal", DType::kBool), nullptr);
  EXPECT_NE(FindElementwise("Where", DType::kBool), nullptr);
}

}  // namespace
}  // namespace rectifier::kernels
