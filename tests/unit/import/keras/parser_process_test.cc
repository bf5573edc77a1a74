#include "server/import/keras/parser_process.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <fstream>
#include <sstream>
#include <thread>

#include "server/core/file_descriptor.h"
#include "server/import/keras/sandbox.h"
#include "tests/support/status_testing.h"
#include "tests/unit/import/keras/container_testing.h"
#include "tests/unit/import/temporary_folder.h"

namespace rectifier {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

// The open descriptors of this process.
size_t OpenDescriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

// Files, programs that take the parser's place, and whether they leave something behind.
class ParserProcessTest : public testing::Test {
 protected:
  ParserProcessTest() : descriptors_(OpenDescriptors()) {}
  ~ParserProcessTest() override {
    EXPECT_EQ(OpenDescriptors(), descriptors_);
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a process is left, running or not waited for";
    EXPECT_EQ(errno, ECHILD);
  }

  absl::StatusOr<KerasFile> Read(KerasFormat format, std::string_view bytes,
                                 const ParserOptions& options = {},
                                 const ImportLimits& limits = {}) {
    folder_.Write("model", bytes);
    return ReadKerasFile(format, "model.h5", folder_.path() / "model", limits, options);
  }

  // The error with a script instead of the parser.
  std::string ErrorOf(const std::string& script, std::chrono::seconds patience = kLong) {
    return StatusText(Read(KerasFormat::kHdf5, SmallH5(), {Script(script), patience}));
  }

  std::string Script(const std::string& commands) {
    folder_.Write("parser", "#!/bin/sh\n" + commands + "\n");
    const fs::path path = folder_.path() / "parser";
    fs::permissions(path, fs::perms::owner_all);
    return path.string();
  }

  fs::path path(const char* name) const { return folder_.path() / name; }
  std::string Content(const char* name) const {
    std::ifstream file(path(name));
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }

  static constexpr std::chrono::seconds kLong{60};
  TemporaryFolder folder_;
  size_t descriptors_;
};

TEST_F(ParserProcessTest, FilesOfBothFormatsAreRead) {
  const auto h5 = Read(KerasFormat::kHdf5, SmallH5());
  ASSERT_TRUE(h5.ok()) << StatusText(h5);
  EXPECT_EQ(h5->format, KerasFormat::kHdf5);
  EXPECT_EQ(h5->config, kSmallConfig);
  EXPECT_EQ(h5->backend, "tensorflow");
  ASSERT_EQ(h5->groups.size(), 1U);
  EXPECT_EQ(h5->groups[0].path, "conv2d");
  EXPECT_EQ(h5->groups[0].weights[0].name, "conv2d/kernel:0");
  EXPECT_THAT(h5->groups[0].weights[0].tensor.data<float>(), testing::ElementsAre(1, 2, 3));
  const auto keras = Read(KerasFormat::kKeras, SmallKeras());
  ASSERT_TRUE(keras.ok()) << StatusText(keras);
  EXPECT_EQ(keras->format, KerasFormat::kKeras);
  EXPECT_EQ(keras->keras_version, "3.15.1");
  ASSERT_EQ(keras->groups.size(), 1U);
  EXPECT_EQ(keras->groups[0].path, "layers/conv2d");
}

TEST_F(ParserProcessTest, FilesOfManyMiBAreRead) {
  std::vector<float> values(5 << 20);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  Hdf5Builder weights;
  weights.Floats("layers/a/vars/0", {values.size()}, values);
  const auto file = Read(KerasFormat::kKeras, KerasZip(weights.Bytes()));
  ASSERT_TRUE(file.ok()) << StatusText(file);
  const std::span<const float> read = file->groups[0].weights[0].tensor.data<float>();
  EXPECT_TRUE(std::equal(read.begin(), read.end(), values.begin(), values.end()));
}

TEST_F(ParserProcessTest, ErrorsOfTheFileAreTold) {
  EXPECT_EQ(StatusText(Read(KerasFormat::kHdf5, "nonsense")),
            "INVALID_ARGUMENT: model.h5: is cut short or no HDF5 file");
  EXPECT_THAT(StatusText(Read(KerasFormat::kKeras, SmallH5())),
              StartsWith("INVALID_ARGUMENT: model.h5: is an HDF5 file: "));
  ImportLimits limits;
  limits.max_initializers = 1;
  EXPECT_EQ(StatusText(Read(KerasFormat::kHdf5, SmallH5(), {}, limits)),
            "RESOURCE_EXHAUSTED: conv2d: weight conv2d/bias:0: model.h5: has more than 1 weights");
}

TEST_F(ParserProcessTest, AFileThatClaims64GiBIsRefusedAtOnce) {
  EXPECT_THAT(StatusText(Read(KerasFormat::kHdf5, H5OfAClaim())),
              StartsWith("RESOURCE_EXHAUSTED: a: weight k: "));
  if (!kSandboxIsWhole) return;  // sanitizers have memory of their own
  rusage usage{};
  ASSERT_EQ(getrusage(RUSAGE_CHILDREN, &usage), 0);
  EXPECT_LT(usage.ru_maxrss, 200 << 10) << "KiB";
}

TEST_F(ParserProcessTest, AFileThatNeedsMoreMemoryThanItMayHaveEndsTheParserOnly) {
  if (!kSandboxIsWhole) GTEST_SKIP() << "memory is not bounded under a sanitizer";
  Hdf5Builder builder;
  BeginH5(builder, {"a"});
  builder.Claim("model_weights/a/k", {hsize_t{3} << 28});  // 3 GiB
  builder.Strings("model_weights/a", "weight_names", {"k"});
  const std::string bytes = builder.Bytes() + std::string(32 << 20, '\0');
  EXPECT_EQ(StatusText(Read(KerasFormat::kHdf5, bytes)),
            "INVALID_ARGUMENT: model.h5: the process that parses it ended with signal 6 (Aborted) "
            "(the parser's answer is cut short): the file is damaged, or needs more than 1088 MiB");
}

TEST_F(ParserProcessTest, WhatIsNoModelFileStartsNoProcess) {
  const std::string script = Script("echo started >\"${0%parser}started\"");
  const auto error = [&](const fs::path& file, const ImportLimits& limits = {}) {
    return StatusText(ReadKerasFile(KerasFormat::kHdf5, "model.h5", file, limits, {script, kLong}));
  };
  EXPECT_EQ(error(path("missing")), "NOT_FOUND: model.h5: does not exist");
  EXPECT_EQ(error(folder_.path()), "INVALID_ARGUMENT: model.h5: is not a regular file");
  ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  EXPECT_EQ(error(path("fifo")), "INVALID_ARGUMENT: model.h5: is not a regular file");
  folder_.Write("empty", "");
  EXPECT_EQ(error(path("empty")), "INVALID_ARGUMENT: model.h5: the file is empty");
  ImportLimits limits;
  limits.max_file_bytes = 10;
  folder_.Write("large", "12345678901");
  EXPECT_EQ(error(path("large"), limits),
            "RESOURCE_EXHAUSTED: model.h5: has 11 bytes, at most 10 are allowed");
  EXPECT_FALSE(fs::exists(path("started")));
  EXPECT_THAT(error(path("large")), StartsWith("INVALID_ARGUMENT: "));
  EXPECT_TRUE(fs::exists(path("started")));
}

TEST_F(ParserProcessTest, AProgramThatIsNotThereIsAnError) {
  EXPECT_EQ(StatusText(Read(KerasFormat::kHdf5, SmallH5(), {path("missing").string(), kLong})),
            "FAILED_PRECONDITION: model.h5: the process that parses it cannot be started: No such "
            "file or directory");
}

TEST_F(ParserProcessTest, AParserThatDiesIsToldWithItsReason) {
  EXPECT_THAT(ErrorOf("exit 3"), StartsWith("INVALID_ARGUMENT: model.h5: the process that parses "
                                            "it ended with status 3 (the parser's answer is cut "
                                            "short): the file is damaged, or needs more than "));
  EXPECT_THAT(ErrorOf("kill -SEGV $$"), HasSubstr("ended with signal 11 (Segmentation fault) "));
  // In the middle of an answer.
  EXPECT_THAT(ErrorOf("printf 'keras-1\\n1234'; kill -KILL $$"),
              HasSubstr("ended with signal 9 (Killed) (the parser's answer is cut short)"));
}

TEST_F(ParserProcessTest, AnAnswerThatIsNoneIsMalformed) {
  EXPECT_THAT(ErrorOf("while echo nonsense; do :; done"),
              HasSubstr("(the parser's answer is malformed: mark)"));
}

TEST_F(ParserProcessTest, AParserThatHangsIsEndedAtTheDeadline) {
  const std::string late = "DEADLINE_EXCEEDED: model.h5: was not parsed within 0 s and given up";
  constexpr std::chrono::seconds kNone{0};
  EXPECT_EQ(ErrorOf("while :; do :; done", kNone), late);
  EXPECT_EQ(ErrorOf("kill -STOP $$", kNone), late);
  EXPECT_EQ(ErrorOf("trap '' TERM INT HUP; while :; do :; done", kNone), late);
}

TEST_F(ParserProcessTest, AParserThatStopsInTheMiddleIsEndedAtTheDeadline) {
  EXPECT_EQ(ErrorOf("printf 'keras-1\\n1234'; kill -STOP $$", std::chrono::seconds(1)),
            "DEADLINE_EXCEEDED: model.h5: was not parsed within 1 s and given up");
}

TEST_F(ParserProcessTest, AFileThatIsCutWhileItIsParsedIsAnError) {
  const std::string self = fs::read_symlink("/proc/self/exe").string();
  const std::string cut = ErrorOf(": >\"${0%parser}model\"; exec '" + self + "' \"$@\"");
  EXPECT_THAT(cut,
              StartsWith("INVALID_ARGUMENT: model.h5: the process that parses it ended with "));
  if (kSandboxIsWhole) {
    EXPECT_THAT(cut, HasSubstr("ended with signal 7 (Bus error)"));
  }
}

TEST_F(ParserProcessTest, TheParserHasOnlyTheFileAndThePipe) {
  // Not closed by itself when another program is started.
  folder_.Write("secret", "");
  const FileDescriptor secret(open(path("secret").c_str(), O_RDONLY));
  ASSERT_GE(secret.get(), 3);
  ErrorOf("for fd in /proc/$$/fd/*; do readlink $fd; done >\"${0%parser}open\"");
  EXPECT_THAT(Content("open"), HasSubstr(path("model").string()));
  EXPECT_THAT(Content("open"), HasSubstr("pipe:"));
  EXPECT_THAT(Content("open"), Not(HasSubstr("secret")));
}

TEST_F(ParserProcessTest, TheParserHasNothingOfTheEnvironmentButWhatTheLoaderReads) {
  setenv("RECTIFIER_TEST_SECRET", "1", 1);
  setenv("HDF5_PLUGIN_PATH", "/elsewhere", 1);
  setenv("LD_LIBRARY_PATH", "/no/such/folder", 1);
  ErrorOf("env >\"${0%parser}environment\"");
  unsetenv("RECTIFIER_TEST_SECRET");
  unsetenv("HDF5_PLUGIN_PATH");
  unsetenv("LD_LIBRARY_PATH");
  EXPECT_THAT(Content("environment"), HasSubstr("LD_LIBRARY_PATH=/no/such/folder\n"));
  EXPECT_THAT(Content("environment"), Not(HasSubstr("RECTIFIER_TEST_SECRET")));
  EXPECT_THAT(Content("environment"), Not(HasSubstr("HDF5")));
}

TEST_F(ParserProcessTest, TheParserTakesSignalsAsAFreshProgramDoes) {
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ASSERT_EQ(pthread_sigmask(SIG_SETMASK, &all, &before), 0);
  const auto handler = signal(SIGTERM, SIG_IGN);
  ErrorOf(
      "while read -r line; do echo \"$line\"; done <\"/proc/$$/status\" >\"${0%parser}status\"");
  signal(SIGTERM, handler);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  EXPECT_THAT(Content("status"), HasSubstr("SigBlk:\t0000000000000000"));
  // Two that only the C library can set stay as they are: 32 and 33.
  EXPECT_THAT(Content("status"), HasSubstr("0000000\nSigCgt:"));
}

TEST_F(ParserProcessTest, ThreadsReadFilesAtTheSameTime) {
  folder_.Write("model", SmallH5());
  std::vector<std::thread> threads;
  std::atomic<int> read = 0;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < 4; ++j) {
        const auto file = ReadKerasFile(KerasFormat::kHdf5, "model.h5", path("model"), {});
        if (file.ok() && file->groups.size() == 1) ++read;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(read, 32);
}

TEST(ParserArgumentsTest, ACommandLineSaysWhatWasAskedFor) {
  ParserArguments arguments;
  arguments.format = KerasFormat::kHdf5;
  arguments.file_bytes = 12;
  arguments.limits = {.max_file_bytes = 1,
                      .max_nodes = 2,
                      .max_initializers = 3,
                      .max_entries = 4,
                      .max_constant_bytes = 5,
                      .max_rank = 6};
  arguments.place = "model.h5";
  const std::vector<std::string> line = ToCommandLine(arguments);
  std::vector<const char*> argv;
  for (const std::string& argument : line) argv.push_back(argument.c_str());
  const auto read = FromCommandLine(static_cast<int>(argv.size()), argv.data());
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->format, KerasFormat::kHdf5);
  EXPECT_EQ(read->file_bytes, 12);
  EXPECT_EQ(read->limits.max_file_bytes, 1);
  EXPECT_EQ(read->limits.max_nodes, 2);
  EXPECT_EQ(read->limits.max_initializers, 3);
  EXPECT_EQ(read->limits.max_entries, 4);
  EXPECT_EQ(read->limits.max_constant_bytes, 5);
  EXPECT_EQ(read->limits.max_rank, 6);
  EXPECT_EQ(read->place, "model.h5");
  for (size_t size = 0; size < argv.size(); ++size) {
    EXPECT_FALSE(FromCommandLine(static_cast<int>(size), argv.data()).has_value()) << size;
  }
  argv[4] = "1x";
  EXPECT_FALSE(FromCommandLine(static_cast<int>(argv.size()), argv.data()).has_value());
  argv[4] = "1";
  argv[1] = "check";
  EXPECT_FALSE(FromCommandLine(static_cast<int>(argv.size()), argv.data()).has_value());
}

}  // namespace
}  // namespace rectifier
