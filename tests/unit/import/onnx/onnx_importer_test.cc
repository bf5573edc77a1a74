#include "server/import/onnx/onnx_importer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "tests/unit/import/onnx/import_testing.h"
#include "tests/unit/import/temporary_folder.h"

namespace rectifier {
namespace {

namespace fs = std::filesystem;

fs::path SamplePath(const std::string& model) {
  return fs::path(RECTIFIER_SOURCE_DIR) / "examples/models" / model / "1/model.onnx";
}

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

std::string SampleText(const std::string& model) {
  const absl::StatusOr<Graph> graph = OnnxImporter().Import(SamplePath(model), {});
  if (!graph.ok()) return std::string(Message(graph.status()));
  // The learned numbers are not looked at, but for single ones.
  return PrintGraph(*graph, {.types = true, .max_constant_elements = 1});
}

TEST(OnnxImporterTest, SampleWithLeakyReluIsRead) {
  EXPECT_EQ(SampleText("digits_leaky_relu"), R"(graph "torch_jit"
input %image: f32[?, 1, 8, 8]
const %conv1.weight: f32[32, 1, 3, 3] = elided
const %conv1.bias: f32[32] = elided
const %/act1/LeakyRelu_output_0.slope: f32[] = 0.1
const %conv2.weight: f32[32, 32, 3, 3] = elided
const %bn2.weight: f32[32] = elided
const %bn2.bias: f32[32] = elided
const %bn2.running_mean: f32[32] = elided
const %bn2.running_var: f32[32] = elided
const %/act2/LeakyRelu_output_0.slope: f32[] = 0.1
const %conv3.weight: f32[64, 32, 3, 3] = elided
const %conv3.bias: f32[64] = elided
const %/act3/LeakyRelu_output_0.slope: f32[] = 0.1
const %dense4.weight: f32[32, 256] = elided
const %dense4.bias: f32[32] = elided
const %/act4/LeakyRelu_output_0.slope: f32[] = 0.1
const %dense5.weight: f32[10, 32] = elided
const %dense5.bias: f32[10] = elided
%/conv1/Conv_output_0: f32[?, 32, 8, 8] = Conv(%image, %conv1.weight, %conv1.bias) {pads = [1, 1, 1, 1]} @"/conv1/Conv"
%/act1/LeakyRelu_output_0: f32[?, 32, 8, 8] = Rectifier(%/conv1/Conv_output_0, %/act1/LeakyRelu_output_0.slope) {origin = "leaky_relu"} @"/act1/LeakyRelu"
%/conv2/Conv_output_0: f32[?, 32, 8, 8] = Conv(%/act1/LeakyRelu_output_0, %conv2.weight) {pads = [1, 1, 1, 1]} @"/conv2/Conv"
%/bn2/BatchNormalization_output_0: f32[?, 32, 8, 8] = BatchNormalization(%/conv2/Conv_output_0, %bn2.weight, %bn2.bias, %bn2.running_mean, %bn2.running_var) @"/bn2/BatchNormalization"
%/act2/LeakyRelu_output_0: f32[?, 32, 8, 8] = Rectifier(%/bn2/BatchNormalization_output_0, %/act2/LeakyRelu_output_0.slope) {origin = "leaky_relu"} @"/act2/LeakyRelu"
%/pool2/MaxPool_output_0: f32[?, 32, 4, 4] = MaxPool(%/act2/LeakyRelu_output_0) {kernel_shape = [2, 2], strides = [2, 2]} @"/pool2/MaxPool"
%/conv3/Conv_output_0: f32[?, 64, 4, 4] = Conv(%/pool2/MaxPool_output_0, %conv3.weight, %conv3.bias) {pads = [1, 1, 1, 1]} @"/conv3/Conv"
%/act3/LeakyRelu_output_0: f32[?, 64, 4, 4] = Rectifier(%/conv3/Conv_output_0, %/act3/LeakyRelu_output_0.slope) {origin = "leaky_relu"} @"/act3/LeakyRelu"
%/pool3/MaxPool_output_0: f32[?, 64, 2, 2] = MaxPool(%/act3/LeakyRelu_output_0) {kernel_shape = [2, 2], strides = [2, 2]} @"/pool3/MaxPool"
%/flatten/Flatten_output_0: f32[?, 256] = Flatten(%/pool3/MaxPool_output_0) @"/flatten/Flatten"
%/dense4/Gemm_output_0: f32[?, 32] = Gemm(%/flatten/Flatten_output_0, %dense4.weight, %dense4.bias) {transB = 1} @"/dense4/Gemm"
%/act4/LeakyRelu_output_0: f32[?, 32] = Rectifier(%/dense4/Gemm_output_0, %/act4/LeakyRelu_output_0.slope) {origin = "leaky_relu"} @"/act4/LeakyRelu"
%logits: f32[?, 10] = Gemm(%/act4/LeakyRelu_output_0, %dense5.weight, %dense5.bias) {transB = 1} @"/dense5/Gemm"
output %logits
)");
}

TEST(OnnxImporterTest, SampleWithPReluIsRead) {
  EXPECT_EQ(SampleText("digits_prelu"), R"(graph "torch_jit"
input %image: f32[?, 1, 8, 8]
const %conv1.weight: f32[32, 1, 3, 3] = elided
const %conv1.bias: f32[32] = elided
const %onnx::PRelu_38: f32[32, 1, 1] = elided
const %conv2.weight: f32[32, 32, 3, 3] = elided
const %bn2.weight: f32[32] = elided
const %bn2.bias: f32[32] = elided
const %bn2.running_mean: f32[32] = elided
const %bn2.running_var: f32[32] = elided
const %onnx::PRelu_39: f32[32, 1, 1] = elided
const %conv3.weight: f32[64, 32, 3, 3] = elided
const %conv3.bias: f32[64] = elided
const %onnx::PRelu_40: f32[64, 1, 1] = elided
const %dense4.weight: f32[32, 256] = elided
const %dense4.bias: f32[32] = elided
const %act4.weight: f32[32] = elided
const %dense5.weight: f32[10, 32] = elided
const %dense5.bias: f32[10] = elided
%/conv1/Conv_output_0: f32[?, 32, 8, 8] = Conv(%image, %conv1.weight, %conv1.bias) {pads = [1, 1, 1, 1]} @"/conv1/Conv"
%/act1/PRelu_output_0: f32[?, 32, 8, 8] = Rectifier(%/conv1/Conv_output_0, %onnx::PRelu_38) {origin = "prelu"} @"/act1/PRelu"
%/conv2/Conv_output_0: f32[?, 32, 8, 8] = Conv(%/act1/PRelu_output_0, %conv2.weight) {pads = [1, 1, 1, 1]} @"/conv2/Conv"
%/bn2/BatchNormalization_output_0: f32[?, 32, 8, 8] = BatchNormalization(%/conv2/Conv_output_0, %bn2.weight, %bn2.bias, %bn2.running_mean, %bn2.running_var) @"/bn2/BatchNormalization"
%/act2/PRelu_output_0: f32[?, 32, 8, 8] = Rectifier(%/bn2/BatchNormalization_output_0, %onnx::PRelu_39) {origin = "prelu"} @"/act2/PRelu"
%/pool2/MaxPool_output_0: f32[?, 32, 4, 4] = MaxPool(%/act2/PRelu_output_0) {kernel_shape = [2, 2], strides = [2, 2]} @"/pool2/MaxPool"
%/conv3/Conv_output_0: f32[?, 64, 4, 4] = Conv(%/pool2/MaxPool_output_0, %conv3.weight, %conv3.bias) {pads = [1, 1, 1, 1]} @"/conv3/Conv"
%/act3/PRelu_output_0: f32[?, 64, 4, 4] = Rectifier(%/conv3/Conv_output_0, %onnx::PRelu_40) {origin = "prelu"} @"/act3/PRelu"
%/pool3/MaxPool_output_0: f32[?, 64, 2, 2] = MaxPool(%/act3/PRelu_output_0) {kernel_shape = [2, 2], strides = [2, 2]} @"/pool3/MaxPool"
%/flatten/Flatten_output_0: f32[?, 256] = Flatten(%/pool3/MaxPool_output_0) @"/flatten/Flatten"
%/dense4/Gemm_output_0: f32[?, 32] = Gemm(%/flatten/Flatten_output_0, %dense4.weight, %dense4.bias) {transB = 1} @"/dense4/Gemm"
%/act4/PRelu_output_0: f32[?, 32] = Rectifier(%/dense4/Gemm_output_0, %act4.weight) {origin = "prelu"} @"/act4/PRelu"
%logits: f32[?, 10] = Gemm(%/act4/PRelu_output_0, %dense5.weight, %dense5.bias) {transB = 1} @"/dense5/Gemm"
output %logits
)");
}

TEST(OnnxImporterTest, TruncatedFilesAreRefusedAtEveryOffset) {
  const std::string bytes = ReadFile(SamplePath("digits_prelu"));
  ASSERT_GT(bytes.size(), 10'000U);
  for (size_t i = 1; i < 64; ++i) {
    const std::string text = ImportedText(bytes.substr(0, bytes.size() * i / 64));
    EXPECT_EQ(text, "INVALID_ARGUMENT: model.onnx: the file is cut short or not ONNX") << i;
  }
  // Near the ends, where a cut may fall between two fields.
  for (size_t i = 1; i < 64; ++i) {
    for (const size_t size : {i, bytes.size() - i}) {
      const std::string text = ImportedText(bytes.substr(0, size));
      EXPECT_TRUE(text.starts_with("INVALID_ARGUMENT: model.onnx: the file is cut short or "))
          << size << ": " << text;
    }
  }
}

TEST(OnnxImporterTest, DamagedFilesAreRefusedOrRead) {
  const std::string bytes = ReadFile(SamplePath("digits_leaky_relu"));
  ASSERT_GT(bytes.size(), 10'000U);
  std::mt19937 random(7);
  // The structure is at both ends; the weights in between.
  std::uniform_int_distribution<size_t> offset(0, 6000);
  std::uniform_int_distribution<int> byte(0, 255);
  for (int i = 0; i < 500; ++i) {
    std::string damaged = bytes;
    for (int n = 0; n < 3; ++n) {
      const size_t at = offset(random);
      damaged[n == 0 ? at : damaged.size() - 1 - at] = static_cast<char>(byte(random));
    }
    const absl::StatusOr<Graph> graph = ImportOnnx("model.onnx", damaged, {});
    EXPECT_TRUE(graph.ok() || !Message(graph.status()).empty());
  }
}

TEST(OnnxImporterTest, FilesThatAreNoModelFilesAreRefused) {
  const TemporaryFolder folder;
  const auto import = [&](const std::string& name) {
    const absl::Status status = OnnxImporter().Import(folder.path() / name, {}).status();
    return absl::StatusCodeToString(status.code()) + ": " + std::string(Message(status));
  };
  EXPECT_EQ(import("missing.onnx"), "NOT_FOUND: missing.onnx: does not exist");
  folder.Write("empty.onnx", "");
  EXPECT_EQ(import("empty.onnx"), "INVALID_ARGUMENT: empty.onnx: the file is empty");
  fs::create_directory(folder.path() / "folder.onnx");
  EXPECT_EQ(import("folder.onnx"), "INVALID_ARGUMENT: folder.onnx: is not a regular file");
  ASSERT_EQ(mkfifo((folder.path() / "pipe.onnx").c_str(), 0600), 0);
  EXPECT_EQ(import("pipe.onnx"), "INVALID_ARGUMENT: pipe.onnx: is not a regular file");
}

TEST(OnnxImporterTest, FileSizeIsLookedAtBeforeItIsRead) {
  const TemporaryFolder folder;
  folder.Write("model.onnx", "");
  // Sparse: it takes no place on the disk.
  fs::resize_file(folder.path() / "model.onnx", uintmax_t{1} << 36);
  const absl::Status status = OnnxImporter().Import(folder.path() / "model.onnx", {}).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Message(status), "model.onnx: has 68719476736 bytes, at most 2147483647 are allowed");
}

TEST(OnnxImporterTest, FileBecomesTheSameGraphAsItsBytes) {
  const TemporaryFolder folder;
  OnnxBuilder model = XToY(17, {2});
  model.Node("Relu", {"x"}, {"y"});
  folder.Write("model.onnx", model.Bytes());
  const absl::StatusOr<Graph> graph = OnnxImporter().Import(folder.path() / "model.onnx", {});
  ASSERT_TRUE(graph.ok()) << Message(graph.status());
  EXPECT_EQ(PrintGraph(*graph), ImportedText(model));
}

TEST(OnnxImporterTest, VersionsOfTheFormatAreChecked) {
  const auto with_ir_version = [](int64_t version) {
    OnnxBuilder model = XToY(17, {2});
    model.Node("Tanh", {"x"}, {"y"}).model().set_ir_version(version);
    return ImportedText(model).substr(0, 9) == "graph \"g\"" ? "read" : ImportedText(model);
  };
  for (const int version : {1, 3, 4, 8, 10, 13}) EXPECT_EQ(with_ir_version(version), "read");
  EXPECT_EQ(with_ir_version(14),
            "UNIMPLEMENTED: model.onnx: ir_version 14 is not supported (1 to 13 are)");
  EXPECT_EQ(with_ir_version(0),
            "UNIMPLEMENTED: model.onnx: ir_version 0 is not supported (1 to 13 are)");
}

TEST(OnnxImporterTest, OperatorSetsAreChecked) {
  const auto with_opset = [](int version) {
    OnnxBuilder model = XToY(version, {2});
    return ImportedText(model.Node("Tanh", {"x"}, {"y"}));
  };
  EXPECT_EQ(with_opset(24),
            "UNIMPLEMENTED: model.onnx: version 24 of the default operator set is not supported "
            "(1 to 23 are)");
  EXPECT_EQ(with_opset(0),
            "UNIMPLEMENTED: model.onnx: version 0 of the default operator set is not supported "
            "(1 to 23 are)");
  OnnxBuilder model = XToY(17, {2});
  model.Node("Tanh", {"x"}, {"y"});
  const std::string text = ImportedText(model);

  // ai.onnx is the default domain; sets of other domains may be imported and not used.
  model.model().mutable_opset_import(0)->set_domain("ai.onnx");
  auto* other = model.model().add_opset_import();
  other->set_domain("ai.onnx.ml");
  other->set_version(3);
  EXPECT_EQ(ImportedText(model), text);
  other->set_domain("");
  EXPECT_EQ(ImportedText(model),
            "INVALID_ARGUMENT: model.onnx: imports versions 17 and 3 of the default operator set");
  model.model().clear_opset_import();
  EXPECT_EQ(ImportedText(model),
            "INVALID_ARGUMENT: model.onnx: the file is cut short or wrong: it imports no operator "
            "set");
  model.model().set_ir_version(2);
  EXPECT_EQ(ImportedText(model), text);
}

TEST(OnnxImporterTest, ModelWithoutGraphOrVersionIsRefused) {
  onnx::ModelProto model;
  EXPECT_EQ(ImportedText(model.SerializeAsString()),
            "INVALID_ARGUMENT: model.onnx: the file is empty");
  model.set_ir_version(8);
  EXPECT_EQ(ImportedText(model.SerializeAsString()),
            "INVALID_ARGUMENT: model.onnx: the file is cut short or not ONNX: it has no graph");
  model.mutable_graph();
  model.clear_ir_version();
  EXPECT_EQ(
      ImportedText(model.SerializeAsString()),
      "INVALID_ARGUMENT: model.onnx: the file is cut short or not ONNX: it has no ir_version");
}

}  // namespace
}  // namespace rectifier
