#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/import/keras/hdf5_testing.h"

namespace rectifier {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Hdf5Id HalfType() {
  Hdf5Id type = Hdf5Builder::Made(H5Tcopy(H5T_IEEE_F32LE), H5Tclose);
  Hdf5Builder::Do(H5Tset_fields(type.get(), 15, 10, 5, 0, 10));
  Hdf5Builder::Do(H5Tset_size(type.get(), 2));
  Hdf5Builder::Do(H5Tset_ebias(type.get(), 15));
  return type;
}

Hdf5Id Chunked(hsize_t elements) {
  Hdf5Id creation = Hdf5Builder::Made(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  Hdf5Builder::Do(H5Pset_chunk(creation.get(), 1, &elements));
  return creation;
}

TEST(Hdf5DatasetTest, FloatsOfAllSizesAndByteOrdersAreReadAsF32) {
  const std::vector<float> values = {0, 1.5F, -2048, 0.0625F};
  const Hdf5Id half = HalfType();
  Hdf5Builder builder;
  builder.Floats("half", {4}, values, half.get());
  builder.Floats("single", {2, 2}, values, H5T_IEEE_F32LE);
  builder.Floats("double", {4}, values, H5T_IEEE_F64LE);
  builder.Floats("big", {4}, values, H5T_IEEE_F32BE);
  OpenedHdf5 file(builder);
  for (const char* path : {"half", "single", "double", "big"}) {
    EXPECT_EQ(file.Elements<float>(path), values) << path;
  }
  EXPECT_EQ(file->Dataset("single")->shape(), (Shape{2, 2}));
}

TEST(Hdf5DatasetTest, ADatasetWithoutDimensionsIsAScalar) {
  OpenedHdf5 file(Hdf5Builder().Floats("x", {}, {7}));
  EXPECT_EQ(file->Dataset("x")->shape(), Shape());
  EXPECT_THAT(file.Elements<float>("x"), ElementsAre(7));
}

TEST(Hdf5DatasetTest, IntegersOfAllSizesAreReadAsI64) {
  const std::vector<int64_t> values = {0, 1, 127};
  Hdf5Builder builder;
  const std::vector<hid_t> types = {H5T_STD_I8LE, H5T_STD_I16LE, H5T_STD_I32BE, H5T_STD_I64LE,
                                    H5T_STD_U8LE, H5T_STD_U16LE, H5T_STD_U32LE, H5T_STD_U64LE};
  for (size_t i = 0; i < types.size(); ++i) {
    builder.Dataset(std::to_string(i), types[i], {3}, values.data(), H5T_NATIVE_INT64);
  }
  const std::vector<int64_t> signs = {-128};
  builder.Dataset("signed", H5T_STD_I8LE, {1}, signs.data(), H5T_NATIVE_INT64);
  const std::vector<uint64_t> high = {uint64_t{1} << 63};
  builder.Dataset("high", H5T_STD_U64LE, {1}, high.data(), H5T_NATIVE_UINT64);
  OpenedHdf5 file(builder);
  for (size_t i = 0; i < types.size(); ++i) {
    EXPECT_EQ(file.Elements<int64_t>(std::to_string(i)), values) << i;
  }
  EXPECT_THAT(file.Elements<int64_t>("signed"), ElementsAre(-128));
  EXPECT_THAT(file.Elements<int64_t>("high"), ElementsAre(std::numeric_limits<int64_t>::max()));
}

TEST(Hdf5DatasetTest, BooleansAreAnEnumerationThatIsReadAsI64) {
  const Hdf5Id type = Hdf5Builder::Made(H5Tenum_create(H5T_STD_I8LE), H5Tclose);
  const int8_t no = 0;
  const int8_t yes = 1;
  Hdf5Builder::Do(H5Tenum_insert(type.get(), "FALSE", &no));
  Hdf5Builder::Do(H5Tenum_insert(type.get(), "TRUE", &yes));
  const std::vector<int8_t> values = {1, 0, 1};
  OpenedHdf5 file(Hdf5Builder().Dataset("x", type.get(), {3}, values.data(), type.get()));
  EXPECT_THAT(file.Elements<int64_t>("x"), ElementsAre(1, 0, 1));
}

TEST(Hdf5DatasetTest, BFloat16IsReadByItsBitsWhereTheFileSaysSo) {
  const std::vector<uint16_t> bits = {0x3f80, 0xc020, 0x0000};  // 1, -2.5, 0
  const Hdf5Id opaque = Hdf5Builder::Made(H5Tcreate(H5T_OPAQUE, 2), H5Tclose);
  Hdf5Builder builder;
  builder.Dataset("opaque", opaque.get(), {3}, bits.data(), opaque.get());
  builder.Dataset("little", H5T_STD_U16LE, {3}, bits.data(), H5T_NATIVE_UINT16);
  builder.Dataset("big", H5T_STD_U16BE, {3}, bits.data(), H5T_NATIVE_UINT16);
  builder.Dataset("number", H5T_STD_U16LE, {3}, bits.data(), H5T_NATIVE_UINT16);
  for (const char* path : {"opaque", "little", "big"}) builder.String(path, "dtype", "bfloat16");
  OpenedHdf5 file(builder);
  for (const char* path : {"opaque", "little", "big"}) {
    EXPECT_THAT(file.Elements<float>(path), ElementsAre(1, -2.5F, 0)) << path;
  }
  EXPECT_THAT(file.Elements<int64_t>("number"), ElementsAre(0x3f80, 0xc020, 0));
}

TEST(Hdf5DatasetTest, CompressedAndCheckedChunksAreRead) {
  const Hdf5Id creation = Chunked(8);
  Hdf5Builder::Do(H5Pset_shuffle(creation.get()));
  Hdf5Builder::Do(H5Pset_deflate(creation.get(), 9));
  Hdf5Builder::Do(H5Pset_fletcher32(creation.get()));
  const std::vector<float> values(20, 3);
  OpenedHdf5 file(Hdf5Builder().Floats("x", {20}, values, H5T_IEEE_F32LE, creation.get()));
  EXPECT_EQ(file.Elements<float>("x"), values);
}

TEST(Hdf5DatasetTest, AChunkWithAnotherChecksumIsAnError) {
  const Hdf5Id creation = Chunked(4);
  Hdf5Builder::Do(H5Pset_fletcher32(creation.get()));
  const std::vector<float> values(4, 1.5F);
  std::string bytes =
      Hdf5Builder().Floats("x", {4}, values, H5T_IEEE_F32LE, creation.get()).Bytes();
  const std::string stored(reinterpret_cast<const char*>(values.data()), 16);
  ASSERT_NE(bytes.find(stored), std::string::npos);
  bytes[bytes.find(stored)] ^= 1;
  EXPECT_EQ(OpenedHdf5(bytes).DatasetError("x"), "INVALID_ARGUMENT: x: its data is damaged");
}

TEST(Hdf5DatasetTest, OtherFiltersAreRefusedByNameBeforeTheyRun) {
  const Hdf5Id scaled = Chunked(4);
  Hdf5Builder::Do(H5Pset_scaleoffset(scaled.get(), H5Z_SO_FLOAT_DSCALE, 2));
  const Hdf5Id plugin = Chunked(4);
  Hdf5Builder::Do(H5Pset_filter(plugin.get(), 32001, H5Z_FLAG_OPTIONAL, 0, nullptr));
  Hdf5Builder builder;
  builder.Floats("scaled", {4}, {1, 2, 3, 4}, H5T_IEEE_F32LE, scaled.get());
  builder.Floats("plugin", {4}, {1, 2, 3, 4}, H5T_IEEE_F32LE, plugin.get());
  OpenedHdf5 file(builder);
  EXPECT_EQ(file.DatasetError("scaled"),
            "UNIMPLEMENTED: scaled: its filter 6 (scaleoffset) is not supported (gzip, shuffle and "
            "fletcher32 are)");
  EXPECT_THAT(file.DatasetError("plugin"),
              HasSubstr("UNIMPLEMENTED: plugin: its filter 32001 () is not supported"));
}

TEST(Hdf5DatasetTest, ElementsThatAreNoNumbersAreRefused) {
  const Hdf5Id pair = Hdf5Builder::Made(H5Tcreate(H5T_COMPOUND, 8), H5Tclose);
  Hdf5Builder::Do(H5Tinsert(pair.get(), "r", 0, H5T_IEEE_F32LE));
  Hdf5Builder::Do(H5Tinsert(pair.get(), "i", 4, H5T_IEEE_F32LE));
  const Hdf5Id text = Hdf5Builder::Made(H5Tcopy(H5T_C_S1), H5Tclose);
  Hdf5Builder::Do(H5Tset_size(text.get(), H5T_VARIABLE));
  const Hdf5Id opaque = Hdf5Builder::Made(H5Tcreate(H5T_OPAQUE, 4), H5Tclose);
  Hdf5Builder builder;
  builder.Dataset("pair", pair.get(), {2}, nullptr, -1);
  builder.Dataset("text", text.get(), {2}, nullptr, -1);
  builder.Dataset("opaque", opaque.get(), {2}, nullptr, -1);
  builder.Dataset("long_double", H5T_NATIVE_LDOUBLE, {2}, nullptr, -1);
  builder.Dataset("reference", H5T_STD_REF_OBJ, {2}, nullptr, -1);
  OpenedHdf5 file(builder);
  for (const char* path : {"pair", "text", "opaque", "long_double", "reference"}) {
    EXPECT_EQ(file.DatasetError(path),
              fmt::format("UNIMPLEMENTED: {}: holds elements that are neither integers nor floats "
                          "of up to 64 bits",
                          path));
  }
}

TEST(Hdf5DatasetTest, ShapesThatNoTensorHasAreRefused) {
  const Hdf5Id null = Hdf5Builder::Made(H5Screate(H5S_NULL), H5Sclose);
  Hdf5Builder builder;
  Hdf5Builder::Made(H5Dcreate2(builder.file(), "null", H5T_IEEE_F32LE, null.get(), H5P_DEFAULT,
                               H5P_DEFAULT, H5P_DEFAULT),
                    H5Dclose);
  builder.Claim("nine", {1, 1, 1, 1, 1, 1, 1, 1, 1}).Claim("empty", {2, 0});
  OpenedHdf5 file(builder);
  EXPECT_EQ(file.DatasetError("null"), "INVALID_ARGUMENT: null: has no shape");
  EXPECT_EQ(file.DatasetError("nine"), "INVALID_ARGUMENT: nine: rank 9, at most 8 is supported");
  EXPECT_EQ(file.DatasetError("empty"), "INVALID_ARGUMENT: empty: has a dimension of 0");
}

TEST(Hdf5DatasetTest, MoreThanTheLimitIsRefusedBeforeItIsAllocated) {
  constexpr hsize_t kMany = hsize_t{1} << 34;
  Hdf5Builder builder;
  builder.Claim("64_gib", {kMany}).Claim("product", {kMany, kMany, 2}).Claim("dim", {kMany << 10});
  ASSERT_LT(builder.Bytes().size(), 4096U);
  OpenedHdf5 file(builder);
  EXPECT_EQ(file.DatasetError("64_gib"),
            "RESOURCE_EXHAUSTED: 64_gib: with it the weights take more than 4294967296 bytes");
  EXPECT_THAT(file.DatasetError("product"), HasSubstr("INVALID_ARGUMENT: product: "));
  EXPECT_EQ(file.DatasetError("dim"), "INVALID_ARGUMENT: dim: has a dimension of 17592186044416");
}

TEST(Hdf5DatasetTest, MoreThanAHundredTimesTheFileIsRefusedBeforeItIsAllocated) {
  const std::string bytes = Hdf5Builder().Claim("2_gib", {hsize_t{1} << 29}).Bytes();
  EXPECT_EQ(OpenedHdf5(bytes).DatasetError("2_gib"),
            fmt::format("RESOURCE_EXHAUSTED: 2_gib: with it the weights take 2147483648 bytes, of "
                        "a file of {}",
                        bytes.size()));
}

TEST(Hdf5DatasetTest, OneDatasetThatIsReadManyTimesCountsManyTimes) {
  OpenedHdf5 file(Hdf5Builder().Claim("x", {hsize_t{1} << 17}));  // half a MiB
  EXPECT_EQ(file.DatasetError("x"), "OK");
  EXPECT_EQ(file.DatasetError("x"), "OK");
  EXPECT_THAT(file.DatasetError("x"), HasSubstr("RESOURCE_EXHAUSTED: x: with it the weights take"));
}

TEST(Hdf5DatasetTest, TheNumberOfDatasetsIsLimited) {
  ImportLimits limits;
  limits.max_initializers = 2;
  OpenedHdf5 file(Hdf5Builder().Floats("x", {1}, {1}), limits);
  EXPECT_EQ(file.DatasetError("x"), "OK");
  EXPECT_EQ(file.DatasetError("x"), "OK");
  EXPECT_EQ(file.DatasetError("x"), "RESOURCE_EXHAUSTED: m.h5: has more than 2 weights");
}

TEST(Hdf5DatasetTest, DataOfOtherFilesIsNotRead) {
  const Hdf5Id external = Hdf5Builder::Made(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  Hdf5Builder::Do(H5Pset_external(external.get(), "/etc/passwd", 0, 8));
  Hdf5Builder builder;
  builder.Dataset("x", H5T_IEEE_F32LE, {2}, nullptr, -1, external.get());
  EXPECT_EQ(OpenedHdf5(builder).DatasetError("x"),
            "INVALID_ARGUMENT: x: its data is in another file, which is not opened");
}

TEST(Hdf5DatasetTest, VirtualDatasetsAreRefused) {
  const Hdf5Id creation = Hdf5Builder::Made(H5Pcreate(H5P_DATASET_CREATE), H5Pclose);
  const Hdf5Id space = Hdf5Builder::Space({2});
  Hdf5Builder::Do(H5Pset_virtual(creation.get(), space.get(), ".", "y", space.get()));
  Hdf5Builder builder(/*newest=*/true);
  builder.Floats("y", {2}, {1, 2}).Dataset("x", H5T_IEEE_F32LE, {2}, nullptr, -1, creation.get());
  OpenedHdf5 file(builder);
  EXPECT_EQ(file.DatasetError("x"),
            "INVALID_ARGUMENT: x: its data is made of other datasets, which is not supported");
  EXPECT_THAT(file.Elements<float>("y"), ElementsAre(1, 2));
}

TEST(Hdf5DatasetTest, WhatIsNotThereIsAnError) {
  OpenedHdf5 file(Hdf5Builder().Group("g"));
  EXPECT_EQ(file.DatasetError("g"), "INVALID_ARGUMENT: g: is not a dataset, or damaged");
  EXPECT_EQ(file.DatasetError("h"), "INVALID_ARGUMENT: h: is not a dataset, or damaged");
  EXPECT_EQ(StatusText(file->Names("h")), "INVALID_ARGUMENT: h: is not a group, or damaged");
}

}  // namespace
}  // namespace rectifier
