#include "server/models/repository.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/core/status.h"
#include "tests/support/status_testing.h"
#include "tests/unit/import/temporary_folder.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;

namespace fs = std::filesystem;

class RepositoryTest : public testing::Test {
 protected:
  // "name/version path-below-the-root", or the error; an entry each.
  std::vector<std::string> Scan() {
    const auto entries = ScanRepository(root());
    if (!entries.ok()) return {StatusText(entries)};
    std::vector<std::string> texts;
    for (const RepositoryEntry& entry : *entries) {
      texts.push_back(
          fmt::format("{}/{} {}", entry.name, entry.version,
                      entry.status.ok() ? Below(entry.path) : StatusText(entry.status)));
    }
    return texts;
  }
  std::string Resolve(std::string_view path) {
    const auto resolved = ResolveModelPath(root() / path);
    return resolved.ok() ? Below(*resolved) : StatusText(resolved);
  }
  std::string Below(const fs::path& path) { return path.lexically_relative(root()).string(); }
  void MakeFolder(std::string_view path) { fs::create_directories(root() / path); }
  const fs::path& root() const { return folder_.path(); }

  const TemporaryFolder folder_;
};

TEST_F(RepositoryTest, ListsModelsByName) {
  MakeFolder("b/1");
  MakeFolder("a.2_x-y/1");
  MakeFolder("C/7");
  EXPECT_THAT(Scan(), ElementsAre("C/7 C/7", "a.2_x-y/1 a.2_x-y/1", "b/1 b/1"));
}

TEST_F(RepositoryTest, TakesTheHighestVersionByNumber) {
  for (const char* version : {"m/9", "m/10", "m/2", "m/0"}) MakeFolder(version);
  EXPECT_THAT(Scan(), ElementsAre("m/10 m/10"));
}

TEST_F(RepositoryTest, OnlyFoldersNamedByANumberAreVersions) {
  for (const char* folder : {"m/1", "m/02", "m/v3", "m/4.5", "m/-6", "m/.7"}) MakeFolder(folder);
  folder_.Write("m/8", "a file");
  EXPECT_THAT(Scan(), ElementsAre("m/1 m/1"));
}

TEST_F(RepositoryTest, VersionZeroIsAVersion) {
  MakeFolder("m/0");
  EXPECT_THAT(Scan(), ElementsAre("m/0 m/0"));
}

TEST_F(RepositoryTest, AModelWithoutAVersionIsAnEntryWithAnError) {
  MakeFolder("good/1");
  folder_.Write("flat/model.onnx", "x");
  EXPECT_THAT(Scan(), ElementsAre("flat/0 NOT_FOUND: flat: has no version: expected a folder named "
                                  "1, 2, …",
                                  "good/1 good/1"));
}

TEST_F(RepositoryTest, ANameThatNoModelMayHaveIsAnEntryWithAnError) {
  MakeFolder("good/1");
  MakeFolder("not good/1");
  EXPECT_THAT(Scan(), ElementsAre("good/1 good/1",
                                  "not good/0 INVALID_ARGUMENT: not good: not a name that a model "
                                  "may have (letters, digits, '.', '_', '-'; at most 128)"));
}

TEST_F(RepositoryTest, AnErrorQuotesAtMost128BytesOfAName) {
  MakeFolder(std::string(200, 'x') + "/1");
  const auto entries = ScanRepository(root());
  ASSERT_TRUE(entries.ok());
  ASSERT_EQ(entries->size(), 1u);
  EXPECT_LT(Message((*entries)[0].status).size(), 256u);
}

TEST_F(RepositoryTest, PassesOverFilesAndHiddenFolders) {
  MakeFolder("m/1");
  MakeFolder(".git/1");
  MakeFolder("..2024_01_01/1");  // where Kubernetes keeps the data of a mounted volume
  folder_.Write("README.md", "x");
  EXPECT_THAT(Scan(), ElementsAre("m/1 m/1"));
}

TEST_F(RepositoryTest, FollowsLinksToFolders) {
  MakeFolder(".data/1");
  fs::create_directory_symlink(root() / ".data", root() / "m");
  fs::create_symlink(root() / "nowhere", root() / "dangling");
  EXPECT_THAT(Scan(), ElementsAre("m/1 m/1"));
}

TEST_F(RepositoryTest, AnEmptyFolderIsNotFound) {
  EXPECT_THAT(
      Scan(),
      ElementsAre(fmt::format(
          "NOT_FOUND: {}: holds no model: expected a file like NAME/VERSION/model.onnx below it",
          root().string())));
}

TEST_F(RepositoryTest, AFolderThatIsMissingOrAFileIsNotFound) {
  folder_.Write("file", "x");
  for (const char* name : {"nowhere", "file"}) {
    const std::string path = (root() / name).string();
    EXPECT_EQ(StatusText(ScanRepository(path)), "NOT_FOUND: " + path + ": there is no such folder");
  }
}

TEST_F(RepositoryTest, ResolvesAModelsFolderToItsHighestVersion) {
  MakeFolder("m/9");
  MakeFolder("m/10");
  EXPECT_EQ(Resolve("m"), "m/10");
  EXPECT_EQ(Resolve("m/"), "m/10");
}

TEST_F(RepositoryTest, ResolvesAVersionsFolderAndAFileToThemselves) {
  folder_.Write("m/1/model.onnx", "x");
  EXPECT_EQ(Resolve("m/1"), "m/1");
  EXPECT_EQ(Resolve("m/1/model.onnx"), "m/1/model.onnx");
}

TEST_F(RepositoryTest, ResolvingWhatIsNotThereIsNotFound) {
  EXPECT_EQ(Resolve("m"),
            fmt::format("NOT_FOUND: {}: there is no such file or folder", (root() / "m").string()));
}

}  // namespace
}  // namespace rectifier
