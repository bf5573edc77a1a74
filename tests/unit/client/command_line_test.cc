#include "client/cpp/cli/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

namespace rectifier::client::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::FloatEq;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

class CommandLineTest : public ::testing::Test {
 protected:
  void SetUp() override { unsetenv("RECTIFIER_SERVER"); }
  void TearDown() override { unsetenv("RECTIFIER_SERVER"); }

  template <typename Options>
  Options Parse(const std::vector<std::string>& arguments) {
    auto parsed = ParseCommandLine(arguments, out_, err_);
    if (!std::holds_alternative<CommandLine>(parsed)) {
      ADD_FAILURE() << "exit code " << std::get<int>(parsed) << ": " << err_.str();
      return {};
    }
    line_ = std::get<CommandLine>(parsed);
    return std::get<Options>(line_.command);
  }

  int ExitCode(const std::vector<std::string>& arguments) {
    const auto parsed = ParseCommandLine(arguments, out_, err_);
    return std::holds_alternative<int>(parsed) ? std::get<int>(parsed) : -1;
  }

  CommandLine line_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(CommandLineTest, ReadyAsksForTheServerUnlessAModelIsNamed) {
  EXPECT_EQ(Parse<ReadyOptions>({"ready"}).model, "");
  EXPECT_EQ(line_.connection.server, "127.0.0.1:8001");
  const auto options = Parse<ReadyOptions>(
      {"ready", "--model", "m", "--version", "3", "--wait", "2.5", "--server", "h:1"});
  EXPECT_EQ(options.model, "m");
  EXPECT_EQ(options.version, "3");
  EXPECT_EQ(options.wait_seconds, 2.5);
  EXPECT_EQ(line_.connection.server, "h:1");
}

TEST_F(CommandLineTest, TheEnvironmentNamesTheServerUnlessAnOptionDoes) {
  setenv("RECTIFIER_SERVER", "elsewhere:9", 1);
  Parse<ReadyOptions>({"ready"});
  EXPECT_EQ(line_.connection.server, "elsewhere:9");
  Parse<ReadyOptions>({"ready", "--server", "here:1"});
  EXPECT_EQ(line_.connection.server, "here:1");
}

TEST_F(CommandLineTest, InferTakesInputsOneByOneOrInARow) {
  const auto options =
      Parse<InferOptions>({"infer", "--model", "m", "--input", "a=x=1.npy", "b:0=/y.npy", "--input",
                           "c=z.npy", "--output", "o", "p", "--output-dir", "out"});
  EXPECT_THAT(options.inputs,
              ElementsAre(Pair("a", "x=1.npy"), Pair("b:0", "/y.npy"), Pair("c", "z.npy")));
  EXPECT_THAT(options.outputs, ElementsAre("o", "p"));
  EXPECT_EQ(options.output_dir, "out");
}

TEST_F(CommandLineTest, ClassifysDefaultsSuitTheSampleDigits) {
  const auto options = Parse<ClassifyOptions>({"classify", "--model", "m", "a.png", "b.png"});
  EXPECT_THAT(options.files, ElementsAre("a.png", "b.png"));
  EXPECT_EQ(options.picture.channels, std::nullopt);
  EXPECT_EQ(options.picture.height, std::nullopt);
  EXPECT_EQ(options.picture.layout, std::nullopt);
  EXPECT_THAT(options.normalization.scale, FloatEq(1.0F / 255));
  EXPECT_THAT(options.normalization.mean, ElementsAre(0));
  EXPECT_THAT(options.normalization.deviation, ElementsAre(1));
  EXPECT_EQ(options.batch_size, 1);
  EXPECT_EQ(options.concurrency, 4);
  EXPECT_EQ(options.show, 8);
}

TEST_F(CommandLineTest, ClassifyTakesEveryOption) {
  const auto options = Parse<ClassifyOptions>({"classify",
                                               "--model",
                                               "m",
                                               "--channels",
                                               "3",
                                               "--size",
                                               "6x8",
                                               "--layout",
                                               "nhwc",
                                               "--scale",
                                               "2",
                                               "--mean",
                                               "-0.5,0.25,1",
                                               "--std",
                                               "1,2,3",
                                               "--background",
                                               "255",
                                               "--batch-size",
                                               "16",
                                               "--concurrency",
                                               "64",
                                               "--show",
                                               "0",
                                               "--list",
                                               "--min-accuracy",
                                               "0.99",
                                               "--output",
                                               "o",
                                               "a.png"});
  EXPECT_THAT(options.files, ElementsAre("a.png"));
  EXPECT_EQ(options.picture.channels, 3);
  EXPECT_EQ(options.picture.height, 6);
  EXPECT_EQ(options.picture.width, 8);
  EXPECT_EQ(options.picture.layout, Layout::kChannelsLast);
  EXPECT_EQ(options.picture.output, "o");
  EXPECT_EQ(options.normalization.scale, 2);
  EXPECT_THAT(options.normalization.mean, ElementsAre(-0.5, 0.25, 1));
  EXPECT_THAT(options.normalization.deviation, ElementsAre(1, 2, 3));
  EXPECT_EQ(options.background, 255);
  EXPECT_EQ(options.batch_size, 16);
  EXPECT_EQ(options.concurrency, 64);
  EXPECT_EQ(options.show, 0);
  EXPECT_TRUE(options.list);
  EXPECT_EQ(options.min_accuracy, 0.99);
}

TEST_F(CommandLineTest, PicturesMayFollowAListOfMeans) {
  const auto options = Parse<ClassifyOptions>({"classify", "--model", "m", "--mean", "1", "a.png"});
  EXPECT_THAT(options.normalization.mean, ElementsAre(1));
  EXPECT_THAT(options.files, ElementsAre("a.png"));
}

TEST_F(CommandLineTest, OneNumberIsASquare) {
  const auto options =
      Parse<ClassifyOptions>({"classify", "--model", "m", "--size", "28", "--batch", "a.png"});
  EXPECT_EQ(options.picture.height, 28);
  EXPECT_EQ(options.picture.width, 28);
  EXPECT_EQ(options.batch_size, 0);
}

TEST_F(CommandLineTest, HelpAndVersionExitWithZero) {
  EXPECT_EQ(ExitCode({"--help"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("classify"));
  for (const char* command : {"ready", "metadata", "infer", "classify"}) {
    out_.str("");
    EXPECT_EQ(ExitCode({command, "--help"}), 0) << command;
    EXPECT_THAT(out_.str(), HasSubstr("RECTIFIER_SERVER")) << command;
    EXPECT_THAT(out_.str(), HasSubstr("Example")) << command;
  }
  out_.str("");
  EXPECT_EQ(ExitCode({"--version"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("rectifier-client "));
  EXPECT_THAT(err_.str(), IsEmpty());
}

TEST_F(CommandLineTest, WrongUsageExitsWithTwoAndSaysWhatIsWrong) {
  struct Case {
    std::vector<std::string> arguments;
    const char* message;
  };
  const Case cases[] = {
      {{}, "A command is required"},
      {{"dance"}, "dance"},
      {{"ready", "--wait", "soon"}, "--wait"},
      {{"ready", "--timeout", "0"}, "--timeout"},
      {{"ready", "--timeout", "inf"}, "--timeout"},
      {{"ready", "--version", "3"}, "--model"},
      {{"ready", "--tls-cert", "c.pem"}, "--tls-key"},
      {{"infer", "--input", "a=b.npy"}, "--model"},
      {{"infer", "--model", "m"}, "--input"},
      {{"infer", "--model", "m", "--input", "b.npy"}, "'b.npy' is not NAME=FILE.npy"},
      {{"infer", "--model", "m", "--input", "=b.npy"}, "is not NAME=FILE.npy"},
      {{"infer", "--model", "m", "--input", "b="}, "is not NAME=FILE.npy"},
      {{"classify", "--model", "m"}, "name PNG files"},
      {{"classify", "--model", "m", "--images", "x.npy", "a.png"}, "excludes"},
      {{"classify", "--model", "m", "--batch", "--batch-size", "2", "a.png"}, "excludes"},
      {{"classify", "--model", "m", "--size", "8x", "a.png"}, "'8x' is not a size"},
      {{"classify", "--model", "m", "--size", "0", "a.png"}, "'0' is not a size"},
      {{"classify", "--model", "m", "--channels", "2", "a.png"}, "--channels"},
      {{"classify", "--model", "m", "--std", "1,0,1", "a.png"}, "--std: cannot be 0"},
      {{"classify", "--model", "m", "--concurrency", "0", "a.png"}, "--concurrency"},
      {{"classify", "--model", "m", "--min-accuracy", "99", "a.png"}, "--min-accuracy"},
  };
  for (const Case& wrong : cases) {
    err_.str("");
    EXPECT_EQ(ExitCode(wrong.arguments), 2) << wrong.message;
    EXPECT_THAT(err_.str(), HasSubstr(wrong.message));
  }
  EXPECT_THAT(out_.str(), IsEmpty());
}

}  // namespace
}  // namespace rectifier::client::cli
