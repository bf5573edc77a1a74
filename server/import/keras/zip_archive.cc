#include "server/import/keras/zip_archive.h"

#include <zip.h>

#include <limits>

#include "server/core/status.h"

namespace rectifier {
namespace {

// Deflate cannot gain more than 1032 times.
constexpr uint64_t kMaxRatio = 1000;

// Members of a .keras file are a handful; this many entries are looked through for a second one.
constexpr zip_int64_t kMaxEntries = 10'000;

struct CloseMember {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};

}  // namespace

void ZipArchive::Discard::operator()(zip* archive) const { zip_discard(archive); }

absl::StatusOr<ZipArchive> ZipArchive::Open(std::string_view place,
                                            std::span<const std::byte> bytes) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(bytes.data(), bytes.size(), /*freep=*/0, &error);
  zip_t* archive = source == nullptr
                       ? nullptr
                       : zip_open_from_source(source, ZIP_RDONLY | ZIP_CHECKCONS, &error);
  const std::string why = zip_error_strerror(&error);
  zip_error_fini(&error);
  if (archive == nullptr) {
    if (source != nullptr) zip_source_free(source);
    return InvalidArgument(place, "is cut short or no zip file: {}", why);
  }
  ZipArchive opened(std::string(place), archive);
  if (const zip_int64_t entries = zip_get_num_entries(archive, 0); entries > kMaxEntries) {
    return ResourceExhausted(place, "has {} members, at most {} are allowed", entries, kMaxEntries);
  }
  return opened;
}

absl::StatusOr<AlignedBuffer> ZipArchive::Read(const std::string& name, int64_t max_bytes) const {
  zip_int64_t index = -1;
  const zip_int64_t entries = zip_get_num_entries(archive_.get(), 0);
  for (zip_int64_t i = 0; i < entries; ++i) {
    const char* other = zip_get_name(archive_.get(), static_cast<zip_uint64_t>(i), ZIP_FL_ENC_RAW);
    if (other == nullptr || name != other) continue;
    if (index >= 0) return InvalidArgument(place_, "holds {} twice", name);
    index = i;
  }
  if (index < 0) return InvalidArgument(place_, "holds no {}", name);
  const std::string place = fmt::format("{}: {}", place_, name);
  zip_stat_t stat;
  constexpr zip_uint64_t kNeeded = ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_ENCRYPTION_METHOD;
  if (zip_stat_index(archive_.get(), static_cast<zip_uint64_t>(index), 0, &stat) != 0 ||
      (stat.valid & kNeeded) != kNeeded) {
    return InvalidArgument(place, "its entry is damaged");
  }
  if (stat.encryption_method != ZIP_EM_NONE) return InvalidArgument(place, "is encrypted");
  if (stat.size > static_cast<uint64_t>(max_bytes)) {
    return ResourceExhausted(place, "has {} bytes, at most {} are allowed", stat.size, max_bytes);
  }
  if (stat.size / kMaxRatio > stat.comp_size) {
    return ResourceExhausted(place, "has {} bytes, of {} in the file", stat.size, stat.comp_size);
  }
  const std::unique_ptr<zip_file_t, CloseMember> file(
      zip_fopen_index(archive_.get(), static_cast<zip_uint64_t>(index), 0));
  if (file == nullptr) {
    return InvalidArgument(place, "cannot be read: {}", zip_strerror(archive_.get()));
  }
  AlignedBuffer bytes(stat.size);
  // The last read, of nothing, is when the checksum is compared.
  for (size_t done = 0;;) {
    std::byte beyond;
    const bool full = done == bytes.size();
    const zip_int64_t got = full ? zip_fread(file.get(), &beyond, 1)
                                 : zip_fread(file.get(), bytes.data() + done, bytes.size() - done);
    if (got < 0) {
      return InvalidArgument(place, "is damaged: {}", zip_file_strerror(file.get()));
    }
    if (got == 0 && full) return bytes;
    if (got == 0 || full) return InvalidArgument(place, "has another size than its entry says");
    done += static_cast<size_t>(got);
  }
}

}  // namespace rectifier
