#include "server/core/mutex.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace rectifier {
namespace {

class Counter {
 public:
  void Add() {
    MutexLock lock(mutex_);
    ++count_;
    changed_.NotifyAll();
  }
  int WaitUntilAtLeast(int count) {
    MutexLock lock(mutex_);
    while (count_ < count) changed_.Wait(mutex_);
    return count_;
  }
  void WaitUntil(std::chrono::steady_clock::time_point time) {
    MutexLock lock(mutex_);
    changed_.WaitUntil(mutex_, time);
  }

 private:
  Mutex mutex_;
  CondVar changed_;
  int count_ RECTIFIER_GUARDED_BY(mutex_) = 0;
};

TEST(MutexTest, OneThreadAtATimeChangesWhatItGuards) {
  Counter counter;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&counter] {
      for (int j = 0; j < 1000; ++j) counter.Add();
    });
  }
  EXPECT_GE(counter.WaitUntilAtLeast(4000), 4000);
  for (std::thread& thread : threads) thread.join();
}

TEST(CondVarTest, WaitUntilAPastTimeReturnsAndHoldsTheMutexAgain) {
  Counter counter;
  counter.WaitUntil(std::chrono::steady_clock::now());
  counter.Add();  // would deadlock if the mutex were still held
  EXPECT_EQ(counter.WaitUntilAtLeast(1), 1);
}

}  // namespace
}  // namespace rectifier
