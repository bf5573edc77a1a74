#include "server/import/keras/container.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_testing.h"
#include "tests/unit/import/keras/container_testing.h"

namespace rectifier {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

absl::StatusOr<KerasFile> Read(KerasFormat format, std::string_view bytes,
                               const ImportLimits& limits = {}) {
  return ReadKerasContainer(format, "model", std::as_bytes(std::span(bytes)), limits);
}

// What the file is read to, a weight a line, or its error.
std::string Text(const absl::StatusOr<KerasFile>& file) {
  if (!file.ok()) return StatusText(file);
  std::string text = fmt::format("version {}, backend '{}'\n", file->keras_version, file->backend);
  for (const KerasWeightGroup& group : file->groups) {
    text += group.path + "\n";
    for (const KerasWeight& weight : group.weights) {
      text += fmt::format("  {} {}{}\n", weight.name, Name(weight.tensor.dtype()),
                          weight.tensor.shape().ToString());
    }
  }
  return text;
}
std::string H5Text(std::string_view bytes, const ImportLimits& limits = {}) {
  return Text(Read(KerasFormat::kHdf5, bytes, limits));
}
std::string H5Text(Hdf5Builder& builder) { return H5Text(builder.Bytes()); }
std::string KerasText(std::string_view bytes, const ImportLimits& limits = {}) {
  return Text(Read(KerasFormat::kKeras, bytes, limits));
}

TEST(KerasContainerTest, AKerasFileIsRead) {
  const auto file = Read(KerasFormat::kKeras, SmallKeras());
  EXPECT_EQ(Text(file), R"(version 3.15.1, backend ''
layers/conv2d
  0 f32[3]
  1 f32[2]
)");
  EXPECT_EQ(file->format, KerasFormat::kKeras);
  EXPECT_EQ(file->config, kSmallConfig);
  EXPECT_THAT(file->groups[0].weights[0].tensor.data<float>(), testing::ElementsAre(1, 2, 3));
}

TEST(KerasContainerTest, AnH5FileIsRead) {
  const auto file = Read(KerasFormat::kHdf5, SmallH5());
  EXPECT_EQ(Text(file), R"(version 2.15.0, backend 'tensorflow'
conv2d
  conv2d/kernel:0 f32[3]
  conv2d/bias:0 f32[2]
)");
  EXPECT_EQ(file->format, KerasFormat::kHdf5);
  EXPECT_EQ(file->config, kSmallConfig);
  EXPECT_THAT(file->groups[0].weights[1].tensor.data<float>(), testing::ElementsAre(1, 2));
}

TEST(KerasContainerTest, WeightsOfALayerAreInTheOrderOfTheirNumbers) {
  Hdf5Builder weights;
  for (hsize_t i = 0; i < 12; ++i) {
    weights.Floats(fmt::format("layers/gru/vars/{}", i), {i + 1}, std::vector<float>(i + 1, 0));
  }
  const auto file = Read(KerasFormat::kKeras, KerasZip(weights.Bytes()));
  ASSERT_TRUE(file.ok()) << Text(file);
  for (int64_t i = 0; i < 12; ++i) {
    const KerasWeight& weight = file->groups[0].weights[static_cast<size_t>(i)];
    EXPECT_EQ(weight.name, std::to_string(i));
    EXPECT_EQ(weight.tensor.shape(), Shape{i + 1});
  }
}

TEST(KerasContainerTest, GroupsAreFoundAtAnyDepthAndOptimizersNotLookedAt) {
  Hdf5Builder weights;
  weights.Floats("layers/a/layers/b/cell/vars/0", {1}, {1})
      .Floats("vars/0", {1}, {1})
      .Floats("layers/optimizer/vars/0", {1}, {1})
      .Floats("optimizer/vars/0", {1}, {1})
      .Floats("optimizer_1/vars/0", {1}, {1});
  Hdf5Builder::Do(H5Lcreate_soft("/vars", weights.file(), "optimizer/x", 0, 0));
  EXPECT_EQ(KerasText(KerasZip(weights.Bytes())), R"(version 3.15.1, backend ''

  0 f32[1]
layers/a/layers/b/cell
  0 f32[1]
layers/optimizer
  0 f32[1]
)");
}

TEST(KerasContainerTest, WhatAKerasFileLacksIsNamed) {
  EXPECT_EQ(KerasText(ZipBuilder().Member("metadata.json", "{}").Bytes()),
            "INVALID_ARGUMENT: model: holds no config.json");
  EXPECT_EQ(KerasText(ZipBuilder().Member("config.json", "{}").Bytes()),
            "INVALID_ARGUMENT: model: holds no metadata.json");
  // Weights in several files.
  EXPECT_EQ(KerasText(ZipBuilder()
                          .Member("config.json", "{}")
                          .Member("metadata.json", "{}")
                          .Member("model.weights.json", "{}")
                          .Member("model_00000.weights.h5", "")
                          .Bytes()),
            "INVALID_ARGUMENT: model: holds no model.weights.h5");
}

TEST(KerasContainerTest, MetadataIsJsonThatMayHaveNoVersion) {
  const auto with = [](std::string_view metadata) {
    return KerasText(ZipBuilder()
                         .Member("config.json", "{}")
                         .Member("metadata.json", metadata)
                         .Member("model.weights.h5", SmallKerasWeights())
                         .Bytes());
  };
  for (const char* metadata : {"{}", "[]", R"({"keras_version": 3})"}) {
    EXPECT_THAT(with(metadata), StartsWith("version , backend ''")) << metadata;
  }
  EXPECT_EQ(with("{"), "INVALID_ARGUMENT: model: metadata.json: is not JSON");
  EXPECT_EQ(with(std::string(100'000, '[')),
            "INVALID_ARGUMENT: model: metadata.json: its JSON is nested more than 64 deep");
  EXPECT_EQ(with(std::string(1'048'577, ' ')),
            "RESOURCE_EXHAUSTED: model: metadata.json: has 1048577 bytes, at most 1048576 are "
            "allowed");
}

TEST(KerasContainerTest, AConfigMayHave32MiB) {
  const std::string bytes = ZipBuilder()
                                .Member("config.json", std::string((32 << 20) + 1, ' '))
                                .Member("metadata.json", "{}")
                                .Bytes();
  EXPECT_EQ(KerasText(bytes),
            "RESOURCE_EXHAUSTED: model: config.json: has 33554433 bytes, at most 33554432 are "
            "allowed");
}

TEST(KerasContainerTest, WeightsThatAreNoHdf5AreAnError) {
  EXPECT_EQ(KerasText(KerasZip("nonsense")),
            "INVALID_ARGUMENT: model: model.weights.h5: is cut short or no HDF5 file");
  EXPECT_EQ(KerasText(KerasZip("")), "INVALID_ARGUMENT: model: model.weights.h5: is empty");
}

TEST(KerasContainerTest, FilesOfTheOtherFormatAreToldTheirName) {
  EXPECT_EQ(KerasText(SmallH5()),
            "INVALID_ARGUMENT: model: is an HDF5 file: its name has to end in .h5");
  EXPECT_EQ(H5Text(SmallKeras()),
            "INVALID_ARGUMENT: model: is a zip file: its name has to end in .keras");
  EXPECT_THAT(KerasText("PK and no more"), StartsWith("INVALID_ARGUMENT: model: is cut short"));
  EXPECT_EQ(H5Text("\x89HDF and no more"), "INVALID_ARGUMENT: model: is cut short or no HDF5 file");
}

TEST(KerasContainerTest, ListsThatAreSplitAreOneList) {
  Hdf5Builder builder;
  builder.String("/", "model_config", kSmallConfig);
  builder.Group("model_weights")
      .Strings("model_weights", "layer_names0", {"a", "b"})
      .Strings("model_weights", "layer_names1", {"c"})
      .Floats("model_weights/a/k", {1}, {1})
      .Floats("model_weights/b/k", {2}, {1, 2})
      .Floats("model_weights/c/l", {3}, {1, 2, 3})
      .Floats("model_weights/c/k", {4}, {1, 2, 3, 4})
      .Strings("model_weights/a", "weight_names", {"k"})
      .FixedStrings("model_weights/b", "weight_names", 1, {"k"})
      .Strings("model_weights/c", "weight_names0", {"l"})
      .Strings("model_weights/c", "weight_names1", {"k"});
  EXPECT_EQ(H5Text(builder), R"(version 1, backend ''
a
  k f32[1]
b
  k f32[2]
c
  l f32[3]
  k f32[4]
)");
}

TEST(KerasContainerTest, AFileOfWeightsAloneSaysSo) {
  Hdf5Builder builder;
  builder.Strings("/", "layer_names", {"a"}).Group("a");
  EXPECT_EQ(H5Text(builder),
            "INVALID_ARGUMENT: model: holds weights only (save_weights); the network is needed, "
            "too: save it whole (model.save)");
  Hdf5Builder keras3;
  keras3.Group("layers");
  EXPECT_THAT(H5Text(keras3), HasSubstr("holds weights only (save_weights)"));
}

TEST(KerasContainerTest, AnH5FileThatIsNotOfKerasSaysSo) {
  Hdf5Builder other;
  other.Floats("x", {1}, {1});
  EXPECT_EQ(H5Text(other),
            "INVALID_ARGUMENT: model: is no Keras model: it has no attribute model_config");
  Hdf5Builder no_weights;
  no_weights.String("/", "model_config", kSmallConfig);
  EXPECT_EQ(H5Text(no_weights),
            "INVALID_ARGUMENT: model: is no Keras model: it has no group model_weights");
  Hdf5Builder no_layers;
  no_layers.String("/", "model_config", kSmallConfig).Group("model_weights");
  EXPECT_EQ(H5Text(no_layers),
            "INVALID_ARGUMENT: model: model_weights has no attribute layer_names");
}

TEST(KerasContainerTest, AWeightOrLayerThatIsMissingIsNamed) {
  Hdf5Builder builder;
  BeginH5(builder, {"conv2d"});
  builder.Floats("model_weights/conv2d/kernel:0", {1}, {1});
  builder.Strings("model_weights/conv2d", "weight_names", {"kernel:0", "bias:0"});
  EXPECT_EQ(H5Text(builder), "INVALID_ARGUMENT: conv2d: weight bias:0: the file does not hold it");
  Hdf5Builder without;
  BeginH5(without, {"conv2d\n"});
  EXPECT_EQ(H5Text(without), "INVALID_ARGUMENT: model: has no group of the layer conv2d?");
}

TEST(KerasContainerTest, AWeightThatIsNoneIsNamedWithItsLayer) {
  const Hdf5Id text = Hdf5Builder::Made(H5Tcopy(H5T_C_S1), H5Tclose);
  Hdf5Builder builder;
  BeginH5(builder, {"lookup"});
  builder.Dataset("model_weights/lookup/table", text.get(), {2}, nullptr, -1);
  builder.Strings("model_weights/lookup", "weight_names", {"table"});
  EXPECT_EQ(H5Text(builder),
            "UNIMPLEMENTED: lookup: weight table: model_weights/lookup/table: holds elements that "
            "are neither integers nor floats of up to 64 bits");
}

TEST(KerasContainerTest, LinksToElsewhereAreRefusedInBothFormats) {
  Hdf5Builder h5;
  BeginH5(h5, {"a"});
  Hdf5Builder::Do(H5Lcreate_external("other.h5", "/a", h5.file(), "model_weights/a", 0, 0));
  EXPECT_EQ(H5Text(h5),
            "INVALID_ARGUMENT: model_weights: 'a' is a link to elsewhere, which is not followed");
  Hdf5Builder weights;
  weights.Group("layers/a");
  Hdf5Builder::Do(H5Lcreate_soft("/layers", weights.file(), "layers/a/vars", 0, 0));
  EXPECT_EQ(KerasText(KerasZip(weights.Bytes())),
            "INVALID_ARGUMENT: layers/a: 'vars' is a link to elsewhere, which is not followed");
}

TEST(KerasContainerTest, GroupsThatAreNestedWithoutEndAreRefused) {
  Hdf5Builder deep;
  std::string path = "layers";
  for (int i = 0; i < 70; ++i) path += "/a";
  deep.Group(path);
  EXPECT_THAT(KerasText(KerasZip(deep.Bytes())), HasSubstr("groups are nested more than 64 deep"));
  Hdf5Builder cycle;
  cycle.Group("layers/a").HardLink("layers", "layers/a/b");
  EXPECT_THAT(KerasText(KerasZip(cycle.Bytes())), HasSubstr("groups are nested more than 64 deep"));
  // Two ways at each step would be 2^64 groups.
  Hdf5Builder bush;
  bush.Group("layers").HardLink("layers", "layers/a").HardLink("layers", "layers/b");
  ImportLimits limits;
  limits.max_nodes = 1000;
  EXPECT_THAT(KerasText(KerasZip(bush.Bytes()), limits),
              AnyOf(HasSubstr("groups are nested more than 64 deep"),
                    HasSubstr("has more than 1000 groups and datasets")));
}

TEST(KerasContainerTest, AWideFileIsBounded) {
  Hdf5Builder wide;
  for (int i = 0; i < 100; ++i) wide.Group(fmt::format("layers/{}", i));
  ImportLimits limits;
  limits.max_nodes = 50;
  EXPECT_EQ(KerasText(KerasZip(wide.Bytes()), limits),
            "RESOURCE_EXHAUSTED: model: model.weights.h5: has more than 50 groups and datasets");
}

TEST(KerasContainerTest, WeightsThatAreClaimedAreRefusedInBothFormats) {
  EXPECT_EQ(H5Text(H5OfAClaim()),
            "RESOURCE_EXHAUSTED: a: weight k: model_weights/a/k: with it the weights take more "
            "than 4294967296 bytes");
  Hdf5Builder weights;
  weights.Claim("layers/a/vars/0", {hsize_t{1} << 29});
  EXPECT_THAT(KerasText(KerasZip(weights.Bytes())),
              StartsWith("RESOURCE_EXHAUSTED: layers/a/vars/0: with it the weights take 2147483648 "
                         "bytes, of a file of "));
}

TEST(KerasContainerTest, FilesThatAreCutAnywhereAreAnError) {
  for (const KerasFormat format : {KerasFormat::kKeras, KerasFormat::kHdf5}) {
    const std::string whole = format == KerasFormat::kKeras ? SmallKeras() : SmallH5();
    ASSERT_TRUE(Read(format, whole).ok());
    for (size_t i = 0; i < 64; ++i) {
      const size_t size = whole.size() * i / 64;
      EXPECT_THAT(Text(Read(format, std::string_view(whole).substr(0, size))),
                  StartsWith("INVALID_ARGUMENT: model: "))
          << size;
    }
  }
}

TEST(KerasContainerTest, WeightsThatAreCutWithinAZipAreAnError) {
  const std::string whole = SmallKerasWeights();
  for (size_t i = 0; i < 64; ++i) {
    const size_t size = whole.size() * i / 64;
    EXPECT_THAT(KerasText(KerasZip(whole.substr(0, size))),
                StartsWith("INVALID_ARGUMENT: model: model.weights.h5: is "))
        << size;
  }
}

}  // namespace
}  // namespace rectifier
