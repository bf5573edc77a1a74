#include "server/import/keras/parser_main.h"

#include <hdf5.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>

#include "server/core/status.h"
#include "server/import/keras/container.h"
#include "server/import/keras/flat_form.h"
#include "server/import/keras/parser_process.h"
#include "server/import/keras/sandbox.h"

namespace rectifier {
namespace {

absl::StatusOr<KerasFile> Parse(const ParserArguments& arguments) {
  // Mapped, so that nothing is copied. A file that is cut while it is read ends the process.
  const auto size = static_cast<size_t>(arguments.file_bytes);
  void* mapped = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, STDIN_FILENO, 0);
  if (mapped == MAP_FAILED) return InvalidArgument(arguments.place, "cannot be read");
  // What the libraries look up, before nothing can be looked up any more: HDF5 its own state;
  // libzip the time zone, for the dates of members, each time anew unless it is told one.
  H5open();
  setenv("TZ", "UTC0", 1);
  tzset();
  const absl::Status confined =
      EnterSandbox(ParserMemory(arguments.file_bytes), ParserTime(arguments.file_bytes).count());
  if (!confined.ok()) return At(arguments.place, confined);
  return ReadKerasContainer(arguments.format, arguments.place,
                            {static_cast<const std::byte*>(mapped), size}, arguments.limits);
}

}  // namespace

std::optional<int> RunKerasParser(int argc, const char* const* argv) {
  const auto arguments = FromCommandLine(argc, argv);
  if (!arguments) return std::nullopt;
  // Nobody waits for it any more when its parent is gone, or was gone before this was said.
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  pollfd answer = {STDOUT_FILENO, 0, 0};
  if (poll(&answer, 1, 0) > 0 && (answer.revents & POLLERR) != 0) return 1;
  const bool answered = WriteFlatForm(STDOUT_FILENO, Parse(*arguments));
  // Without the destructors of a whole server, which might need what is not allowed any more.
  _exit(answered ? 0 : 1);
}

}  // namespace rectifier
