#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>

namespace rectifier {

// A ByteBudget bounds the memory that replies hold from the moment their request is taken until
// they are sent, so that clients that read slowly, or not at all, cost no more than that. A quarter
// of it is kept for small replies: those who leave large ones unread do not stop everybody else.
//
// Threading: safe from any thread. Outlives its shares.
class ByteBudget {
 public:
  static constexpr int64_t kSmall = 64 << 10;

  explicit ByteBudget(int64_t bytes) : bytes_(bytes) {}
  ByteBudget(const ByteBudget&) = delete;
  ByteBudget& operator=(const ByteBudget&) = delete;

  // Bytes of the budget, for as long as the object lives.
  class Share {
   public:
    Share() = default;
    Share(Share&& other) noexcept
        : budget_(std::exchange(other.budget_, nullptr)), bytes_(other.bytes_) {}
    Share& operator=(Share&& other) noexcept {
      std::swap(budget_, other.budget_);
      std::swap(bytes_, other.bytes_);
      return *this;
    }
    ~Share() {
      if (budget_ != nullptr) budget_->used_ -= bytes_;
    }

    // What is held has turned out to be another number of bytes; never refused.
    void Resize(int64_t bytes) {
      if (budget_ != nullptr) budget_->used_ += bytes - bytes_;
      bytes_ = bytes;
    }

   private:
    friend class ByteBudget;
    Share(ByteBudget& budget, int64_t bytes) : budget_(&budget), bytes_(bytes) {}

    ByteBudget* budget_ = nullptr;
    int64_t bytes_ = 0;
  };

  // Nothing when that much is not left.
  std::optional<Share> Take(int64_t bytes) {
    const int64_t limit = bytes <= kSmall ? bytes_ : bytes_ - bytes_ / 4;
    int64_t used = used_.load();
    do {
      if (bytes > limit - used) {
        ++refused_;
        return std::nullopt;
      }
    } while (!used_.compare_exchange_weak(used, used + bytes));
    return Share(*this, bytes);
  }

  int64_t bytes() const { return bytes_; }
  int64_t used() const { return used_; }
  int64_t refused() const { return refused_; }  // how often nothing was given

 private:
  const int64_t bytes_;
  std::atomic<int64_t> used_ = 0;
  std::atomic<int64_t> refused_ = 0;
};

}  // namespace rectifier
