#include "server/app/config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "tests/support/status_testing.h"
#include "tests/unit/import/temporary_folder.h"

namespace rectifier {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// A command with a setting of each kind, and an option that is none.
struct Command {
  Command() {
    app.add_option("--path", path)->envname("TEST_PATH")->capture_default_str();
    app.add_option("--host", host)->envname("TEST_HOST")->capture_default_str();
    app.add_option("--port", port)
        ->envname("TEST_PORT")
        ->capture_default_str()
        ->check(CLI::Range(0, 99));
    app.add_option("--bytes", bytes)
        ->envname("TEST_BYTES")
        ->capture_default_str()
        ->transform(CLI::AsSizeValue(false));
    app.add_option("--level", level)
        ->envname("TEST_LEVEL")
        ->capture_default_str()
        ->check(CLI::IsMember({"info", "error"}));
    app.add_flag("--strict", strict)->envname("TEST_STRICT");
    app.add_option("--config", config);
  }

  // What the command line sets, and the environment where it does not.
  void Parse(std::vector<std::string> arguments) {
    std::reverse(arguments.begin(), arguments.end());  // as CLI11 wants them
    app.parse(arguments);
  }
  std::string Print() const {
    std::ostringstream out;
    PrintConfig(app, out);
    return out.str();
  }

  CLI::App app;
  std::string path;
  std::string host = "127.0.0.1";
  int port = 8;
  int64_t bytes = 1024;
  std::string level = "info";
  bool strict = false;
  std::string config;
};

class ConfigFileTest : public testing::Test {
 protected:
  void SetUp() override { ClearEnvironment(); }
  void TearDown() override { ClearEnvironment(); }

  absl::Status Apply(std::string_view text, Command& command) {
    folder_.Write("config.toml", text);
    return ApplyConfigFile(file(), command.app);
  }
  // Parses `arguments`, applies `text`, and gives the error, with "FILE" for the file's name.
  std::string Error(std::string_view text, const std::vector<std::string>& arguments = {}) {
    Command command;
    command.Parse(arguments);
    std::string error = StatusText(Apply(text, command));
    if (const size_t at = error.find(file()); at != std::string::npos) {
      error.replace(at, file().size(), "FILE");
    }
    return error;
  }
  std::string file() const { return (folder_.path() / "config.toml").string(); }

 private:
  static void ClearEnvironment() {
    for (const char* name :
         {"TEST_PATH", "TEST_HOST", "TEST_PORT", "TEST_BYTES", "TEST_LEVEL", "TEST_STRICT"}) {
      unsetenv(name);
    }
  }

  const TemporaryFolder folder_;
};

TEST_F(ConfigFileTest, SetsWhatNobodyElseSets) {
  Command command;
  command.Parse({});
  ASSERT_EQ(StatusText(Apply(R"(
# a comment
path = "/models"  # another
port = 9
bytes = "2KiB"
level = 'error'
strict = true
)",
                             command)),
            "OK");
  EXPECT_EQ(command.path, "/models");
  EXPECT_EQ(command.port, 9);
  EXPECT_EQ(command.bytes, 2048);
  EXPECT_EQ(command.level, "error");
  EXPECT_TRUE(command.strict);
  EXPECT_EQ(command.host, "127.0.0.1");
}

TEST_F(ConfigFileTest, AFlagWinsOverTheFile) {
  Command command;
  command.Parse({"--port", "7", "--strict=false", "--path", "here"});
  ASSERT_EQ(
      StatusText(Apply("port = 9\nstrict = true\npath = \"there\"\nlevel = \"error\"\n", command)),
      "OK");
  EXPECT_EQ(command.port, 7);
  EXPECT_FALSE(command.strict);
  EXPECT_EQ(command.path, "here");
  EXPECT_EQ(command.level, "error");
}

TEST_F(ConfigFileTest, TheEnvironmentWinsOverTheFileAndAFlagOverBoth) {
  setenv("TEST_PORT", "6", 1);
  setenv("TEST_STRICT", "true", 1);
  setenv("TEST_LEVEL", "error", 1);
  Command command;
  command.Parse({"--level", "info"});
  ASSERT_EQ(StatusText(Apply("port = 9\nstrict = false\nlevel = \"error\"\n", command)), "OK");
  EXPECT_EQ(command.port, 6);
  EXPECT_TRUE(command.strict);
  EXPECT_EQ(command.level, "info");
}

TEST_F(ConfigFileTest, AFlagMayBeSwitchedOff) {
  Command command;
  command.Parse({});
  ASSERT_EQ(StatusText(Apply("strict = false\n", command)), "OK");
  EXPECT_FALSE(command.strict);
}

TEST_F(ConfigFileTest, RefusesWhatIsNoSetting) {
  EXPECT_EQ(Error("prot = 9\n"), "INVALID_ARGUMENT: FILE: there is no setting 'prot'");
  EXPECT_EQ(Error("config = \"other.toml\"\n"),
            "INVALID_ARGUMENT: FILE: there is no setting 'config'");
  EXPECT_EQ(Error("help = true\n"), "INVALID_ARGUMENT: FILE: there is no setting 'help'");
  EXPECT_THAT(Error("[serve]\nport = 9\n"), StartsWith("INVALID_ARGUMENT: FILE: "));
}

TEST_F(ConfigFileTest, RefusesValuesThatTheOptionWouldRefuse) {
  const struct {
    const char* line;
    const char* name;
  } cases[] = {{"port = 100\n", "port"},        {"port = \"high\"\n", "port"},
               {"port = -1\n", "port"},         {"bytes = \"2 miles\"\n", "bytes"},
               {"level = \"loud\"\n", "level"}, {"port = [1, 2]\n", "port"},
               {"strict = maybe\n", "strict"}};
  for (const auto& [line, name] : cases) {
    EXPECT_THAT(Error(line), StartsWith(fmt::format("INVALID_ARGUMENT: FILE: {}: ", name))) << line;
  }
}

TEST_F(ConfigFileTest, RefusesASettingThatStandsThereTwice) {
  EXPECT_THAT(Error("port = 1\nport = 2\n"), HasSubstr("INVALID_ARGUMENT: FILE: port"));
  EXPECT_THAT(Error("port = 1\nlevel = \"info\"\nport = 2\n"),
              HasSubstr("INVALID_ARGUMENT: FILE: port"));
}

TEST_F(ConfigFileTest, RefusesAValueEvenWhereAFlagWins) {
  EXPECT_THAT(Error("prot = 9\n", {"--port", "7"}), HasSubstr("there is no setting 'prot'"));
}

TEST_F(ConfigFileTest, AFileThatIsMissingIsNotFound) {
  Command command;
  command.Parse({});
  EXPECT_EQ(StatusText(ApplyConfigFile("/nowhere/config.toml", command.app)),
            "NOT_FOUND: /nowhere/config.toml: the configuration file cannot be read");
}

TEST_F(ConfigFileTest, AnEmptyFileChangesNothing) {
  Command command;
  command.Parse({});
  const std::string before = command.Print();
  ASSERT_EQ(StatusText(Apply("", command)), "OK");
  EXPECT_EQ(command.Print(), before);
}

TEST_F(ConfigFileTest, PrintsEverySettingWithItsValue) {
  Command command;
  command.Parse({"--bytes", "2KiB"});
  ASSERT_EQ(StatusText(Apply("level = \"error\"\n", command)), "OK");
  EXPECT_EQ(command.Print(), R"(path = ""
host = "127.0.0.1"
port = 8
bytes = 2048
level = "error"
strict = false
)");
}

// What is printed, read back, gives the same settings.
TEST_F(ConfigFileTest, WhatIsPrintedCanBeReadBack) {
  for (const char* path : {"", "/models", "/my models", "/a,b", "/a=b", "2024", "1.5", "true",
                           "/a:b;c", "/größe", "[a]"}) {
    for (const char* strict : {"--strict=true", "--strict=false"}) {
      Command first;
      first.Parse({"--path", path, "--port", "9", "--bytes", "3KiB", "--host", "::1", strict});
      Command second;
      second.Parse({});
      ASSERT_EQ(StatusText(Apply(first.Print(), second)), "OK") << path;
      EXPECT_EQ(second.Print(), first.Print());
      EXPECT_EQ(second.path, first.path);
      EXPECT_EQ(second.port, 9);
      EXPECT_EQ(second.bytes, 3072);
      EXPECT_EQ(second.host, "::1");
      EXPECT_EQ(second.strict, first.strict);
    }
  }
}

// As in TOML 1.0: a '#' begins a comment only outside quotes, and "…" has escapes.
TEST_F(ConfigFileTest, AStringMayHoldAnyCharacter) {
  for (const char* path : {"/models/#1", "/a\"b", "C:\\models", "it's"}) {
    Command first;
    first.Parse({"--path", path});
    Command second;
    second.Parse({});
    ASSERT_EQ(StatusText(Apply(first.Print(), second)), "OK") << path;
    EXPECT_EQ(second.path, path);
  }
}

// As where CLI11 leaves a value of the environment out because it is not valid.
TEST_F(ConfigFileTest, WhatCli11LeavesOutOfTheEnvironmentIsRefusedOrSet) {
  Command command;
  command.Parse({"--level", "error"});
  setenv("TEST_PORT", "100", 1);
  setenv("TEST_LEVEL", "loud", 1);
  EXPECT_THAT(Message(ApplyEnvironment(command.app)),
              testing::AllOf(StartsWith("TEST_PORT: "), HasSubstr("100")));
  setenv("TEST_PORT", "", 1);
  unsetenv("TEST_LEVEL");
  Command other;
  other.Parse({"--level", "error"});
  setenv("TEST_BYTES", "2kb", 1);
  setenv("TEST_LEVEL", "info", 1);
  EXPECT_TRUE(ApplyEnvironment(other.app).ok()) << "what is empty is not set, and a flag wins";
  EXPECT_EQ(other.bytes, 2048);
  EXPECT_EQ(other.level, "error");
}

}  // namespace
}  // namespace rectifier
