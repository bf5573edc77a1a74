#include "server/app/idle_memory.h"

#include <malloc.h>

#include <bit>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace rectifier {

IdleMemory::IdleMemory(std::function<uint64_t()> activity) : activity_(std::move(activity)) {}

IdleMemory::IdleMemory(std::function<uint64_t()> activity, Duration period)
    : IdleMemory(std::move(activity)) {
  thread_ = std::jthread([this, period](const std::stop_token& stop) { Run(stop, period); });
}

bool IdleMemory::Look() {
  const uint64_t activity = activity_();
  const bool idle = activity == std::exchange(seen_, activity);
  idle_periods_ = idle ? idle_periods_ + 1 : 0;
  return std::has_single_bit(idle_periods_);
}

void IdleMemory::Run(const std::stop_token& stop, Duration period) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock<std::mutex> lock(mutex);
  while (!never.wait_for(lock, stop, period, [&] { return stop.stop_requested(); })) {
    if (Look()) malloc_trim(0);
  }
}

}  // namespace rectifier
