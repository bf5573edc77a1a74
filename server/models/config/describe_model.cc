#include "server/models/config/describe_model.h"

#include <chrono>

#include "server/models/config/data_types.h"

namespace rectifier {
namespace {

using inference::ModelQueuePolicy;

uint64_t Microseconds(Duration time) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

// `tensor`: ModelInput or ModelOutput. A batched model's dimension 0 is told by max_batch_size.
template <typename ConfigTensor>
void Describe(const TensorSpec& spec, bool batched, ConfigTensor& tensor) {
  tensor.set_name(spec.name);
  tensor.set_data_type(ConfigType(spec.type.dtype));
  const Shape& shape = spec.type.shape;
  for (int axis = batched ? 1 : 0; axis < shape.rank(); ++axis) tensor.add_dims(shape[axis]);
}

ModelQueuePolicy Described(const QueuePolicy& policy) {
  ModelQueuePolicy described;
  described.set_timeout_action(policy.action == TimeoutAction::kDelay ? ModelQueuePolicy::DELAY
                                                                      : ModelQueuePolicy::REJECT);
  described.set_default_timeout_microseconds(Microseconds(policy.timeout));
  described.set_allow_timeout_override(true);
  described.set_max_queue_size(static_cast<uint32_t>(policy.max_tasks));
  return described;
}

void Describe(const BatchingOptions& batching, inference::ModelDynamicBatching& described) {
  for (const int64_t size : batching.preferred_batches) {
    described.add_preferred_batch_size(static_cast<int32_t>(size));
  }
  described.set_max_queue_delay_microseconds(Microseconds(batching.delay));
  described.set_priority_levels(static_cast<uint64_t>(batching.priority_levels));
  described.set_default_priority_level(static_cast<uint64_t>(batching.default_priority));
  *described.mutable_default_queue_policy() = Described(batching.queue_policy);
  for (const auto& [level, policy] : batching.priority_policies) {
    (*described.mutable_priority_queue_policy())[static_cast<uint64_t>(level)] = Described(policy);
  }
}

// Whether requests that share no batches are nevertheless not queued as they are by default.
bool HasOwnQueue(const BatchingOptions& batching) {
  const BatchingOptions other;
  return batching.priority_levels != other.priority_levels ||
         batching.default_priority != other.default_priority ||
         batching.queue_policy != other.queue_policy || !batching.priority_policies.empty();
}

}  // namespace

inference::ModelConfig DescribeModel(const std::string& name, const ModelSignature& signature,
                                     const BatchingOptions& batching) {
  const bool batched = signature.max_batch > 0;
  inference::ModelConfig config;
  config.set_name(name);
  config.set_platform(signature.platform);
  config.set_backend("rectifier");
  config.mutable_version_policy()->mutable_latest()->set_num_versions(1);
  config.set_max_batch_size(static_cast<int32_t>(signature.max_batch));
  for (const TensorSpec& input : signature.inputs) Describe(input, batched, *config.add_input());
  for (const TensorSpec& output : signature.outputs) {
    Describe(output, batched, *config.add_output());
  }
  inference::ModelInstanceGroup& group = *config.add_instance_group();
  group.set_name(name);
  group.set_kind(inference::ModelInstanceGroup::KIND_CPU);
  group.set_count(batching.max_concurrent);
  if (signature.max_batch > 1 || HasOwnQueue(batching)) {
    Describe(batching, *config.mutable_dynamic_batching());
  }
  return config;
}

}  // namespace rectifier
