#pragma once

#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "server/core/clock.h"
#include "server/core/scattered_bytes.h"
#include "server/core/tensor.h"

namespace rectifier {

// When each phase of a request ended, on the server's clock.
struct InferenceTimes {
  TimePoint enqueued{};
  TimePoint dequeued{};     // a worker took it
  TimePoint input_ready{};  // its tensors are in the batch
  TimePoint computed{};
  TimePoint output_ready{};  // its results are in `outputs`
  int64_t batch = 0;         // samples of the largest run that it was part of
};

// A request that has been checked against the signature; tensors in the signature's order. An
// output without bytes is not wanted.
//
// Lifetime: the bytes behind `inputs` and `outputs` stay valid until `done` has been called.
struct InferenceRequest {
  int64_t samples = 1;
  std::vector<ScatteredTensor> inputs;
  std::vector<MutableTensorView> outputs;  // written before `done` is called with OK
  uint64_t priority = 0;                   // 1 is the most urgent; 0: the model's default
  TimePoint deadline = TimePoint::max();
  std::function<bool()> cancelled;  // safe from any thread
  // Whoever submits it calls WorkerPool::RunGathered() soon afterwards.
  bool gathered = false;
  // Called exactly once iff Submit() returned OK; from where, batching/task.h says.
  std::function<void(const absl::Status&, const InferenceTimes&)> done;
};

}  // namespace rectifier
