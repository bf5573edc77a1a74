#include "server/service/event_loop.h"

#include <pthread.h>

#include <string>
#include <utility>

#include "server/core/check.h"

namespace rectifier {

EventLoop::EventLoop(std::unique_ptr<grpc::ServerCompletionQueue> queue)
    : queue_(std::move(queue)) {}

EventLoop::~EventLoop() { RECTIFIER_CHECK(threads_.empty() && calls_ == 0); }

void EventLoop::Start(const Options& options) {
  options_ = options;
  RECTIFIER_CHECK(options_.threads >= 1);
  for (int i = 0; i < options_.threads; ++i) {
    threads_.emplace_back([this] { Run(); });
    (void)pthread_setname_np(threads_.back().native_handle(),
                             ("grpc-events-" + std::to_string(i)).c_str());
  }
}

void EventLoop::Stop() {
  if (threads_.empty()) return;
  // A call that was cut off may still wait for a worker. gRPC must not be asked for anything once
  // its queue is shut down.
  for (int64_t calls = calls_; calls > 0; calls = calls_) calls_.wait(calls);
  queue_->Shutdown();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void EventLoop::Leave() {
  if (calls_.fetch_sub(1) == 1) calls_.notify_all();
}

bool EventLoop::Wait(const BusyPoll& poll, void** tag, bool* ok) {
  while (poll.Looks(options_.clock->Now())) {
    const auto found = queue_->AsyncNext(tag, ok, gpr_inf_past(GPR_CLOCK_MONOTONIC));
    if (found != grpc::CompletionQueue::TIMEOUT) return found == grpc::CompletionQueue::GOT_EVENT;
  }
  return queue_->Next(tag, ok);
}

void EventLoop::Run() {
  BusyPoll poll(options_.threads == 1 ? options_.busy_poll : Duration::zero());
  void* tag = nullptr;
  bool ok = false;
  int events = 0;  // since the last time when nothing was gathered
  while (true) {
    const bool nothing_gathered = !gathered_.load(std::memory_order_relaxed);
    if (nothing_gathered) {
      events = 0;
      if (!Wait(poll, &tag, &ok)) return;
    } else {
      const bool come = ++events <= kMostEvents &&
                        queue_->AsyncNext(&tag, &ok, gpr_inf_past(GPR_CLOCK_MONOTONIC)) ==
                            grpc::CompletionQueue::GOT_EVENT;
      if (!come) {
        gathered_.store(false, std::memory_order_relaxed);
        events = 0;
        const bool idle = options_.run_gathered();
        poll.Ran(options_.clock->Now(), idle);
        continue;
      }
    }
    auto* event = static_cast<Event*>(tag);
    (void)event->given_.load(std::memory_order_acquire);
    event->OnEvent(ok);
    if (nothing_gathered && gathered_.load(std::memory_order_relaxed)) {
      poll.Came(options_.clock->Now());
    }
  }
}

}  // namespace rectifier
