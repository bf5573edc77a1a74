#include "server/app/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "server/app/exit_codes.h"
#include "server/app/version.h"
#include "server/core/npy.h"
#include "tests/support/graph_testing.h"
#include "tests/support/onnx_builder.h"
#include "tests/unit/import/temporary_folder.h"

namespace rectifier {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// Catches what is written to a stream while it lives.
class Captured {
 public:
  explicit Captured(std::ostream& stream) : stream_(stream), before_(stream.rdbuf(text_.rdbuf())) {}
  ~Captured() { stream_.rdbuf(before_); }
  Captured(const Captured&) = delete;
  Captured& operator=(const Captured&) = delete;
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::ostream& stream_;
  std::streambuf* const before_;
};

class CommandLineTest : public testing::Test {
 protected:
  void SetUp() override { ClearEnvironment(); }
  void TearDown() override { ClearEnvironment(); }

  // Runs `rectifier arguments…` in this process and returns its exit code.
  int Run(const std::vector<std::string>& arguments) {
    std::vector<const char*> argv = {"rectifier"};
    for (const std::string& argument : arguments) argv.push_back(argument.c_str());
    const Captured out(std::cout);
    const Captured err(std::cerr);
    const int code = RunCommandLine(static_cast<int>(argv.size()), argv.data());
    out_ = out.text();
    err_ = err.text();
    return code;
  }
  static std::string Sample(std::string_view name) {
    return std::string(RECTIFIER_SOURCE_DIR) + "/examples/models/" + std::string(name);
  }
  std::string Path(std::string_view file) const { return (folder_.path() / file).string(); }

  const TemporaryFolder folder_;
  std::string out_;
  std::string err_;

 private:
  static void ClearEnvironment() {
    for (const char* name : {"RECTIFIER_MODEL_REPOSITORY", "RECTIFIER_GRPC_PORT",
                             "RECTIFIER_MAX_BATCH_SIZE", "RECTIFIER_STRICT"}) {
      unsetenv(name);
    }
  }
};

TEST_F(CommandLineTest, WrongUsageIsExitCode2AndIsExplained) {
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"train"},
      {"--port", "1"},
      {"serve"},
      {"serve", "--grpc-port", "65536"},
      {"serve", "--grpc-port", "none"},
      {"serve", "--max-batch-size", "0"},
      {"serve", "--max-queue-bytes", "2 miles"},
      {"serve", "--log-level", "loud"},
      {"serve", "stray"},
      {"inspect"},
      {"inspect", "m", "--graph", "sideways"},
      {"check"},
      {"run", "m"},
      {"run", "m", "--random", "five"},
      {"run", "m", "--random", "5", "--rtol", "-1"},
      {"run", "m", "--input", "x=x.npy", "--output-dir", "d", "--threads", "0"},
      {"bench", "m", "--batch", "0"},
  };
  for (const std::vector<std::string>& arguments : cases) {
    SCOPED_TRACE(testing::PrintToString(arguments));
    EXPECT_EQ(Run(arguments), kExitUsage);
    EXPECT_THAT(err_, StartsWith("rectifier: "));
    EXPECT_THAT(out_, IsEmpty());
  }
}

TEST_F(CommandLineTest, WhatIsNotThereIsExitCode2) {
  const std::vector<std::vector<std::string>> cases = {
      {"inspect", Path("none")},
      {"run", Path("none"), "--input", "x=x.npy", "--output-dir", Path("out")},
      {"run", Sample("digits_prelu"), "--input", "image=" + Path("none.npy"), "--output-dir",
       Path("out")},
      {"bench", Path("none")},
      {"serve", "--config", Path("none.toml")},
  };
  for (const std::vector<std::string>& arguments : cases) {
    SCOPED_TRACE(testing::PrintToString(arguments));
    EXPECT_EQ(Run(arguments), kExitUsage);
    EXPECT_THAT(err_, HasSubstr(Path("none")));
  }
}

// In a thread, because `serve` blocks signals for the thread that it runs on.
TEST_F(CommandLineTest, ARepositoryThatIsNotThereIsExitCode2) {
  int code = -1;
  std::thread([&] { code = Run({"serve", "--model-repository", Path("none")}); }).join();
  EXPECT_EQ(code, kExitUsage);
  EXPECT_THAT(err_, HasSubstr(Path("none") + ": there is no such folder"));
}

TEST_F(CommandLineTest, HelpAndVersionAreExitCode0) {
  EXPECT_EQ(Run({"--version"}), kExitDone);
  EXPECT_THAT(out_, StartsWith(std::string("rectifier ") + Version() + " (oneDNN "));
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"--help"},
                                             {"serve", "--help"},
                                             {"inspect", "--help"},
                                             {"check", "--help"},
                                             {"run", "--help"},
                                             {"bench", "--help"}}) {
    EXPECT_EQ(Run(arguments), kExitDone);
    EXPECT_THAT(out_, HasSubstr("Usage: rectifier"));
    EXPECT_THAT(err_, IsEmpty());
  }
}

TEST_F(CommandLineTest, CheckSaysWhetherAModelCanBeServed) {
  EXPECT_EQ(Run({"check", Sample("digits_prelu"), Sample("digits_leaky_relu/1")}), kExitDone);
  EXPECT_THAT(out_, HasSubstr("digits_prelu: can be served\n"));
  EXPECT_THAT(out_, HasSubstr("digits_leaky_relu/1: can be served\n"));
}

TEST_F(CommandLineTest, CheckIsExitCode1WhenOneModelCannotBeServed) {
  OnnxBuilder model;
  model.Input("x", {-1, 3}).Output("y").Node("Quantum", {"x"}, {"y"}).Named("odd");
  folder_.Write("bad.onnx", model.Bytes());
  EXPECT_EQ(Run({"check", Path("bad.onnx"), Sample("digits_prelu")}), kExitFailed);
  EXPECT_THAT(out_, HasSubstr("bad.onnx: cannot be served\n"));
  EXPECT_THAT(out_, HasSubstr("digits_prelu: can be served\n"));
  EXPECT_THAT(err_, HasSubstr("odd (Quantum)"));
}

TEST_F(CommandLineTest, CheckIsExitCode2WhenAModelIsNotThere) {
  EXPECT_EQ(Run({"check", Path("none"), Sample("digits_prelu")}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr(Path("none") + ": there is no such file or folder"));
}

TEST_F(CommandLineTest, CheckSaysWhyAModelIsNotBatched) {
  OnnxBuilder model;
  model.Input("x", {-1, 3}).Output("y").Node("Softmax", {"x"}, {"y"}, {Attribute("axis", 0)});
  folder_.Write("softmax.onnx", model.Bytes());
  EXPECT_EQ(Run({"check", Path("softmax.onnx")}), kExitDone);
  EXPECT_THAT(out_,
              HasSubstr("can be served, in batches of at most 1 (y: a sample's result depends"));
}

TEST_F(CommandLineTest, InspectListsEveryRectifier) {
  EXPECT_EQ(Run({"inspect", Sample("digits_prelu"), "--graph", "both"}), kExitDone);
  EXPECT_THAT(out_, HasSubstr("post-op of"));
  EXPECT_THAT(out_, HasSubstr("learned"));
  EXPECT_THAT(out_, HasSubstr("graph before the passes\ngraph \""));
  EXPECT_THAT(out_, HasSubstr("graph after the passes\ngraph \""));
  EXPECT_THAT(err_, IsEmpty());
}

TEST_F(CommandLineTest, InspectLeavesAPassOut) {
  EXPECT_EQ(Run({"inspect", Sample("digits_prelu"), "--without-pass", "fuse-post-ops"}), kExitDone);
  EXPECT_THAT(out_, Not(HasSubstr("post-op of")));
  EXPECT_EQ(Run({"inspect", Sample("digits_prelu"), "--without-pass", "none"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("--without-pass: none not in {arrange-depth-to-space"));
}

TEST_F(CommandLineTest, RunWritesOneFileForEachOutput) {
  ASSERT_TRUE(WriteNpy(Path("image.npy"), SeededTensor({3, 1, 8, 8}, 1).view()).ok());
  ASSERT_EQ(Run({"run", Sample("digits_prelu"), "--input", "image=" + Path("image.npy"),
                 "--output-dir", Path("new/folder")}),
            kExitDone)
      << err_;
  const auto logits = ReadNpy(Path("new/folder/logits.npy"));
  ASSERT_TRUE(logits.ok());
  EXPECT_EQ(logits->shape(), (Shape{3, 10}));
}

TEST_F(CommandLineTest, RunComparesWithGoldens) {
  ASSERT_EQ(Run({"run", Sample("digits_prelu"), "--random", "7", "--output-dir", Path("golden")}),
            kExitDone)
      << err_;
  EXPECT_EQ(Run({"run", Sample("digits_prelu"), "--random", "7", "--compare", Path("golden")}),
            kExitDone)
      << err_;
  EXPECT_THAT(out_, HasSubstr("logits differs by at most 0, and in 0 of 10 elements"));
  EXPECT_EQ(Run({"run", Sample("digits_prelu"), "--random", "8", "--compare", Path("golden")}),
            kExitFailed);
  EXPECT_THAT(err_, StartsWith("rectifier run: logits: element "));
}

TEST_F(CommandLineTest, CheckAndInspectWriteJson) {
  ASSERT_EQ(Run({"check", Sample("digits_prelu"), "--json"}), kExitDone) << err_;
  const auto checked = nlohmann::json::parse(out_);
  EXPECT_EQ(checked[0]["servable"], true);
  EXPECT_EQ(checked[0]["max_batch"], 32);
  ASSERT_EQ(Run({"inspect", Sample("digits_prelu"), "--json"}), kExitDone) << err_;
  const auto inspected = nlohmann::json::parse(out_);
  ASSERT_EQ(inspected["rectifiers"].size(), 4u);
  EXPECT_EQ(inspected["rectifiers"][0]["form"], "PRelu");
  EXPECT_EQ(inspected["rectifiers"][0]["origin"], "learned");
  EXPECT_EQ(inspected["inputs"][0]["shape"][0], -1);
  EXPECT_GT(inspected["gflop"], 0);
}

TEST_F(CommandLineTest, InspectDrawsTheGraph) {
  ASSERT_EQ(Run({"inspect", Sample("digits_prelu"), "--dot"}), kExitDone) << err_;
  EXPECT_THAT(out_, StartsWith("digraph "));
  EXPECT_THAT(out_, HasSubstr(" + Rectifier "));
}

TEST_F(CommandLineTest, CheckNamesEveryUnsupportedNodeAndSaysWhatToDo) {
  OnnxBuilder model(17);
  model.Input("x", {-1, 3}).Output("y");
  model.Node("LSTM", {"x"}, {"a"}).Named("first");
  model.Node("TopK", {"a"}, {"b"}).Named("second");
  model.Node("Einsum", {"b"}, {"y"}).Named("third");
  folder_.Write("m.onnx", model.Bytes());
  EXPECT_EQ(Run({"check", Path("m.onnx")}), kExitFailed);
  for (const char* problem :
       {"first (LSTM): the operator LSTM is not supported",
        "second (TopK): the operator TopK is not supported",
        "third (Einsum): the operator Einsum is not supported", "what to do: "}) {
    EXPECT_THAT(err_, HasSubstr(problem));
  }
  EXPECT_EQ(Run({"check", Path("m.onnx"), "--json"}), kExitFailed);
  EXPECT_EQ(nlohmann::json::parse(out_)[0]["problems"].size(), 3u);
}

TEST_F(CommandLineTest, RunSaysWhichInputIsWrong) {
  ASSERT_TRUE(WriteNpy(Path("image.npy"), SeededTensor({3, 1, 8, 7}, 1).view()).ok());
  const std::string file = Path("image.npy");
  const auto run = [&](const std::vector<std::string>& inputs) {
    std::vector<std::string> arguments = {"run", Sample("digits_prelu"), "--output-dir",
                                          Path("out")};
    for (const std::string& input : inputs) {
      arguments.push_back("--input");
      arguments.push_back(input);
    }
    return Run(arguments);
  };
  EXPECT_EQ(run({"image=" + file}), kExitFailed);
  EXPECT_THAT(err_, HasSubstr("image: expected f32[?, 1, 8, 8], got f32[3, 1, 8, 7]"));
  EXPECT_EQ(run({"picture=" + file}), kExitFailed);
  EXPECT_THAT(err_, HasSubstr("image: input is missing"));
  EXPECT_EQ(run({"image=" + file, "image=" + file}), kExitFailed);
  EXPECT_THAT(err_, HasSubstr("image is given twice"));
}

TEST_F(CommandLineTest, BenchTimesEveryCombination) {
  ASSERT_EQ(Run({"bench", Sample("digits_prelu"), "--batch", "1,2", "--threads", "1,2", "--seconds",
                 "0.01", "--json"}),
            kExitDone)
      << err_;
  EXPECT_EQ(std::count(out_.begin(), out_.end(), '{'), 4);
  EXPECT_THAT(out_, HasSubstr("\"median_ms\""));
}

TEST_F(CommandLineTest, FlagsWinOverTheEnvironmentAndTheEnvironmentOverTheFile) {
  folder_.Write("config.toml", "grpc-port = 1\nmax-batch-size = 2\nhttp-port = 3\n");
  setenv("RECTIFIER_GRPC_PORT", "4", 1);
  setenv("RECTIFIER_MAX_BATCH_SIZE", "5", 1);
  setenv("RECTIFIER_STRICT", "true", 1);
  ASSERT_EQ(Run({"serve", "--config", Path("config.toml"), "--grpc-port", "6", "--print-config"}),
            kExitDone);
  EXPECT_THAT(out_, HasSubstr("grpc-port = 6\n"));
  EXPECT_THAT(out_, HasSubstr("max-batch-size = 5\n"));
  EXPECT_THAT(out_, HasSubstr("http-port = 3\n"));
  EXPECT_THAT(out_, HasSubstr("strict = true\n"));
}

TEST_F(CommandLineTest, ThePrintedConfigurationCanBeReadBack) {
  ASSERT_EQ(Run({"serve", "--model-repository", "/my models", "--max-queue-bytes", "1MiB",
                 "--log-format", "json", "--print-config"}),
            kExitDone);
  const std::string printed = out_;
  EXPECT_THAT(printed, HasSubstr("max-queue-bytes = 1048576\n"));
  folder_.Write("config.toml", printed);
  ASSERT_EQ(Run({"serve", "--config", Path("config.toml"), "--print-config"}), kExitDone) << err_;
  EXPECT_EQ(out_, printed);
}

TEST_F(CommandLineTest, AWrongConfigurationFileIsExitCode2) {
  folder_.Write("config.toml", "grpc-prot = 1\n");
  EXPECT_EQ(Run({"serve", "--config", Path("config.toml"), "--print-config"}), kExitUsage);
  EXPECT_THAT(err_, HasSubstr("there is no setting 'grpc-prot'"));
}

}  // namespace
}  // namespace rectifier
