#include "server/core/problems.h"

#include "server/core/status.h"

namespace rectifier {
namespace {

constexpr int kMaxListed = 100;

}  // namespace

void Problems::Add(const absl::Status& status) {
  if (status.ok()) return;
  if (count_ == 0) code_ = status.code();
  if (count_ < kMaxListed) {
    if (count_ > 0) text_ += '\n';
    text_ += Message(status);
  }
  ++count_;
}

absl::Status Problems::ToStatus() const {
  if (empty()) return absl::OkStatus();
  std::string text = text_;
  if (count_ > kMaxListed) text += fmt::format("\nand {} more", count_ - kMaxListed);
  return absl::Status(code_, text);
}

}  // namespace rectifier
