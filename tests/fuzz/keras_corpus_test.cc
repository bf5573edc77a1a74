#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "server/import/keras/container.h"
#include "tests/fuzz/imported_network.h"
#include "tests/fuzz/keras_model.h"
#include "tests/fuzz/keras_mutator.h"

namespace rectifier {
namespace {

namespace fs = std::filesystem;

const fs::path kSource = RECTIFIER_SOURCE_DIR;

std::string ReadFile(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// The files below a folder that end in one of these, in their order.
std::vector<fs::path> FilesOf(const char* folder, const std::vector<std::string>& extensions) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(kSource / folder)) {
    const std::string extension = entry.path().extension().string();
    if (std::find(extensions.begin(), extensions.end(), extension) != extensions.end()) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<fs::path> Goldens() { return FilesOf("tests/keras/goldens", {".keras", ".h5"}); }

absl::StatusOr<KerasFile> Container(std::string_view bytes) {
  return ReadKerasContainer(KerasFormatOf(bytes), "model", std::as_bytes(std::span(bytes)),
                            SmallLimits());
}

// Bits turned, a piece put elsewhere, the end cut off.
std::string Damaged(std::string bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](size_t bound) { return static_cast<size_t>(random() % bound); };
  switch (seed % 3) {
    case 0:
      for (int i = 0; i < 4; ++i) {
        bytes[below(bytes.size())] ^= static_cast<char>(1 << below(8));
      }
      return bytes;
    case 1: {
      const size_t size = 1 + below(std::min<size_t>(64, bytes.size() / 2));
      const size_t from = below(bytes.size() - size + 1);
      const size_t to = below(bytes.size() - size + 1);
      return bytes.replace(to, size, bytes.substr(from, size));
    }
    default:
      return bytes.substr(0, 1 + below(bytes.size() - 1));
  }
}

// How many changes of each golden are tried: 10, or RECTIFIER_CORPUS_CHANGES.
uint64_t ChangesOfEach() {
  const char* changes = std::getenv("RECTIFIER_CORPUS_CHANGES");
  return changes == nullptr ? 10 : std::strtoull(changes, nullptr, 10);
}

// A file of these bytes, for as long as this lives.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::string_view bytes)
      : path_(fs::path(testing::TempDir()) /
              fmt::format("rectifier_keras_corpus_{}", static_cast<int>(getpid()))) {
    std::ofstream(path_, std::ios::binary) << bytes;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { fs::remove(path_); }

  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

TEST(KerasCorpusTest, EveryGoldenIsLoadedAndRun) {
  const auto goldens = Goldens();
  ASSERT_GT(goldens.size(), 100U);
  for (const fs::path& golden : goldens) {
    SCOPED_TRACE(golden);
    const std::string bytes = ReadFile(golden);
    EXPECT_TRUE(Container(bytes).ok());
    LoadAndRunKeras(KerasFormatOf(bytes), bytes);
  }
}

// The library that reads HDF5 may crash on damaged files, so that they are parsed as the server
// does it, in a process of its own.
TEST(KerasCorpusTest, DamagedGoldensAreLoadedAndRunOrRefused) {
  uint64_t seed = 0;
  for (const fs::path& golden : Goldens()) {
    SCOPED_TRACE(testing::Message() << golden << ", seed " << seed);
    const std::string bytes = Damaged(ReadFile(golden), seed++);
    LoadAndRunKerasFile(KerasFormatOf(bytes), TemporaryFile(bytes).path());
  }
}

// Calls `change(answer, seed)` for each golden's answer as often as it is to be changed.
template <typename Change>
void ChangeEachAnswer(const Change& change) {
  const uint64_t changes = ChangesOfEach();
  uint64_t seed = 0;
  for (const fs::path& golden : Goldens()) {
    const std::string answer = ToFlatForm(Container(ReadFile(golden)));
    for (const uint64_t end = seed + changes; seed < end; ++seed) {
      SCOPED_TRACE(testing::Message() << golden << ", seed " << seed);
      change(answer, seed);
    }
  }
}

// The answers of that process are read here: they must be refused here, too.
TEST(KerasCorpusTest, DamagedAnswersAreLoadedAndRunOrRefused) {
  ChangeEachAnswer(
      [](const std::string& answer, uint64_t seed) { LoadAndRunFlatForm(Damaged(answer, seed)); });
}

TEST(KerasCorpusTest, ChangedGoldensAreLoadedAndRunOrRefused) {
  ChangeEachAnswer([](const std::string& answer, uint64_t seed) {
    absl::StatusOr<KerasFile> file = FromFlatForm(answer);
    ASSERT_TRUE(file.ok());
    KerasMutator(seed).Mutate(*file);
    LoadAndRunFlatForm(ToFlatForm(file));
  });
}

TEST(KerasCorpusTest, EveryFindIsLoadedAndRunOrRefused) {
  const auto answers = FilesOf("tests/fuzz/corpus/keras", {".flat"});
  ASSERT_GE(answers.size(), 1U);
  for (const fs::path& file : answers) {
    SCOPED_TRACE(file);
    LoadAndRunFlatForm(ReadFile(file));
  }
  for (const fs::path& file : FilesOf("tests/fuzz/corpus/keras", {".keras", ".h5"})) {
    SCOPED_TRACE(file);
    LoadAndRunKerasFile(KerasFormatOf(ReadFile(file)), file);
  }
}

}  // namespace
}  // namespace rectifier
