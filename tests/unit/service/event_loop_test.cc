#include "server/service/event_loop.h"

#include <gmock/gmock.h>
#include <grpcpp/alarm.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <memory>
#include <thread>
#include <utility>

#include "tests/support/latch_counter.h"

namespace rectifier {
namespace {

// Comes at once whenever it is posted.
class Posted final : public EventLoop::Event {
 public:
  Posted(EventLoop& loop, std::function<void()> handle) : loop_(loop), handle_(std::move(handle)) {}
  void Post() { alarm_.Set(&loop_.queue(), gpr_inf_past(GPR_CLOCK_MONOTONIC), AsTag()); }
  void OnEvent(bool ok) override {
    EXPECT_TRUE(ok);
    handle_();
  }

 private:
  EventLoop& loop_;
  grpc::Alarm alarm_;
  const std::function<void()> handle_;
};

class EventLoopTest : public testing::Test {
 protected:
  grpc::ServerBuilder builder_;
  EventLoop loop_{builder_.AddCompletionQueue()};
  LatchCounter events_;
  LatchCounter runs_;
};

TEST_F(EventLoopTest, HandsAnEventToWhoAskedForIt) {
  std::thread::id thread;
  Posted event(loop_, [&] {
    thread = std::this_thread::get_id();
    events_.Add();
  });
  loop_.Start({});
  event.Post();
  events_.WaitFor(1);
  loop_.Stop();
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(EventLoopTest, RunsWhatWasGatheredWhenNothingMoreHasCome) {
  int events = 0;
  Posted first(loop_, [&] {
    ++events;
    loop_.Gathered();
  });
  Posted second(loop_, [&] { ++events; });
  int before_run = 0;
  // Both have come before anybody looks.
  first.Post();
  second.Post();
  loop_.Start({.threads = 1, .run_gathered = [&] {
                 before_run = events;
                 runs_.Add();
                 return true;
               }});
  runs_.WaitFor(1);
  loop_.Stop();
  EXPECT_EQ(before_run, 2);
}

TEST_F(EventLoopTest, RunsWhatWasGatheredThoughMoreAndMoreComes) {
  int events = 0;
  std::atomic<bool> enough = false;
  std::unique_ptr<Posted> event;
  event = std::make_unique<Posted>(loop_, [&] {
    ++events;
    loop_.Gathered();
    if (!enough) event->Post();
  });
  event->Post();
  loop_.Start({.threads = 1, .run_gathered = [&] {
                 if (!enough) {
                   EXPECT_EQ(events, 1 + EventLoop::kMostEvents);
                 }
                 enough = true;
                 runs_.Add();
                 return true;
               }});
  runs_.WaitFor(1);
  loop_.Stop();
}

TEST_F(EventLoopTest, NothingIsRunWithoutAnythingGathered) {
  Posted event(loop_, [&] { events_.Add(); });
  loop_.Start({.threads = 2, .run_gathered = [] {
                 ADD_FAILURE() << "there is nothing to run";
                 return true;
               }});
  event.Post();
  events_.WaitFor(1);
  loop_.Stop();
}

// Time that stands still, and counts who asks for it.
class CountingClock final : public Clock {
 public:
  TimePoint Now() const override {
    asked_.Add();
    return TimePoint();
  }
  LatchCounter& asked() const { return asked_; }

 private:
  mutable LatchCounter asked_;
};

TEST_F(EventLoopTest, TheThreadLooksForTheNextRequestAndFindsIt) {
  CountingClock clock;
  Posted event(loop_, [&] {
    loop_.Gathered();
    events_.Add();
  });
  loop_.Start({.threads = 1,
               .run_gathered = [] { return true; },
               .busy_poll = std::chrono::microseconds(1),
               .clock = &clock});
  event.Post();
  events_.WaitFor(1);
  clock.asked().WaitFor(1000);  // without an event, so it looks
  event.Post();
  events_.WaitFor(2);
  loop_.Stop();
}

}  // namespace
}  // namespace rectifier
