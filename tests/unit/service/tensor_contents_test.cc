#include "server/service/tensor_contents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "proto/inference.pb.h"
#include "server/core/status.h"
#include "tests/support/cut_bytes.h"

namespace rectifier {
namespace {

using inference::InferTensorContents;
using ::testing::ElementsAre;

// What the row of T reads; fails the test when it refuses.
template <typename T>
std::vector<T> Decoded(const ScatteredBytes& contents) {
  const ContentsRow& row = ContentsOf(kDTypeOf<T>);
  const auto count = CountElements(row, contents);
  EXPECT_EQ(count.status(), absl::OkStatus());
  // Vectors of bool have no bytes.
  std::vector<std::byte> bytes(static_cast<size_t>(count.value_or(0)) * sizeof(T));
  EXPECT_EQ(row.decode(contents, bytes), absl::OkStatus());
  std::vector<T> elements;
  for (size_t i = 0; i < bytes.size(); i += sizeof(T)) {
    T element;
    std::memcpy(&element, &bytes[i], sizeof(T));
    elements.push_back(element);
  }
  return elements;
}

template <typename T>
std::vector<T> Decoded(const std::string& contents) {
  return Decoded<T>(CutAt(contents, {}));
}

std::string Refusal(DType dtype, const std::string& contents) {
  const ContentsRow& row = ContentsOf(dtype);
  const ScatteredBytes bytes = CutAt(contents, {});
  const auto count = CountElements(row, bytes);
  if (!count.ok()) return std::string(Message(count.status()));
  std::vector<std::byte> elements(static_cast<size_t>(*count * ElementSize(dtype)));
  const absl::Status status = row.decode(bytes, elements);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  return std::string(Message(status));
}

// `values` as the row of T writes them, with what stands before them.
template <typename T>
std::string Packed(const std::vector<T>& values) {
  const ContentsRow& row = ContentsOf(kDTypeOf<T>);
  const auto bytes = std::as_bytes(std::span(values));
  std::string packed;
  row.append_packed(bytes, packed);
  EXPECT_EQ(row.packed_size(bytes), packed.size());
  EXPECT_LT(packed.size(), 128u);
  return std::string{static_cast<char>(row.number << 3 | 2), static_cast<char>(packed.size())} +
         packed;
}

// The extremes of every datatype, as protobuf reads what is written here, and as it writes what is
// read here; `Field` gives the field of InferTensorContents.
template <typename T, typename Field>
void ExpectProtobufAgrees(const Field& field) {
  SCOPED_TRACE(ProtocolName(kDTypeOf<T>));
  const std::vector<T> values = {std::numeric_limits<T>::lowest(), 0, 1,
                                 std::numeric_limits<T>::max()};
  InferTensorContents contents;
  ASSERT_TRUE(contents.ParseFromString(Packed(values)));
  const auto& read = *field(contents);
  EXPECT_EQ(std::vector<T>(read.begin(), read.end()), values);
  EXPECT_EQ(Decoded<T>(contents.SerializeAsString()), values);
}

TEST(TensorContentsTest, EveryDatatypeIsReadAndWrittenAsProtobufDoes) {
  const auto ints = [](auto& c) { return c.mutable_int_contents(); };
  const auto uints = [](auto& c) { return c.mutable_uint_contents(); };
  ExpectProtobufAgrees<int8_t>(ints);
  ExpectProtobufAgrees<int16_t>(ints);
  ExpectProtobufAgrees<int32_t>(ints);
  ExpectProtobufAgrees<int64_t>([](auto& c) { return c.mutable_int64_contents(); });
  ExpectProtobufAgrees<uint8_t>(uints);
  ExpectProtobufAgrees<uint16_t>(uints);
  ExpectProtobufAgrees<uint32_t>(uints);
  ExpectProtobufAgrees<uint64_t>([](auto& c) { return c.mutable_uint64_contents(); });
  ExpectProtobufAgrees<float>([](auto& c) { return c.mutable_fp32_contents(); });
  ExpectProtobufAgrees<double>([](auto& c) { return c.mutable_fp64_contents(); });
  EXPECT_THAT(Decoded<bool>(std::string("\x0A\x03\x00\x01\x02", 5)),
              ElementsAre(false, true, true));
  EXPECT_EQ(ContentsOf(DType::kBool).field, "bool_contents");
  EXPECT_EQ(ContentsOf(DType::kBFloat16).number, 0u);
}

TEST(TensorContentsTest, PackedAndSingleElementsMayBeMixed) {
  // 1, 300 packed; 2; nothing packed; -1 packed; 3.
  const std::string contents = std::string("\x1A\x03\x01\xAC\x02", 5) + std::string("\x18\x02", 2) +
                               std::string("\x1A\x00", 2) +
                               "\x1A\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01" +
                               std::string("\x18\x03", 2);
  InferTensorContents parsed;
  ASSERT_TRUE(parsed.ParseFromString(contents));
  ASSERT_THAT(parsed.int64_contents(), ElementsAre(1, 300, 2, -1, 3));
  for (size_t cut = 0; cut <= contents.size(); ++cut) {
    EXPECT_THAT(Decoded<int64_t>(CutAt(contents, {cut})), ElementsAre(1, 300, 2, -1, 3)) << cut;
  }
  EXPECT_THAT(Decoded<int64_t>(SingleBytes(contents)), ElementsAre(1, 300, 2, -1, 3));
}

TEST(TensorContentsTest, NumbersMayLieInSeveralPieces) {
  std::vector<uint64_t> integers;
  for (int bit = 0; bit < 64; bit += 6) integers.push_back(uint64_t{1} << bit);
  const std::vector<double> doubles = {0.1, -0.2, 0.3};
  const std::string packed = Packed(integers);
  for (size_t cut = 0; cut <= packed.size(); ++cut) {
    EXPECT_EQ(Decoded<uint64_t>(CutAt(packed, {cut})), integers) << cut;
  }
  EXPECT_EQ(Decoded<uint64_t>(SingleBytes(packed)), integers);
  // The first by itself, then all.
  const std::string mixed = "\x39" + Packed(doubles).substr(2, 8) + Packed(doubles);
  for (size_t cut = 0; cut <= mixed.size(); ++cut) {
    EXPECT_THAT(Decoded<double>(CutAt(mixed, {cut})), ElementsAre(0.1, 0.1, -0.2, 0.3)) << cut;
  }
}

TEST(TensorContentsTest, RefusesElementsInAnotherField) {
  InferTensorContents contents;
  contents.add_fp32_contents(1);
  EXPECT_EQ(Refusal(DType::kInt64, contents.SerializeAsString()),
            "expected elements in int64_contents, got fp32_contents");
  contents.add_bytes_contents("x");
  EXPECT_EQ(Refusal(DType::kFloat32, contents.SerializeAsString()),
            "expected elements in fp32_contents, got bytes_contents");
  contents.add_uint_contents(1);
  EXPECT_EQ(Refusal(DType::kFloat32, contents.SerializeAsString()),
            "expected elements in fp32_contents, got uint_contents");
  // An empty list of another kind is none.
  EXPECT_THAT(Decoded<float>(std::string("\x0A\x00\x35\x00\x00\x80\x3F", 7)), ElementsAre(1.0F));
}

TEST(TensorContentsTest, RefusesIntegersThatDoNotFit) {
  for (const int32_t value : {-129, 128}) {
    InferTensorContents contents;
    contents.add_int_contents(-128);
    contents.add_int_contents(value);
    EXPECT_EQ(Refusal(DType::kInt8, contents.SerializeAsString()),
              fmt::format("contents: {} is out of range", value));
  }
}

TEST(TensorContentsTest, RefusesWhatIsNoNumber) {
  const std::string whole(12, '\1');  // so that the fast way is taken, too
  for (const std::string& packed :
       {std::string("\x80"), whole + "\x80", std::string(10, '\xFF') + "\x01" + whole,
        std::string(9, '\xFF') + "\x02" + whole, std::string(9, '\xFF') + "\x02"}) {
    const std::string contents = std::string{"\x1A"} + static_cast<char>(packed.size()) + packed;
    EXPECT_EQ(Refusal(DType::kInt64, contents), "contents: the message cannot be parsed");
  }
  EXPECT_EQ(Refusal(DType::kFloat32,
                    "\x32\x05"
                    "abcde"),
            "contents: the message cannot be parsed");
}

}  // namespace
}  // namespace rectifier
