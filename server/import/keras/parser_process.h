#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/import/keras/keras_file.h"
#include "server/import/limits.h"

namespace rectifier {

// How the process that parses a file is started. The defaults are the server's; tests start others.
struct ParserOptions {
  std::string program = "/proc/self/exe";
  // How long is waited for it; nullopt: what ParserTime() says.
  std::optional<std::chrono::seconds> patience;
};

// The content of a .keras or .h5 file, parsed by a process of its own: the libraries that read the
// containers have a history of overflows. It is this program, started again with arguments that
// RunKerasParser() knows, and is given the open file and a pipe, nothing else: no other file and
// nothing of the environment that the loader and sanitizers do not read.
//
// Threading: safe from any thread. The process has ended, and was waited for, on return.
// Errors: those of OpenModel() and ReadKerasContainer(); INVALID_ARGUMENT when the process ended
// without an answer or with a malformed one; FAILED_PRECONDITION when it cannot be started or
// confined; DEADLINE_EXCEEDED when it took too long. Messages begin with `place`.
absl::StatusOr<KerasFile> ReadKerasFile(KerasFormat format, std::string_view place,
                                        const std::filesystem::path& file,
                                        const ImportLimits& limits,
                                        const ParserOptions& options = {});

// What the process is told on its command line.
struct ParserArguments {
  KerasFormat format = KerasFormat::kKeras;
  int64_t file_bytes = 0;
  ImportLimits limits;
  std::string place;
};

std::vector<std::string> ToCommandLine(const ParserArguments& arguments);

// The same back; nullopt for any other command line.
std::optional<ParserArguments> FromCommandLine(int argc, const char* const* argv);

// The bytes of memory that the process may take for itself, and the time that it may take: of a
// processor, and of the clock for who waits. For a file of this size.
int64_t ParserMemory(int64_t file_bytes);
std::chrono::seconds ParserTime(int64_t file_bytes);

}  // namespace rectifier
