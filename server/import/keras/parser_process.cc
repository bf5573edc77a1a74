#include "server/import/keras/parser_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstring>
#include <optional>
#include <system_error>
#include <utility>

#include "server/core/file_descriptor.h"
#include "server/core/status.h"
#include "server/import/keras/flat_form.h"
#include "server/import/model_file.h"

namespace rectifier {
namespace {

constexpr std::string_view kMark = "--parse-keras-file";

std::string ErrorText(int error) { return std::generic_category().message(error); }

// A process that was started; it is ended and waited for by the destructor, if not before.
class ChildProcess {
 public:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess() { End(); }

  // Ends it. What it had ended with before, if it had: "status 3", "signal 11 (Segmentation
  // fault)".
  std::string End() {
    if (pid_ < 0) return {};
    kill(pid_, SIGKILL);
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    pid_ = -1;
    if (WIFSIGNALED(status)) {
      return fmt::format("signal {} ({})", WTERMSIG(status), strsignal(WTERMSIG(status)));
    }
    return fmt::format("status {}", WEXITSTATUS(status));
  }

 private:
  pid_t pid_;
};

// The server's environment may hold secrets, and what HDF5 would heed. What is left of it is for
// the loader and for sanitizers.
std::vector<char*> PassedEnvironment() {
  constexpr std::array<std::string_view, 4> kPassed = {
      "LD_LIBRARY_PATH=", "ASAN_OPTIONS=", "UBSAN_OPTIONS=", "TSAN_OPTIONS="};
  std::vector<char*> passed;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view variable = *entry;
    if (std::any_of(kPassed.begin(), kPassed.end(),
                    [&](std::string_view name) { return variable.starts_with(name); })) {
      passed.push_back(*entry);
    }
  }
  passed.push_back(nullptr);
  return passed;
}

// Starts `program` with an open file as its standard input and another one as its output.
absl::StatusOr<pid_t> Start(std::string_view place, const std::string& program,
                            const std::vector<std::string>& arguments, int input, int output) {
  std::vector<char*> argv;
  argv.reserve(arguments.size() + 1);
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  std::vector<char*> environment = PassedEnvironment();
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
  // The server blocks some signals and handles others; the process is to have none of that.
  sigset_t none;
  sigset_t all;
  sigemptyset(&none);
  sigfillset(&all);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &all);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  pid_t pid = -1;
  const int error =
      posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environment.data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  if (error == 0) return pid;
  return FailedPrecondition(place, "the process that parses it cannot be started: {}",
                            ErrorText(error));
}

bool ParseInteger(std::string_view text, int64_t* value) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), *value);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

int64_t ParserMemory(int64_t file_bytes) { return (int64_t{1} << 30) + 2 * file_bytes; }

std::chrono::seconds ParserTime(int64_t file_bytes) {
  constexpr int64_t kBytesPerSecond = int64_t{10} << 20;
  return std::chrono::seconds(60 + file_bytes / kBytesPerSecond);
}

std::vector<std::string> ToCommandLine(const ParserArguments& arguments) {
  const ImportLimits& limits = arguments.limits;
  return {"rectifier",
          std::string(kMark),
          arguments.format == KerasFormat::kKeras ? "keras" : "h5",
          std::to_string(arguments.file_bytes),
          std::to_string(limits.max_file_bytes),
          std::to_string(limits.max_nodes),
          std::to_string(limits.max_initializers),
          std::to_string(limits.max_entries),
          std::to_string(limits.max_constant_bytes),
          std::to_string(limits.max_rank),
          arguments.place};
}

std::optional<ParserArguments> FromCommandLine(int argc, const char* const* argv) {
  if (argc != 11 || argv[1] != kMark) return std::nullopt;
  ParserArguments arguments;
  int64_t max_rank = 0;
  ImportLimits& limits = arguments.limits;
  arguments.format =
      std::string_view(argv[2]) == "keras" ? KerasFormat::kKeras : KerasFormat::kHdf5;
  const std::array<int64_t*, 7> numbers = {&arguments.file_bytes,
                                           &limits.max_file_bytes,
                                           &limits.max_nodes,
                                           &limits.max_initializers,
                                           &limits.max_entries,
                                           &limits.max_constant_bytes,
                                           &max_rank};
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!ParseInteger(argv[3 + i], numbers[i])) return std::nullopt;
  }
  limits.max_rank = static_cast<int>(max_rank);
  arguments.place = argv[10];
  return arguments;
}

absl::StatusOr<KerasFile> ReadKerasFile(KerasFormat format, std::string_view place,
                                        const std::filesystem::path& file,
                                        const ImportLimits& limits, const ParserOptions& options) {
  RECTIFIER_ASSIGN_OR_RETURN(OpenModelFile model, OpenModel(place, file, limits.max_file_bytes));
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return FailedPrecondition(place, "no pipe for the process that parses it: {}",
                              ErrorText(errno));
  }
  const FileDescriptor from(ends[0]);
  FileDescriptor to(ends[1]);
  // Fewer turns between the two; where it is not allowed it stays as it is.
  fcntl(to.get(), F_SETPIPE_SZ, 1 << 20);
  const std::chrono::seconds patience = options.patience.value_or(ParserTime(model.bytes));
  const TimePoint deadline = SteadyClock().Now() + patience;
  RECTIFIER_ASSIGN_OR_RETURN(const pid_t pid,
                             Start(place, options.program,
                                   ToCommandLine({format, model.bytes, limits, std::string(place)}),
                                   model.file.get(), to.get()));
  ChildProcess child(pid);
  to = FileDescriptor();  // so that the pipe ends with the process
  absl::StatusOr<KerasFile> parsed = ReadFlatForm(from.get(), limits, deadline, SteadyClock());
  const std::string end = child.End();
  if (absl::IsDeadlineExceeded(parsed.status())) {
    return ErrorAt(absl::StatusCode::kDeadlineExceeded, place,
                   "was not parsed within {} s and given up", patience.count());
  }
  if (absl::IsDataLoss(parsed.status())) {
    return InvalidArgument(place,
                           "the process that parses it ended with {} ({}): the file is damaged, or "
                           "needs more than {} MiB",
                           end, Message(parsed.status()), ParserMemory(model.bytes) >> 20);
  }
  return parsed;
}

}  // namespace rectifier
