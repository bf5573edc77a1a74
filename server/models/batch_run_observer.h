#pragma once

#include <cstdint>

#include "server/core/clock.h"

namespace rectifier {

// What a model's workers do, for metrics. Implementations are safe from any thread.
class BatchRunObserver {
 public:
  virtual ~BatchRunObserver() = default;
  // Once for each execution of a Program.
  struct Run {
    int64_t samples = 0;   // that it held
    int64_t padding = 0;   // and those that it computed for nothing
    int64_t requests = 0;  // that the samples came from
    Duration busy{};       // how long it kept its worker
  };
  virtual void OnRun(const Run& run) = 0;
  // A Program was made for input shapes that requests brought; `cached` are kept now.
  virtual void OnProgramBuilt(int64_t cached, Duration time) = 0;
};

}  // namespace rectifier
