#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "proto/model_config.pb.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/model_config.h"
#include "tests/fuzz/onnx_model.h"

namespace rectifier {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The fuzzer's finds, and the whole networks that it begins with.
std::vector<std::filesystem::path> Corpus(std::string_view extension = ".onnx") {
  std::vector<std::filesystem::path> files;
  for (const char* folder : {"tests/fuzz/corpus", "tests/networks/goldens"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             std::filesystem::path(RECTIFIER_SOURCE_DIR) / folder)) {
      if (entry.path().extension() == extension) files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

TEST(FuzzCorpusTest, EveryFileIsLoadedAndRunOrRefused) {
  const auto corpus = Corpus();
  ASSERT_GT(corpus.size(), 20u);
  for (const auto& file : corpus) {
    SCOPED_TRACE(file);
    LoadAndRunOnnx(ReadFile(file));
  }
}

TEST(FuzzCorpusTest, ChangedModelsAreLoadedAndRunOrRefused) {
  constexpr uint64_t kChanges = 20;
  for (const auto& file : Corpus()) {
    onnx::ModelProto model;
    if (!model.ParseFromString(ReadFile(file))) continue;
    for (uint64_t seed = 0; seed < kChanges; ++seed) {
      SCOPED_TRACE(testing::Message() << file << ", seed " << seed);
      onnx::ModelProto changed = model;
      MessageMutator(seed).Mutate(changed);
      LoadAndRunOnnx(changed.SerializeAsString());
    }
  }
}

TEST(FuzzCorpusTest, EveryConfigurationIsServedOrRefused) {
  const auto corpus = Corpus(".pbtxt");
  ASSERT_GE(corpus.size(), 10u);
  for (const auto& file : corpus) {
    SCOPED_TRACE(file);
    ReadAndServeConfig(ReadFile(file));
  }
}

TEST(FuzzCorpusTest, ChangedConfigurationsAreServedOrRefused) {
  constexpr uint64_t kChanges = 500;
  inference::ModelConfig whole;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      ReadFile(std::filesystem::path(RECTIFIER_SOURCE_DIR) /
               "tests/fuzz/corpus/config/everything.pbtxt"),
      &whole));
  for (uint64_t seed = 0; seed < kChanges; ++seed) {
    SCOPED_TRACE(seed);
    inference::ModelConfig changed = whole;
    MessageMutator(seed).Mutate(changed);
    std::string text;
    google::protobuf::TextFormat::PrintToString(changed, &text);
    ReadAndServeConfig(text);
  }
}

}  // namespace
}  // namespace rectifier
