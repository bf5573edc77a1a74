#pragma once

#include <condition_variable>
#include <mutex>

#if defined(__clang__)
#define RECTIFIER_ANNOTATION(x) __attribute__((x))
#else
#define RECTIFIER_ANNOTATION(x)
#endif

#define RECTIFIER_GUARDED_BY(mutex) RECTIFIER_ANNOTATION(guarded_by(mutex))
#define RECTIFIER_PT_GUARDED_BY(mutex) RECTIFIER_ANNOTATION(pt_guarded_by(mutex))
#define RECTIFIER_REQUIRES(mutex) RECTIFIER_ANNOTATION(requires_capability(mutex))
#define RECTIFIER_EXCLUDES(mutex) RECTIFIER_ANNOTATION(locks_excluded(mutex))

namespace rectifier {

// std::mutex with the annotations that clang's thread-safety analysis reads. (Abseil's mutex is not
// instrumented for ThreadSanitizer in Debian's build.)
class RECTIFIER_ANNOTATION(capability("mutex")) Mutex {
 public:
  void Lock() RECTIFIER_ANNOTATION(acquire_capability()) { mutex_.lock(); }
  void Unlock() RECTIFIER_ANNOTATION(release_capability()) { mutex_.unlock(); }

 private:
  friend class CondVar;
  std::mutex mutex_;
};

class RECTIFIER_ANNOTATION(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) RECTIFIER_ANNOTATION(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.Lock();
  }
  ~MutexLock() RECTIFIER_ANNOTATION(release_capability()) { mutex_.Unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// Waits may return early: look at the condition again in a loop.
class CondVar {
 public:
  void Wait(Mutex& mutex) RECTIFIER_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  template <typename Clock, typename Duration>
  void WaitUntil(Mutex& mutex, std::chrono::time_point<Clock, Duration> time)
      RECTIFIER_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_until(lock, time);
    lock.release();
  }
  void NotifyOne() { condition_.notify_one(); }
  void NotifyAll() { condition_.notify_all(); }

 private:
  std::condition_variable condition_;
};

}  // namespace rectifier
