#include "server/models/config/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/status_testing.h"
#include "tests/unit/import/temporary_folder.h"

namespace rectifier {
namespace {

namespace fs = std::filesystem;
using ::testing::Optional;
using ::testing::StartsWith;

class ConfigFileTest : public testing::Test {
 protected:
  fs::path File() const { return folder_.path() / "m/config.pbtxt"; }
  auto Read() const { return ReadConfigFile(folder_.path() / "m"); }

  ConfigFileTest() { fs::create_directories(folder_.path() / "m"); }
  const TemporaryFolder folder_;
};

TEST_F(ConfigFileTest, AModelWithoutAFileHasNoText) {
  const auto text = Read();
  ASSERT_TRUE(text.ok()) << StatusText(text);
  EXPECT_EQ(*text, std::nullopt);
}

TEST_F(ConfigFileTest, TheWholeFileIsRead) {
  folder_.Write("m/config.pbtxt", "name: 'm'\n");
  EXPECT_THAT(*Read(), Optional(std::string("name: 'm'\n")));
  folder_.Write("m/config.pbtxt", "");
  EXPECT_THAT(*Read(), Optional(std::string()));
  folder_.Write("m/config.pbtxt", std::string(kMaxConfigBytes, ' '));
  EXPECT_THAT(*Read(), Optional(std::string(kMaxConfigBytes, ' ')));
}

TEST_F(ConfigFileTest, AFileThatIsTooLargeIsRefused) {
  folder_.Write("m/config.pbtxt", std::string(kMaxConfigBytes + 1, ' '));
  EXPECT_EQ(StatusText(Read()),
            "RESOURCE_EXHAUSTED: config.pbtxt: has more than the 262144 bytes that are allowed");
}

TEST_F(ConfigFileTest, ALinkWithinTheFolderIsFollowed) {
  folder_.Write("m/..data/config.pbtxt", "a");  // as Kubernetes mounts them
  fs::create_symlink("..data/config.pbtxt", File());
  EXPECT_THAT(*Read(), Optional(std::string("a")));
}

TEST_F(ConfigFileTest, ALinkOutOfTheFolderIsRefused) {
  folder_.Write("other.pbtxt", "secret");
  for (const fs::path& target : {fs::path("../other.pbtxt"), folder_.path() / "other.pbtxt"}) {
    fs::remove(File());
    fs::create_symlink(target, File());
    EXPECT_EQ(StatusText(Read()),
              "INVALID_ARGUMENT: config.pbtxt: is a link that leads out of the model's folder")
        << target;
  }
}

TEST_F(ConfigFileTest, ALinkToNothingIsNotNoFile) {
  fs::create_symlink("nothing", File());
  EXPECT_THAT(StatusText(Read()),
              StartsWith("FAILED_PRECONDITION: config.pbtxt: cannot be opened"));
}

TEST_F(ConfigFileTest, OnlyARegularFileIsRead) {
  fs::create_directory(File());
  EXPECT_EQ(StatusText(Read()), "INVALID_ARGUMENT: config.pbtxt: is not a regular file");
  fs::remove(File());
  ASSERT_EQ(mkfifo(File().c_str(), 0600), 0);  // nobody writes to it: reading must not wait
  EXPECT_EQ(StatusText(Read()), "INVALID_ARGUMENT: config.pbtxt: is not a regular file");
}

}  // namespace
}  // namespace rectifier
