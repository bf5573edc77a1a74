#include "server/import/keras/sandbox.h"

#include <fcntl.h>
#include <seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <system_error>

#include "server/core/status.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define RECTIFIER_SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define RECTIFIER_SANITIZED 1
#endif
#endif

namespace rectifier {
namespace {

#ifdef RECTIFIER_SANITIZED
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

absl::Status Failed(const char* what, int error) {
  return FailedPrecondition("parser", "{} cannot be limited: {}", what,
                            std::generic_category().message(error));
}

absl::Status Limit(__rlimit_resource resource, const char* what, int64_t most) {
  const rlimit limit = {static_cast<rlim_t>(most), static_cast<rlim_t>(most)};
  if (setrlimit(resource, &limit) == 0) return absl::OkStatus();
  return Failed(what, errno);
}

// What is needed to allocate, to answer through the pipe, and to end. Reading the file is reading
// memory.
constexpr std::array kAllowed = {
    SCMP_SYS(brk),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(close),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
    SCMP_SYS(futex),
    SCMP_SYS(getpid),
    SCMP_SYS(getrandom),
    SCMP_SYS(gettid),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(madvise),
    SCMP_SYS(mmap),
    SCMP_SYS(mprotect),
    SCMP_SYS(mremap),
    SCMP_SYS(munmap),
    SCMP_SYS(fstat),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(write),
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
  // fstat() of what is open is a newfstatat() without a name.
  int error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                               SCMP_A0(SCMP_CMP_NE, static_cast<uint32_t>(AT_FDCWD)));
  // abort() ends this process with it, and it may end no other.
  if (error == 0) {
    error = seccomp_rule_add(filter.get(), SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                             SCMP_A0(SCMP_CMP_EQ, static_cast<uint32_t>(getpid())));
  }
  // HDF5 makes sure that there is no file of an image's name: there are no files.
  for (const int call : {SCMP_SYS(open), SCMP_SYS(openat)}) {
    if (error == 0) error = seccomp_rule_add(filter.get(), SCMP_ACT_ERRNO(ENOENT), call, 0);
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
  if (kSanitized) return absl::OkStatus();
  RECTIFIER_RETURN_IF_ERROR(Limit(RLIMIT_DATA, "memory", memory));
  return FilterSystemCalls();
}

}  // namespace rectifier
