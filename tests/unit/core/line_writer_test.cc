#include "server/core/line_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace rectifier {
namespace {

using ::testing::HasSubstr;

constexpr size_t kMaxBytes = 10'000;

class LineWriterTest : public testing::Test {
 protected:
  LineWriterTest() {
    signal(SIGPIPE, SIG_IGN);  // as the server does
    EXPECT_EQ(pipe(ends_), 0);
  }
  ~LineWriterTest() override {
    writer_.reset();
    for (const int end : ends_) close(end);
  }

  void Start(int fd) {
    writer_ = std::make_unique<LineWriter>(
        LineWriter::Options{.fd = fd, .max_bytes = kMaxBytes, .lost_line = [](int64_t lost) {
                              return "lost " + std::to_string(lost) + "\n";
                            }});
  }

  // Fills the pipe and the writer's buffer; returns how many lines it took to lose `lost`.
  int64_t WriteUntilLost(int64_t lost) {
    int64_t lines = 0;
    for (; writer_->lost() < lost; ++lines) writer_->Write(std::string(99, 'x') + "\n");
    return lines;
  }

  // What comes out of the pipe up to and with `end`.
  std::string ReadUntil(const std::string& end) {
    std::string text;
    char piece[4096];
    while (text.find(end) == std::string::npos) {
      const ssize_t bytes = read(ends_[0], piece, sizeof(piece));
      if (bytes <= 0) break;
      text.append(piece, static_cast<size_t>(bytes));
    }
    return text;
  }

  int ends_[2] = {-1, -1};
  std::unique_ptr<LineWriter> writer_;
};

TEST_F(LineWriterTest, WritesLinesInTheirOrder) {
  Start(ends_[1]);
  std::string expected;
  for (int i = 0; i < 50; ++i) {
    const std::string line = "line " + std::to_string(i) + "\n";
    writer_->Write(line);
    expected += line;
  }
  EXPECT_EQ(ReadUntil("line 49\n"), expected);
  EXPECT_EQ(writer_->lost(), 0);
}

TEST_F(LineWriterTest, WritesWhatWaitsBeforeItGoes) {
  Start(ends_[1]);
  writer_->Write("last\n");
  writer_.reset();
  EXPECT_EQ(ReadUntil("last\n"), "last\n");
}

// It would hang if a line waited for the reader.
TEST_F(LineWriterTest, LosesLinesWhenTheReaderStallsAndTellsHowManyOnceItReads) {
  Start(ends_[1]);
  const int64_t written = WriteUntilLost(20);
  EXPECT_EQ(writer_->lost(), 20);
  const std::string text = ReadUntil("lost 20\n");
  EXPECT_EQ(std::count(text.begin(), text.end(), 'x'), 99 * (written - 20));
  EXPECT_THAT(text, HasSubstr("x\nlost 20\n"));
  writer_->Write("after it\n");
  EXPECT_EQ(ReadUntil("after it\n"), "after it\n");
}

TEST_F(LineWriterTest, GoesAlthoughTheReaderStalls) {
  Start(ends_[1]);
  WriteUntilLost(1);
  writer_.reset();
}

TEST_F(LineWriterTest, LinesThatAreToLeaveRoomAreLostFirst) {
  Start(ends_[1]);
  while (writer_->lost() == 0) writer_->Write(std::string(99, 'x') + "\n", kMaxBytes / 2);
  writer_->Write("matters\n");
  EXPECT_EQ(writer_->lost(), 1);
  EXPECT_THAT(ReadUntil("matters\n"), HasSubstr("matters\n"));
}

TEST_F(LineWriterTest, ADiskThatIsFullCostsTheLinesOnly) {
  const int full = open("/dev/full", O_WRONLY | O_CLOEXEC);
  ASSERT_GE(full, 0);
  Start(full);
  for (int64_t lost = 1; lost <= 2; ++lost) {
    writer_->Write("x\n");
    while (writer_->lost() < lost) std::this_thread::yield();
  }
  writer_.reset();
  close(full);
}

TEST_F(LineWriterTest, AReaderThatHasGoneCostsTheLinesOnly) {
  Start(ends_[1]);
  close(ends_[0]);
  ends_[0] = -1;
  writer_->Write("a\n");
  while (writer_->lost() == 0) std::this_thread::yield();
}

TEST_F(LineWriterTest, TakesLinesFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kLines = 20;
  Start(ends_[1]);
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&] {
      for (int i = 0; i < kLines; ++i) writer_->Write("a line\n");
    });
  }
  for (std::thread& thread : threads) thread.join();
  writer_->Write("end\n");
  std::string expected;
  for (int i = 0; i < kThreads * kLines; ++i) expected += "a line\n";
  EXPECT_EQ(ReadUntil("end\n"), expected + "end\n");
}

}  // namespace
}  // namespace rectifier
