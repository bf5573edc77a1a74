#pragma once

#include <deque>
#include <memory>
#include <thread>

#include "server/core/clock.h"
#include "server/core/mutex.h"
#include "server/models/served_model.h"

namespace rectifier {

// A CostCalibrator runs the Programs of models that have become ready, one after the other, so that
// their batchers know what a batch costs before requests have told them. It works beside the
// requests, and so takes little of the CPUs: after each run it pauses for kPause times as long.
//
// Threading: safe from any thread; it has one of its own, of the lowest priority.
// Lifetime: the destructor waits for the run that is under way. Models may go at any time before.
class CostCalibrator {
 public:
  static constexpr int kPause = 4;  // a fifth of one CPU
  // Runs of each Program. The shortest counts: others were held up by something else.
  static constexpr int kRuns = 3;

  CostCalibrator();
  ~CostCalibrator();
  CostCalibrator(const CostCalibrator&) = delete;
  CostCalibrator& operator=(const CostCalibrator&) = delete;

  // A model of static shapes (others learn from their requests).
  void Add(std::weak_ptr<ServedModel> model);

 private:
  void Work();
  void Calibrate(const std::weak_ptr<ServedModel>& model);
  // False when the calibrator is to stop.
  bool Pause(Duration duration) RECTIFIER_EXCLUDES(mutex_);

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::weak_ptr<ServedModel>> models_ RECTIFIER_GUARDED_BY(mutex_);
  bool stopping_ RECTIFIER_GUARDED_BY(mutex_) = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace rectifier
