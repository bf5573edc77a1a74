#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "server/import/keras/hdf5_file.h"
#include "tests/support/hdf5_builder.h"
#include "tests/support/status_testing.h"

namespace rectifier {

// A file in memory, and what is read from it.
class OpenedHdf5 {
 public:
  explicit OpenedHdf5(Hdf5Builder& builder, const ImportLimits& limits = {})
      : OpenedHdf5(builder.Bytes(), limits) {}
  explicit OpenedHdf5(std::string bytes, const ImportLimits& limits = {})
      : bytes_(std::move(bytes)),
        limits_(limits),
        file_(Hdf5File::Open("m.h5", std::as_bytes(std::span(bytes_)), limits_)) {}

  const absl::Status& status() const { return file_.status(); }
  Hdf5File* operator->() { return &file_.value(); }

  // The elements of the dataset, which are of T; none, and a failure, when it cannot be read.
  template <typename T>
  std::vector<T> Elements(const std::string& path) {
    const absl::StatusOr<Tensor> tensor = file_.value().Dataset(path);
    EXPECT_TRUE(tensor.ok()) << StatusText(tensor);
    if (!tensor.ok()) return {};
    const std::span<const T> elements = tensor->data<T>();
    return {elements.begin(), elements.end()};
  }
  std::string DatasetError(const std::string& path) {
    return StatusText(file_.value().Dataset(path));
  }
  std::optional<std::vector<std::string>> Strings(const std::string& object,
                                                  const std::string& name) {
    return file_.value().Strings(object, name).value();
  }

 private:
  std::string bytes_;
  ImportLimits limits_;
  absl::StatusOr<Hdf5File> file_;
};

}  // namespace rectifier
