#include "tests/fuzz/keras_model.h"

#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <span>
#include <utility>

#include "server/core/check.h"
#include "server/core/clock.h"
#include "server/core/file_descriptor.h"
#include "server/import/keras/container.h"
#include "server/import/keras/flat_form.h"
#include "server/import/keras/network_reader.h"
#include "server/import/keras/parser_process.h"
#include "tests/fuzz/imported_network.h"

namespace rectifier {
namespace {

constexpr std::string_view kPlace = "model";

void Run(absl::StatusOr<KerasFile> file) {
  if (!file.ok()) return;
  absl::StatusOr<Graph> graph =
      ReadKerasNetwork(kPlace, *std::move(file), SmallLimits(), SmallFolder());
  if (graph.ok()) OptimizeAndRun(*std::move(graph));
}

// A file in memory stands for the pipe: it ends, too, and holds as much as it is given.
FileDescriptor MemoryFile() {
  FileDescriptor file(memfd_create("flat form", MFD_CLOEXEC));
  RECTIFIER_CHECK(file.get() >= 0);
  return file;
}

}  // namespace

KerasFormat KerasFormatOf(std::string_view bytes) {
  return bytes.starts_with("PK") ? KerasFormat::kKeras : KerasFormat::kHdf5;
}

void LoadAndRunKeras(KerasFormat format, std::string_view bytes) {
  Run(ReadKerasContainer(format, kPlace, std::as_bytes(std::span(bytes)), SmallLimits()));
}

void LoadAndRunKerasFile(KerasFormat format, const std::filesystem::path& file) {
  ParserOptions options;
  options.patience = std::chrono::seconds(10);
  Run(ReadKerasFile(format, kPlace, file, SmallLimits(), options));
}

std::string ToFlatForm(const absl::StatusOr<KerasFile>& file) {
  const FileDescriptor memory = MemoryFile();
  RECTIFIER_CHECK(WriteFlatForm(memory.get(), file));
  std::string bytes(static_cast<size_t>(lseek(memory.get(), 0, SEEK_CUR)), '\0');
  RECTIFIER_CHECK(pread(memory.get(), bytes.data(), bytes.size(), 0) ==
                  static_cast<ssize_t>(bytes.size()));
  return bytes;
}

absl::StatusOr<KerasFile> FromFlatForm(std::string_view bytes) {
  const FileDescriptor memory = MemoryFile();
  RECTIFIER_CHECK(pwrite(memory.get(), bytes.data(), bytes.size(), 0) ==
                  static_cast<ssize_t>(bytes.size()));
  const Clock& clock = SteadyClock();
  return ReadFlatForm(memory.get(), SmallLimits(), clock.Now() + std::chrono::minutes(1), clock);
}

void LoadAndRunFlatForm(std::string_view bytes) { Run(FromFlatForm(bytes)); }

}  // namespace rectifier
