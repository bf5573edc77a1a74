#include "server/import/keras/sandbox.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <initializer_list>
#include <memory>
#include <system_error>

#include "server/core/status.h"

namespace rectifier {
namespace {

absl::Status Failed(const char* what, int error) {
  return FailedPrecondition("parser", "{} cannot be limited: {}", what,
                            std::generic_category().message(error));
}

absl::Status Limit(__rlimit_resource resource, const char* what, int64_t most) {
  rlimit limit{};
  if (getrlimit(resource, &limit) != 0) return Failed(what, errno);
  // Only privileged processes may raise what somebody has limited further.
  limit.rlim_max = std::min(limit.rlim_max, static_cast<rlim_t>(most));
  limit.rlim_cur = limit.rlim_max;
  if (setrlimit(resource, &limit) == 0) return absl::OkStatus();
  return Failed(what, errno);
}

// What is needed to allocate, to answer through the pipe, and to end. Reading the file is reading
// memory.
constexpr std::array kAllowed = {
    SCMP_SYS(brk),          SCMP_SYS(clock_gettime),  SCMP_SYS(close),
    SCMP_SYS(exit),         SCMP_SYS(exit_group),     SCMP_SYS(futex),
    SCMP_SYS(getpid),       SCMP_SYS(getrandom),      SCMP_SYS(gettid),
    SCMP_SYS(gettimeofday), SCMP_SYS(madvise),        SCMP_SYS(mremap),
    SCMP_SYS(munmap),       SCMP_SYS(fstat),          SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
};

struct Release {
  void operator()(void* filter) const { seccomp_release(filter); }
};

absl::Status FilterSystemCalls() {
  const std::unique_ptr<void, Release> filter(seccomp_init(SCMP_ACT_KILL_PROCESS));
  if (filter == nullptr) return Failed("system calls", ENOMEM);
  for (const int call : kAllowed) {
    if (const int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, call, 0); error != 0) {
      return Failed("system calls", -error);
    }
  }
  scmp_filter_ctx rules = filter.get();
  constexpr uint32_t kAllow = SCMP_ACT_ALLOW;
  int error = 0;
  const auto add = [&](uint32_t action, int call, std::initializer_list<scmp_arg_cmp> arguments) {
    if (error != 0) return;
    error = seccomp_rule_add_array(rules, action, call, static_cast<unsigned int>(arguments.size()),
                                   arguments.begin());
  };
  // Memory of its own, which RLIMIT_DATA counts, and none that can be executed.
  add(kAllow, SCMP_SYS(mmap),
      {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0), SCMP_A3(SCMP_CMP_MASKED_EQ, MAP_SHARED, 0)});
  add(kAllow, SCMP_SYS(mprotect), {SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0)});
  // The answer, and nothing in the server's log.
  add(kAllow, SCMP_SYS(write), {SCMP_A0(SCMP_CMP_EQ, STDOUT_FILENO)});
  add(SCMP_ACT_ERRNO(EBADF), SCMP_SYS(write), {SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO)});
  add(SCMP_ACT_ERRNO(EBADF), SCMP_SYS(writev), {SCMP_A0(SCMP_CMP_EQ, STDERR_FILENO)});
  // abort() ends this process with it, and it may end no other.
  add(kAllow, SCMP_SYS(tgkill), {SCMP_A0(SCMP_CMP_EQ, static_cast<uint32_t>(getpid()))});
  // HDF5 makes sure that there is no file of an image's name: there are no files.
  for (const int call : {SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(stat), SCMP_SYS(newfstatat)}) {
    add(SCMP_ACT_ERRNO(ENOENT), call, {});
  }
  if (error == 0) error = seccomp_load(filter.get());
  return error == 0 ? absl::OkStatus() : Failed("system calls", -error);
}

}  // namespace

absl::Status EnterSandbox(int64_t memory, int64_t seconds) {
  RECTIFIER_RETURN_IF_ERROR(Limit(RLIMIT_CORE, "core dumps", 0));
  RECTIFIER_RETURN_IF_ERROR(Limit(RLIMIT_CPU, "time", seconds));
  RECTIFIER_RETURN_IF_ERROR(Limit(RLIMIT_FSIZE, "files", 0));
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return Failed("privileges", errno);
  if (!kSandboxIsWhole) return absl::OkStatus();
  RECTIFIER_RETURN_IF_ERROR(Limit(RLIMIT_DATA, "memory", memory));
  RECTIFIER_RETURN_IF_ERROR(Limit(RLIMIT_NOFILE, "open files", 3));
  return FilterSystemCalls();
}

}  // namespace rectifier
