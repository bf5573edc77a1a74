#pragma once

#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "server/core/mutex.h"
#include "server/models/servable.h"
#include "server/models/version_observer.h"
#include "server/service/request_observer.h"

namespace rectifier {

// x: FP32 [?, 3] → double: [?, 3], twice x; sum: [?], the sum of each row.
ModelSignature DoublingSignature(int64_t max_batch = 4);

// A Servable without an engine: one worker computes DoublingSignature(), and a test holds it.
//
// Threading: safe from any thread. Destruction drops what waits with UNAVAILABLE.
class FakeServable final : public Servable {
 public:
  FakeServable(std::string name, std::string version, const Clock& clock,
               ModelSignature signature = DoublingSignature());
  ~FakeServable() override;

  // The worker takes nothing until Release().
  void Hold();
  void Release();
  // Returns when `count` requests wait.
  void WaitForQueued(size_t count);
  size_t queued() const;
  // Runs `look` on the oldest request that waits.
  void LookAtOldest(const std::function<void(const InferenceRequest&)>& look);
  // What Submit() answers from now on; not taken unless OK.
  void set_submit_status(const absl::Status& status);
  // What every request is done with from now on, without being run, unless OK.
  void set_done_status(const absl::Status& status);
  int executed() const;
  // What Statistics() answers from now on.
  void set_statistics(InferenceStatistics statistics);

  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  const ModelSignature& signature() const override { return signature_; }
  const BatchingOptions& batching() const override { return batching_; }
  absl::StatusOr<std::vector<TensorType>> OutputTypes(
      int64_t samples, std::span<const Shape> input_shapes) const override;
  absl::Status Submit(InferenceRequest request) override;
  InferenceStatistics Statistics() const override;

 private:
  void Work();
  void Run(const InferenceRequest& request);

  const std::string name_;
  const std::string version_;
  const Clock& clock_;
  const ModelSignature signature_;
  const BatchingOptions batching_ = {.max_concurrent = 1};

  mutable Mutex mutex_;
  CondVar changed_;
  InferenceStatistics statistics_ RECTIFIER_GUARDED_BY(mutex_);
  bool held_ RECTIFIER_GUARDED_BY(mutex_) = false;
  bool stopping_ RECTIFIER_GUARDED_BY(mutex_) = false;
  int executed_ RECTIFIER_GUARDED_BY(mutex_) = 0;
  absl::Status submit_status_ RECTIFIER_GUARDED_BY(mutex_);
  absl::Status done_status_ RECTIFIER_GUARDED_BY(mutex_);
  std::deque<InferenceRequest> queue_ RECTIFIER_GUARDED_BY(mutex_);
  std::thread worker_;
};

// Writes down what it is told, a line each: "start m/1", "finish m/1 OK run", "reject NOT_FOUND".
class RecordingObserver final : public RequestObserver, public VersionObservers {
 public:
  std::shared_ptr<VersionObserver> RequestsOf(const std::string& model,
                                              const std::string& version) override;
  void OnRejected(absl::StatusCode code) override;

  // Returns the lines once there are at least `count`.
  std::vector<std::string> WaitForLines(size_t count);

 private:
  class Version;

  void Add(std::string line);

  Mutex mutex_;
  CondVar changed_;
  std::vector<std::string> lines_ RECTIFIER_GUARDED_BY(mutex_);
};

}  // namespace rectifier
