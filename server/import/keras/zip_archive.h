#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/core/tensor.h"

struct zip;

namespace rectifier {

// A zip file in memory, of which members are read by their names. Nothing is written anywhere.
//
// Threading: as a standard container.
class ZipArchive {
 public:
  // `bytes` outlives the archive. INVALID_ARGUMENT when it is no zip file; messages begin with
  // `place`.
  static absl::StatusOr<ZipArchive> Open(std::string_view place, std::span<const std::byte> bytes);

  // The member of exactly this name. INVALID_ARGUMENT when it is missing, there twice, encrypted or
  // damaged; RESOURCE_EXHAUSTED when it says that it has more than `max_bytes`, or 1000 times as
  // many as it takes in the file.
  absl::StatusOr<AlignedBuffer> Read(const std::string& name, int64_t max_bytes) const;

 private:
  struct Discard {
    void operator()(zip* archive) const;
  };

  ZipArchive(std::string place, zip* archive) : place_(std::move(place)), archive_(archive) {}

  std::string place_;
  std::unique_ptr<zip, Discard> archive_;
};

}  // namespace rectifier
