#include "tests/unit/service/fakes.h"

#include <fmt/format.h>

#include <span>
#include <utility>
#include <vector>

namespace rectifier {

ModelSignature DoublingSignature(int64_t max_batch) {
  return {.platform = "onnx",
          .inputs = {{"x", {DType::kFloat32, Shape{kDynamicDim, 3}}}},
          .outputs = {{"double", {DType::kFloat32, Shape{kDynamicDim, 3}}},
                      {"sum", {DType::kFloat32, Shape{kDynamicDim}}}},
          .max_batch = max_batch};
}

FakeServable::FakeServable(std::string name, std::string version, const Clock& clock,
                           ModelSignature signature)
    : name_(std::move(name)),
      version_(std::move(version)),
      clock_(clock),
      signature_(std::move(signature)),
      worker_([this] { Work(); }) {}

FakeServable::~FakeServable() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    changed_.NotifyAll();
  }
  worker_.join();
  for (const InferenceRequest& request : queue_) {
    request.done(absl::UnavailableError("shutting down"), {});
  }
}

void FakeServable::Hold() {
  MutexLock lock(mutex_);
  held_ = true;
}

void FakeServable::Release() {
  MutexLock lock(mutex_);
  held_ = false;
  changed_.NotifyAll();
}

void FakeServable::WaitForQueued(size_t count) {
  MutexLock lock(mutex_);
  while (queue_.size() < count) changed_.Wait(mutex_);
}

size_t FakeServable::queued() const {
  MutexLock lock(mutex_);
  return queue_.size();
}

void FakeServable::LookAtOldest(const std::function<void(const InferenceRequest&)>& look) {
  MutexLock lock(mutex_);
  look(queue_.front());
}

void FakeServable::set_submit_status(const absl::Status& status) {
  MutexLock lock(mutex_);
  submit_status_ = status;
}

void FakeServable::set_done_status(const absl::Status& status) {
  MutexLock lock(mutex_);
  done_status_ = status;
}

int FakeServable::executed() const {
  MutexLock lock(mutex_);
  return executed_;
}

void FakeServable::set_statistics(InferenceStatistics statistics) {
  MutexLock lock(mutex_);
  statistics_ = std::move(statistics);
}

InferenceStatistics FakeServable::Statistics() const {
  MutexLock lock(mutex_);
  return statistics_;
}

absl::StatusOr<std::vector<TensorType>> FakeServable::OutputTypes(
    int64_t samples, std::span<const Shape> /*input_shapes*/) const {
  std::vector<TensorType> types;
  for (const TensorSpec& output : signature_.outputs) {
    types.push_back(output.type);
    types.back().shape[0] = samples;
  }
  return types;
}

absl::Status FakeServable::Submit(InferenceRequest request) {
  MutexLock lock(mutex_);
  if (!submit_status_.ok()) return submit_status_;
  queue_.push_back(std::move(request));
  changed_.NotifyAll();
  return absl::OkStatus();
}

void FakeServable::Work() {
  while (true) {
    InferenceRequest request;
    absl::Status status;
    {
      MutexLock lock(mutex_);
      while (!stopping_ && (held_ || queue_.empty())) changed_.Wait(mutex_);
      if (stopping_) return;
      request = std::move(queue_.front());
      queue_.pop_front();
      status = done_status_;
    }
    if (status.ok() && request.cancelled()) status = absl::CancelledError("cancelled");
    if (status.ok() && request.deadline <= clock_.Now()) {
      status = absl::DeadlineExceededError("too late");
    }
    if (!status.ok()) {
      request.done(status, {});
      continue;
    }
    {
      MutexLock lock(mutex_);
      ++executed_;
    }
    Run(request);
  }
}

void FakeServable::Run(const InferenceRequest& request) {
  std::vector<float> x(request.inputs[0].bytes.size() / sizeof(float));
  request.inputs[0].bytes.CopyTo(std::as_writable_bytes(std::span(x)));
  const auto doubled = request.outputs[0].data<float>();
  const auto sum = request.outputs[1].data<float>();
  for (size_t row = 0; row < sum.size(); ++row) {
    sum[row] = x[row * 3] + x[row * 3 + 1] + x[row * 3 + 2];
  }
  for (size_t i = 0; i < doubled.size(); ++i) doubled[i] = 2 * x[i];
  request.done(absl::OkStatus(), {.batch = request.samples});
}

class RecordingObserver::Version final : public VersionObserver {
 public:
  Version(RecordingObserver& recorder, std::string name)
      : recorder_(recorder), name_(std::move(name)) {}

  void OnStarted() override { recorder_.Add("start " + name_); }
  void OnFinished(absl::StatusCode code, Duration /*total*/, const InferenceTimes* times) override {
    recorder_.Add(fmt::format("finish {} {}{}", name_, absl::StatusCodeToString(code),
                              times != nullptr ? " run" : ""));
  }

 private:
  RecordingObserver& recorder_;
  const std::string name_;
};

std::shared_ptr<VersionObserver> RecordingObserver::RequestsOf(const std::string& model,
                                                               const std::string& version) {
  return std::make_shared<Version>(*this, model + "/" + version);
}

void RecordingObserver::OnRejected(absl::StatusCode code) {
  Add("reject " + absl::StatusCodeToString(code));
}

std::vector<std::string> RecordingObserver::WaitForLines(size_t count) {
  MutexLock lock(mutex_);
  while (lines_.size() < count) changed_.Wait(mutex_);
  return lines_;
}

void RecordingObserver::Add(std::string line) {
  MutexLock lock(mutex_);
  lines_.push_back(std::move(line));
  changed_.NotifyAll();
}

}  // namespace rectifier
