#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/fuzz/onnx_model.h"
#include "tests/fuzz/onnx_mutator.h"

namespace rectifier {
namespace {

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The fuzzer's finds, and the whole networks that it begins with.
std::vector<std::filesystem::path> Corpus() {
  std::vector<std::filesystem::path> files;
  for (const char* folder : {"tests/fuzz/corpus", "tests/networks/goldens"}) {
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             std::filesystem::path(RECTIFIER_SOURCE_DIR) / folder)) {
      if (entry.path().extension() == ".onnx") files.push_back(entry.path());
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

}  // namespace
}  // namespace rectifier
