#pragma once

#include <cstdint>

#include "server/core/clock.h"

namespace rectifier {

// What a model's workers do, for metrics. Implementations are safe from any thread.
class BatchRunObserver {
 public:
  virtual ~BatchRunObserver() = default;
  // Once for each execution of a Program: the samples that it held, from how many requests they
  // came, and how long its worker was busy with it.
  virtual void OnBatchRun(int64_t samples, int64_t requests, Duration busy) = 0;
  // A Program was made for input shapes that requests brought; `cached` are kept now.
  virtual void OnProgramBuilt(int64_t cached, Duration time) = 0;
};

}  // namespace rectifier
