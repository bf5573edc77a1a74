#include "server/import/onnx/constant_decoder.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <limits>

#include "tests/unit/import/onnx/import_testing.h"

namespace rectifier {
namespace {

using onnx::TensorProto;

std::string Decoded(const TensorProto& proto, const ImportLimits& limits = {}) {
  const ExternalData external;
  ConstantDecoder decoder(limits, external);
  const auto tensor = decoder.Decode("w", proto);
  if (!tensor.ok()) return std::string(Message(tensor.status()));
  Graph graph;
  graph.outputs().push_back({"w", graph.AddConstant("w", *tensor)});
  const std::string text = PrintGraph(graph);
  const size_t begin = text.find("%w: ") + 4;
  return text.substr(begin, text.find('\n', begin) - begin);
}

TensorProto WithInts(TensorProto tensor, const std::vector<int32_t>& values) {
  for (const int32_t value : values) tensor.add_int32_data(value);
  return tensor;
}

TEST(ConstantDecoderTest, ReadsRawData) {
  EXPECT_EQ(Decoded(RawTensor<float>(TensorProto::FLOAT, {3}, {1, 2, -0.5F})),
            "f32[3] = [1.0, 2.0, -0.5]");
  EXPECT_EQ(Decoded(RawTensor<double>(TensorProto::DOUBLE, {2}, {1, 1e-3})),
            "f32[2] = [1.0, 0.001]");
  EXPECT_EQ(Decoded(RawTensor<int64_t>(TensorProto::INT64, {1, 2}, {1, int64_t{1} << 40})),
            "i64[1, 2] = [1, 1099511627776]");
  EXPECT_EQ(Decoded(RawTensor<int32_t>(TensorProto::INT32, {2}, {-1, 5})), "i32[2] = [-1, 5]");
  EXPECT_EQ(Decoded(RawTensor<uint8_t>(TensorProto::BOOL, {2}, {0, 1})), "bool[2] = [0, 1]");
  EXPECT_EQ(Decoded(RawTensor<float>(TensorProto::FLOAT, {}, {7})), "f32[] = 7.0");
}

TEST(ConstantDecoderTest, ReadsTypedFields) {
  TensorProto floats = OnnxTensor(TensorProto::FLOAT, {2});
  floats.add_float_data(1);
  floats.add_float_data(2);
  EXPECT_EQ(Decoded(floats), "f32[2] = [1.0, 2.0]");
  TensorProto doubles = OnnxTensor(TensorProto::DOUBLE, {1});
  doubles.add_double_data(0.25);
  EXPECT_EQ(Decoded(doubles), "f32[1] = 0.25");
  TensorProto longs = OnnxTensor(TensorProto::INT64, {2});
  longs.add_int64_data(-3);
  longs.add_int64_data(4);
  EXPECT_EQ(Decoded(longs), "i64[2] = [-3, 4]");
  EXPECT_EQ(Decoded(WithInts(OnnxTensor(TensorProto::INT32, {1}), {9})), "i32[1] = 9");
  EXPECT_EQ(Decoded(WithInts(OnnxTensor(TensorProto::BOOL, {2}), {1, 0})), "bool[2] = [1, 0]");
}

TEST(ConstantDecoderTest, HalvesBecomeFloats) {
  // One, the largest, the smallest normal, the smallest subnormal, infinity, −2.
  const std::vector<uint16_t> halves = {0x3c00, 0x7bff, 0x0400, 0x0001, 0x7c00, 0xc000};
  const std::string text = "f32[6] = [1.0, 65504.0, 6.1035156e-05, 5.9604645e-08, inf, -2.0]";
  EXPECT_EQ(Decoded(RawTensor(TensorProto::FLOAT16, {6}, halves)), text);
  EXPECT_EQ(
      Decoded(WithInts(OnnxTensor(TensorProto::FLOAT16, {6}), {halves.begin(), halves.end()})),
      text);
  EXPECT_EQ(Decoded(RawTensor<uint16_t>(TensorProto::BFLOAT16, {2}, {0x3f80, 0xc020})),
            "f32[2] = [1.0, -2.5]");
}

TEST(ConstantDecoderTest, EmptyTensorsHaveNoData) {
  EXPECT_EQ(Decoded(OnnxTensor(TensorProto::FLOAT, {0})), "f32[0] = []");
  EXPECT_EQ(Decoded(OnnxTensor(TensorProto::INT64, {2, 0})), "i64[2, 0] = []");
}

TEST(ConstantDecoderTest, DataThatDoesNotFitTheShapeIsRefused) {
  TensorProto seven = OnnxTensor(TensorProto::FLOAT, {2});
  seven.set_raw_data("1234567");
  EXPECT_EQ(Decoded(seven), "w: expected 8 bytes of FLOAT for shape [2], got 7");
  EXPECT_EQ(Decoded(RawTensor<float>(TensorProto::FLOAT, {2}, {1, 2, 3})),
            "w: expected 8 bytes of FLOAT for shape [2], got 12");
  EXPECT_EQ(Decoded(OnnxTensor(TensorProto::INT64, {2})),
            "w: expected 16 bytes of INT64 for shape [2], got 0");
  EXPECT_EQ(Decoded(WithInts(OnnxTensor(TensorProto::INT32, {2}), {1})),
            "w: expected 2 elements for shape [2], got 1");
  EXPECT_EQ(Decoded(RawTensor<float>(TensorProto::FLOAT, {0}, {1})),
            "w: expected 0 bytes of FLOAT for shape [0], got 4");
  TensorProto twice = RawTensor<float>(TensorProto::FLOAT, {1}, {1});
  twice.add_float_data(1);
  EXPECT_EQ(Decoded(twice), "w: has its data twice, raw and as 1 elements");
  // The data of another type's field does not count.
  EXPECT_EQ(Decoded(WithInts(OnnxTensor(TensorProto::FLOAT, {1}), {1})),
            "w: expected 4 bytes of FLOAT for shape [1], got 0");
}

TEST(ConstantDecoderTest, DimensionsAreCheckedBeforeAnythingIsAllocated) {
  rusage before{};
  getrusage(RUSAGE_SELF, &before);
  // 64 GiB of elements, one more than can be counted, and more bytes than can be counted.
  EXPECT_EQ(Decoded(OnnxTensor(TensorProto::FLOAT, {1 << 17, 1 << 17})),
            "w: expected 68719476736 bytes of FLOAT for shape [131072, 131072], got 0");
  EXPECT_EQ(Decoded(OnnxTensor(TensorProto::FLOAT, {int64_t{1} << 32, int64_t{1} << 32})),
            "w: shape [4294967296, 4294967296] has more elements than can be counted");
  EXPECT_EQ(Decoded(OnnxTensor(TensorProto::INT64, {int64_t{1} << 61})),
            "w: shape [2305843009213693952] has more bytes than can be counted");
  EXPECT_EQ(Decoded(OnnxTensor(TensorProto::FLOAT, {2, -1})), "w: dimension 1 is negative: -1");
  EXPECT_EQ(Decoded(OnnxTensor(TensorProto::FLOAT, std::vector<int64_t>(9, 1))),
            "w: rank 9, at most 8 is supported");
  rusage after{};
  getrusage(RUSAGE_SELF, &after);
  EXPECT_LT(after.ru_maxrss - before.ru_maxrss, 50 * 1024);
}

TEST(ConstantDecoderTest, ConstantsTogetherAreBounded) {
  ImportLimits limits;
  limits.max_constant_bytes = 20;
  const ExternalData external;
  ConstantDecoder decoder(limits, external);
  const TensorProto three = RawTensor<float>(TensorProto::FLOAT, {3}, {1, 2, 3});
  EXPECT_TRUE(decoder.Decode("a", three).ok());
  const absl::Status status = decoder.Decode("b", three).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Message(status), "b: the constants have more than 20 bytes together");
}

TEST(ConstantDecoderTest, NanIsRefusedUnlessAllowed) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const TensorProto tensor = RawTensor<float>(TensorProto::FLOAT, {2}, {1, nan});
  EXPECT_EQ(Decoded(tensor), "w: element 1 is NaN");
  EXPECT_EQ(Decoded(RawTensor<uint16_t>(TensorProto::FLOAT16, {1}, {0x7e00})),
            "w: element 0 is NaN");
  ImportLimits limits;
  limits.allow_nan = true;
  EXPECT_EQ(Decoded(tensor, limits), "f32[2] = [1.0, nan]");
}

TEST(ConstantDecoderTest, NumbersOutsideTheirTypeAreRefused) {
  EXPECT_EQ(Decoded(RawTensor<double>(TensorProto::DOUBLE, {2}, {1, 1e300})),
            "w: element 1 does not fit f32");
  EXPECT_EQ(Decoded(WithInts(OnnxTensor(TensorProto::FLOAT16, {1}), {65536})),
            "w: element 0 does not fit f32");
  EXPECT_EQ(Decoded(RawTensor<uint8_t>(TensorProto::BOOL, {1}, {2})),
            "w: element 0 does not fit bool");
}

TEST(ConstantDecoderTest, OtherTypesAndPlacesAreRefusedByName) {
  EXPECT_EQ(Decoded(OnnxTensor(TensorProto::STRING, {1})),
            "w: the element type STRING is not supported");
  EXPECT_EQ(Decoded(OnnxTensor(TensorProto::UNDEFINED, {1})),
            "w: the element type UNDEFINED is not supported");
  EXPECT_EQ(Decoded(OnnxTensor(99, {1})), "w: the element type 99 is not supported");
  TensorProto external = OnnxTensor(TensorProto::FLOAT, {1});
  external.set_data_location(TensorProto::EXTERNAL);
  EXPECT_EQ(Decoded(external), "w: external data: has no location");
  TensorProto segment = OnnxTensor(TensorProto::FLOAT, {1});
  segment.mutable_segment()->set_begin(0);
  EXPECT_EQ(Decoded(segment), "w: segments are not supported");
}

}  // namespace
}  // namespace rectifier
