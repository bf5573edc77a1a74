#include "server/import/keras/sandbox.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <string>

#include "server/core/file_descriptor.h"

namespace rectifier {
namespace {

using testing::ExitedWithCode;
using testing::HasSubstr;
using testing::KilledBySignal;
using testing::Not;

constexpr int64_t kGiB = int64_t{1} << 30;

// Goes into the sandbox, does `what` there, and ends with what it returns; 99 without a sandbox.
template <typename F>
[[noreturn]] void InSandbox(const F& what) {
  if (!EnterSandbox(kGiB, /*seconds=*/60).ok()) _exit(99);
  _exit(what());
}

// Whether this much memory is given, which is then kept.
bool CanMap(size_t bytes) {
  return mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
         MAP_FAILED;
}

class SandboxDeathTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!kSandboxIsWhole) GTEST_SKIP() << "sanitizers need what the sandbox takes";
  }
};

TEST_F(SandboxDeathTest, MemoryAndTheAnswerCanStillBeUsed) {
  std::array<int, 2> ends{};
  ASSERT_EQ(pipe2(ends.data(), O_NONBLOCK), 0);
  const FileDescriptor from(ends[0]);
  const FileDescriptor to(ends[1]);
  const auto answer = [&to] {
    dup2(to.get(), STDOUT_FILENO);
    InSandbox([] {
      for (size_t size = 16; size < (size_t{256} << 20); size *= 2) {
        void* memory = realloc(malloc(size), 2 * size);
        if (memory == nullptr) return 1;
        free(memory);
      }
      return write(STDOUT_FILENO, "answer", 6) == 6 ? 0 : 2;
    });
  };
  EXPECT_EXIT(answer(), ExitedWithCode(0), "");
  std::array<char, 6> text{};
  ASSERT_EQ(read(from.get(), text.data(), text.size()), 6);
  EXPECT_EQ(std::string(text.data(), text.size()), "answer");
}

TEST_F(SandboxDeathTest, NothingIsWrittenButTheAnswer) {
  EXPECT_EXIT(
      InSandbox([] { return write(STDERR_FILENO, "forged", 6) < 0 && errno == EBADF ? 0 : 1; }),
      ExitedWithCode(0), Not(HasSubstr("forged")));
  EXPECT_EXIT(InSandbox([] { return static_cast<int>(write(3, "x", 1)); }), KilledBySignal(SIGSYS),
              "");
}

TEST_F(SandboxDeathTest, NoMemoryCanBeExecuted) {
  EXPECT_EXIT(InSandbox([] {
                mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                return 0;
              }),
              KilledBySignal(SIGSYS), "");
  EXPECT_EXIT(InSandbox([] {
                void* memory = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
                return mprotect(memory, 4096, PROT_READ | PROT_EXEC);
              }),
              KilledBySignal(SIGSYS), "");
}

TEST_F(SandboxDeathTest, MemoryIsBounded) {
  EXPECT_EXIT(InSandbox([] { return CanMap(kGiB / 2) && !CanMap(2 * kGiB) ? 0 : 1; }),
              ExitedWithCode(0), "");
}

TEST_F(SandboxDeathTest, ALowerBoundThatThereWasIsKept) {
  const auto bounded_before = [] {
    rlimit lower;
    lower.rlim_cur = lower.rlim_max = kGiB / 2;
    setrlimit(RLIMIT_DATA, &lower);
    InSandbox([] { return CanMap(3 * kGiB / 4) ? 1 : 0; });
  };
  EXPECT_EXIT(bounded_before(), ExitedWithCode(0), "");
}

TEST_F(SandboxDeathTest, ThereAreNoFiles) {
  EXPECT_EXIT(InSandbox([] {
                if (open("/etc/passwd", O_RDONLY) >= 0 || errno != ENOENT) return 1;
                return open("made", O_CREAT | O_WRONLY, 0600) >= 0 || errno != ENOENT ? 2 : 0;
              }),
              ExitedWithCode(0), "");
}

TEST_F(SandboxDeathTest, OtherSystemCallsEndIt) {
  EXPECT_EXIT(InSandbox([] { return socket(AF_INET, SOCK_STREAM, 0); }), KilledBySignal(SIGSYS),
              "");
  EXPECT_EXIT(InSandbox([] { return static_cast<int>(fork()); }), KilledBySignal(SIGSYS), "");
  EXPECT_EXIT(InSandbox([] { return execl("/bin/true", "true", nullptr); }), KilledBySignal(SIGSYS),
              "");
  EXPECT_EXIT(InSandbox([] { return unlink("/no/such/file"); }), KilledBySignal(SIGSYS), "");
  EXPECT_EXIT(InSandbox([] { return dup(STDERR_FILENO); }), KilledBySignal(SIGSYS), "");
  EXPECT_EXIT(InSandbox([] {
                char byte;
                return static_cast<int>(read(STDIN_FILENO, &byte, 1));
              }),
              KilledBySignal(SIGSYS), "");
}

TEST_F(SandboxDeathTest, ItMayEndItselfAndNobodyElse) {
  EXPECT_EXIT(InSandbox([]() -> int { abort(); }), KilledBySignal(SIGABRT), "");
  EXPECT_EXIT(InSandbox([] { return kill(getpid(), 0); }), KilledBySignal(SIGSYS), "");
  const pid_t self = getpid();
  EXPECT_EXIT(InSandbox([self] { return static_cast<int>(syscall(SYS_tgkill, self, self, 0)); }),
              KilledBySignal(SIGSYS), "");
}

TEST_F(SandboxDeathTest, LimitsAreForGood) {
  EXPECT_EXIT(InSandbox([] {
                const rlimit more = {RLIM_INFINITY, RLIM_INFINITY};
                return setrlimit(RLIMIT_DATA, &more);
              }),
              KilledBySignal(SIGSYS), "");
}

TEST(SandboxLimitsDeathTest, FilesCannotGrow) {
  const FileDescriptor file(memfd_create("file", 0));
  ASSERT_GE(file.get(), 0);
  const auto grow = [&file] {
    dup2(file.get(), STDOUT_FILENO);
    InSandbox([] { return static_cast<int>(write(STDOUT_FILENO, "x", 1)); });
  };
  EXPECT_EXIT(grow(), KilledBySignal(SIGXFSZ), "");
}

TEST(SandboxLimitsDeathTest, ItLeavesNoCoreBehind) {
  EXPECT_EXIT(
      InSandbox([] { return raise(SIGQUIT); }),
      [](int status) { return WIFSIGNALED(status) && !WCOREDUMP(status); }, "");
}

TEST(SandboxLimitsDeathTest, TimeIsBounded) {
  EXPECT_EXIT(
      {
        if (!EnterSandbox(kGiB, /*seconds=*/1).ok()) _exit(99);
        for (volatile int i = 0;;) i = i + 1;
      },
      [](int status) { return WIFSIGNALED(status); }, "");
}

}  // namespace
}  // namespace rectifier
