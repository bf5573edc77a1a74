#pragma once

#include <zip.h>

#include <deque>
#include <string>
#include <string_view>

#include "server/core/check.h"

namespace rectifier {

// Writes zip files in memory for tests.
class ZipBuilder {
 public:
  ZipBuilder() {
    zip_error_t error;
    buffer_ = zip_source_buffer_create(nullptr, 0, 0, &error);
    RECTIFIER_CHECK(buffer_ != nullptr);
    zip_source_keep(buffer_);  // it is still read when the archive has been written
    archive_ = zip_open_from_source(buffer_, ZIP_CREATE | ZIP_TRUNCATE, &error);
    RECTIFIER_CHECK(archive_ != nullptr);
  }
  ~ZipBuilder() {
    if (archive_ != nullptr) zip_discard(archive_);
    zip_source_free(buffer_);
  }
  ZipBuilder(const ZipBuilder&) = delete;
  ZipBuilder& operator=(const ZipBuilder&) = delete;

  // `method` is ZIP_CM_STORE, as Keras writes, ZIP_CM_DEFLATE, …
  ZipBuilder& Member(const std::string& name, std::string_view bytes,
                     zip_int32_t method = ZIP_CM_STORE) {
    // They are read when the archive is written.
    const std::string& kept = contents_.emplace_back(bytes);
    zip_source_t* source = zip_source_buffer(archive_, kept.data(), kept.size(), /*freep=*/0);
    last_ = zip_file_add(archive_, name.c_str(), source, ZIP_FL_ENC_UTF_8);
    RECTIFIER_CHECK(last_ >= 0);
    RECTIFIER_CHECK(
        zip_set_file_compression(archive_, static_cast<zip_uint64_t>(last_), method, 9) == 0);
    return *this;
  }
  // Of the member that was added last.
  ZipBuilder& Encrypted() {
    RECTIFIER_CHECK(zip_file_set_encryption(archive_, static_cast<zip_uint64_t>(last_),
                                            ZIP_EM_AES_256, "secret") == 0);
    return *this;
  }

  // The archive as it would be on a disk; the last thing that the builder does.
  std::string Bytes() {
    RECTIFIER_CHECK(zip_close(archive_) == 0);
    archive_ = nullptr;
    RECTIFIER_CHECK(zip_source_open(buffer_) == 0);
    zip_stat_t stat;
    RECTIFIER_CHECK(zip_source_stat(buffer_, &stat) == 0);
    std::string bytes(stat.size, '\0');
    RECTIFIER_CHECK(zip_source_read(buffer_, bytes.data(), bytes.size()) ==
                    static_cast<zip_int64_t>(bytes.size()));
    zip_source_close(buffer_);
    return bytes;
  }

 private:
  std::deque<std::string> contents_;
  zip_source_t* buffer_;
  zip_t* archive_;
  zip_int64_t last_ = -1;
};

}  // namespace rectifier
