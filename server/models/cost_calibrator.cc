#include "server/models/cost_calibrator.h"

#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "server/core/log.h"

namespace rectifier {

CostCalibrator::CostCalibrator() : thread_([this] { Work(); }) {}

CostCalibrator::~CostCalibrator() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  thread_.join();
}

void CostCalibrator::Add(std::weak_ptr<ServedModel> model) {
  MutexLock lock(mutex_);
  models_.push_back(std::move(model));
  changed_.NotifyAll();
}

void CostCalibrator::Work() {
  // On Linux a thread has a priority of its own. Where it cannot be lowered, the pauses must do.
  (void)setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 19);
  while (true) {
    std::weak_ptr<ServedModel> model;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && models_.empty()) changed_.Wait(mutex_);
      if (stopping_) return;
      model = std::move(models_.front());
      models_.pop_front();
    }
    Calibrate(model);
  }
}

void CostCalibrator::Calibrate(const std::weak_ptr<ServedModel>& model) {
  ExecutionContext context;
  for (size_t i = 0;; ++i) {
    Duration shortest = Duration::max();
    int64_t size = 0;
    for (int run = 0; run < kRuns; ++run) {
      Duration time{};
      {
        const std::shared_ptr<ServedModel> served = model.lock();
        if (served == nullptr) return;
        const std::vector<int64_t>& sizes = served->model().batch_sizes();
        if (i == sizes.size()) {
          log::Debug("costs are known",
                     {{"model", served->name()}, {"version", served->version()}});
          return;
        }
        size = sizes[i];
        time = served->TimeProgram(size, context);
      }
      shortest = std::min(shortest, time);
      if (!Pause(time * kPause)) return;
    }
    if (const std::shared_ptr<ServedModel> served = model.lock()) {
      served->Calibrate({size, shortest});
    }
  }
}

bool CostCalibrator::Pause(Duration duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  MutexLock lock(mutex_);
  while (!stopping_ && std::chrono::steady_clock::now() < end) changed_.WaitUntil(mutex_, end);
  return !stopping_;
}

}  // namespace rectifier
