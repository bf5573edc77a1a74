#pragma once

#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/tensor.h"
#include "server/import/limits.h"

namespace rectifier {

// An identifier of the HDF5 library, closed by the function that is for its kind.
class Hdf5Id {
 public:
  using Close = herr_t (*)(hid_t);

  Hdf5Id() = default;
  Hdf5Id(hid_t id, Close close) : id_(id), close_(close) {}
  Hdf5Id(Hdf5Id&& other) noexcept;
  Hdf5Id& operator=(Hdf5Id&& other) noexcept;
  ~Hdf5Id() { Reset(); }

  bool ok() const { return id_ >= 0; }
  hid_t get() const { return id_; }

 private:
  void Reset();

  hid_t id_ = -1;
  Close close_ = nullptr;
};

// An HDF5 file in memory, to be read: groups, datasets of numbers, and attributes that are text.
//
// The file is untrusted, and so is what the library makes of it: this runs in a process of its own.
// Links other than hard ones, data outside the file, filters other than HDF5's own and what is too
// large are refused before they are followed, decoded or allocated.
//
// Threading: the library has one state for all files, so only one thread may use it.
class Hdf5File {
 public:
  // `bytes` outlives the file and is used in place. INVALID_ARGUMENT when it is no HDF5 file;
  // messages begin with `place`.
  static absl::StatusOr<Hdf5File> Open(std::string_view place, std::span<const std::byte> bytes,
                                       const ImportLimits& limits);

  // The names in a group, in their order; "" is the root. RESOURCE_EXHAUSTED when this file has
  // more groups and datasets in all than limits.max_nodes, INVALID_ARGUMENT for a link that is not
  // a hard one.
  absl::StatusOr<std::vector<std::string>> Names(const std::string& group);
  // The path of what `name`, of parts between slashes, is in a group; nullopt when there is
  // nothing. INVALID_ARGUMENT when one of the parts is a link that is not a hard one.
  absl::StatusOr<std::optional<std::string>> Follow(const std::string& group,
                                                    std::string_view name) const;
  // The other functions take paths that Names() or Follow() have given.
  bool IsGroup(const std::string& path) const;
  bool IsDataset(const std::string& path) const;

  // An attribute of a group or dataset: its strings, one or a list. nullopt when it is not there.
  absl::StatusOr<std::optional<std::vector<std::string>>> Strings(const std::string& object,
                                                                  const std::string& name) const;

  // A dataset of floats as f32, or of integers and booleans as i64. RESOURCE_EXHAUSTED when all
  // that were read are more than limits.max_initializers, more bytes than
  // limits.max_constant_bytes, or more than the file can hold.
  absl::StatusOr<Tensor> Dataset(const std::string& path);

 private:
  Hdf5File(std::string place, Hdf5Id file, int64_t file_bytes, const ImportLimits& limits);

  std::string Place(std::string_view path) const;
  Hdf5Id OpenObject(const std::string& path) const;
  absl::Status CheckStorage(hid_t dataset, const std::string& place) const;
  absl::StatusOr<Shape> ReadShape(hid_t dataset, const std::string& place) const;
  absl::Status TakeBytes(const std::string& place, int64_t bytes);

  std::string place_;
  Hdf5Id file_;
  int64_t file_bytes_;
  const ImportLimits* limits_;
  int64_t objects_ = 0;
  int64_t datasets_ = 0;
  int64_t tensor_bytes_ = 0;
};

}  // namespace rectifier
