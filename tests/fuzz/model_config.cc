#include "tests/fuzz/model_config.h"

#include <google/protobuf/text_format.h>

#include <string>

#include "server/batching/batch_queue.h"
#include "server/core/check.h"
#include "server/core/status.h"
#include "server/models/config/config_file.h"
#include "server/models/config/describe_model.h"
#include "server/models/config/model_configuration.h"
#include "server/models/config/network_match.h"

namespace rectifier {
namespace {

constexpr int64_t kDefaultMaxBatch = 32;

// x: FP32 [?, 3, ?] → y: INT64 [?, 10], in batches of whatever size.
ModelSignature Signature(int64_t max_batch) {
  return {"onnx",
          {{"x", {DType::kFloat32, Shape{kDynamicDim, 3, kDynamicDim}}}},
          {{"y", {DType::kInt64, Shape{kDynamicDim, 10}}}},
          max_batch};
}

class WaitingRequest final : public Task {
 public:
  explicit WaitingRequest(uint64_t priority) : Task({.priority = priority}) {}
  bool cancelled() const override { return false; }
  void Drop(const absl::Status& /*status*/) override {}
};

// Two requests of each priority, two hours apart from being run: nothing is lost.
void QueueBy(BatchingOptions batching, int64_t max_batch) {
  batching.max_batch = std::max<int64_t>(1, max_batch);
  batching.max_queue_tasks = 8;
  BatchQueue queue(batching);
  TimePoint now{};
  size_t queued = 0;
  for (const uint64_t priority : {0, 0, 1, 1, 2, 64}) {
    std::unique_ptr<Task> task = std::make_unique<WaitingRequest>(priority);
    if (!queue.Submit(task, now)) ++queued;
  }
  RECTIFIER_CHECK(queued == 0 || queue.NextBatchAt() < TimePoint::max());
  now += std::chrono::hours(2);
  queue.Sweep(now);
  queued = static_cast<size_t>(queue.tasks());
  while (!queue.empty()) {
    const BatchQueue::Taken taken = queue.TakeBatch(now);
    RECTIFIER_CHECK(taken.batch.tasks.size() <= static_cast<size_t>(batching.max_batch));
    const size_t left = taken.batch.tasks.size() + taken.dropped.size();
    RECTIFIER_CHECK(left > 0 && left <= queued);
    queued -= left;
  }
  RECTIFIER_CHECK(queued == 0);
}

std::string Described(const ModelSignature& signature, BatchingOptions batching) {
  if (batching.max_concurrent == 0) batching.max_concurrent = 4;
  std::string text;
  google::protobuf::TextFormat::PrintToString(DescribeModel("m", signature, batching), &text);
  return text;
}

}  // namespace

void ReadAndServeConfig(std::string_view bytes) {
  if (bytes.size() > static_cast<size_t>(kMaxConfigBytes)) return;
  const auto read = ParseModelConfiguration(bytes, "m", kDefaultMaxBatch);
  if (!read.ok()) {
    RECTIFIER_CHECK(Message(read.status()).starts_with(kConfigFileName));
    return;
  }
  const ModelSignature signature = Signature(read->max_batch);
  const absl::Status matches = CheckNetwork(*read, {signature, "model.onnx", ""});
  RECTIFIER_CHECK(matches.ok() || Message(matches).starts_with(kConfigFileName));
  static_cast<void>(CheckNetwork(*read, {Signature(0), "model.onnx", "reason"}));
  QueueBy(read->batching, read->max_batch);
  const std::string text = Described(signature, read->batching);
  const auto again = ParseModelConfiguration(text, "m", 1);
  RECTIFIER_CHECK(again.ok());
  RECTIFIER_CHECK(CheckNetwork(*again, {signature, "model.onnx", ""}).ok());
  // Requests that are run alone, and queued as all are by default, are not told of their batches.
  if (read->max_batch > 1) RECTIFIER_CHECK(Described(signature, again->batching) == text);
}

}  // namespace rectifier
