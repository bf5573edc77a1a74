#include "client/cpp/cli/concurrent_inference.h"

#include <condition_variable>
#include <mutex>
#include <utility>

namespace rectifier::client::cli {
namespace {

using Clock = std::chrono::steady_clock;

// Counts the requests in flight and keeps what comes back.
//
// Threading: Enter() and Finish() are for the sender, Leave() for gRPC's threads. Leave() notifies
// under the lock, so that the sender may destroy the window as soon as Finish() returns.
class Window {
 public:
  Window(size_t requests, int limit) : limit_(limit), responses_(requests) {}

  // Blocks until another request may be in flight; false when one has failed.
  bool Enter() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ < limit_ || !status_.ok(); });
    if (!status_.ok()) return false;
    ++in_flight_;
    return true;
  }

  void Leave(size_t index, absl::StatusOr<InferResponse> response, Clock::duration latency) {
    std::lock_guard lock(mutex_);
    --in_flight_;
    if (response.ok()) {
      responses_[index] = {*std::move(response), latency};
    } else if (status_.ok()) {
      status_ = response.status();
    }
    changed_.notify_all();
  }

  absl::StatusOr<std::vector<TimedResponse>> Finish() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return in_flight_ == 0; });
    if (!status_.ok()) return status_;
    return std::move(responses_);
  }

 private:
  const int limit_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  int in_flight_ = 0;
  absl::Status status_;
  std::vector<TimedResponse> responses_;
};

}  // namespace

absl::StatusOr<std::vector<TimedResponse>> InferAll(const Client& client,
                                                    std::vector<InferRequest> requests,
                                                    int concurrency) {
  Window window(requests.size(), concurrency);
  for (size_t i = 0; i < requests.size() && window.Enter(); ++i) {
    const auto start = Clock::now();
    client.InferAsync(std::move(requests[i]),
                      [&window, i, start](absl::StatusOr<InferResponse> response) {
                        window.Leave(i, std::move(response), Clock::now() - start);
                      });
  }
  return window.Finish();
}

}  // namespace rectifier::client::cli
