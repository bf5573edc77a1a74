#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "server/core/clock.h"
#include "server/service/busy_poll.h"

namespace rectifier {

// An EventLoop is the threads that take what gRPC has to say of the server's calls, and hand it to
// those who asked for it. It knows when nothing more has come: what the requests brought until then
// can be run together, by the thread that has received them.
//
// Threading: the methods are safe from any thread, Start() is called once, Stop() by one thread at
// a time. Lifetime: the queue is added to the server before that is built, and outlives it.
class EventLoop {
 public:
  // Something that gRPC was asked to say, once for each time. Called on a thread of the loop.
  class Event {
   public:
    virtual ~Event() = default;
    virtual void OnEvent(bool ok) = 0;

    // What gRPC is given. What the calling thread has done by then is done for OnEvent().
    void* AsTag() {
      given_.store(true, std::memory_order_release);
      return this;
    }

   private:
    friend class EventLoop;

    // gRPC orders the two threads as well, but where ThreadSanitizer does not see it.
    std::atomic<bool> given_ = false;
  };

  struct Options {
    int threads = 1;
    // Called on a thread of the loop after Gathered(), when nothing more has come, or kMostEvents
    // have; empty: nothing is to be done then. Returns whether nothing waits or runs after it.
    std::function<bool()> run_gathered;
    // How long the thread of a loop that has one looks for the next request before it sleeps; see
    // BusyPoll. Of several threads one polls for all, and the others would look in vain.
    Duration busy_poll{};
    const Clock* clock = &SteadyClock();
  };

  // So that those that came first do not wait for long while more and more come.
  static constexpr int kMostEvents = 64;

  explicit EventLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue);
  // After Stop(), unless it was never started.
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  grpc::ServerCompletionQueue& queue() { return *queue_; }

  void Start(const Options& options);

  // After the server's shutdown: waits until the last call has left, then ends the threads.
  void Stop();

  // Whether run_gathered will be called for what is left to it.
  bool gathers() const { return options_.run_gathered != nullptr; }

  // Something may have been left to run_gathered. Called from an event.
  void Gathered() {
    if (gathers()) gathered_.store(true, std::memory_order_relaxed);
  }

 private:
  friend class ServerCall;

  void Enter() { calls_.fetch_add(1, std::memory_order_relaxed); }
  void Leave();
  void Run();
  // The next event, however long it takes; false when there will be none.
  bool Wait(const BusyPoll& poll, void** tag, bool* ok);

  const std::unique_ptr<grpc::ServerCompletionQueue> queue_;
  Options options_;
  std::atomic<int64_t> calls_ = 0;  // accepted, or waited for
  std::atomic<bool> gathered_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace rectifier
