#pragma once

#include <string>

#include "absl/status/status.h"

namespace rectifier {

// Everything that is wrong with a file, so that one attempt to load it tells all.
class Problems {
 public:
  // OK is not a problem.
  void Add(const absl::Status& status);

  bool empty() const { return count_ == 0; }

  // OK when there are none; else the first one's code, and the messages, one a line, of which the
  // last may say how many more there are.
  absl::Status ToStatus() const;

 private:
  int count_ = 0;
  absl::StatusCode code_ = absl::StatusCode::kOk;
  std::string text_;
};

}  // namespace rectifier
