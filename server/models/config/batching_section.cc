#include "server/models/config/batching_section.h"

#include <algorithm>
#include <map>
#include <vector>

#include "proto/model_config.pb.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

using inference::ModelDynamicBatching;
using inference::ModelInstanceGroup;
using inference::ModelQueuePolicy;

constexpr auto kMaxMicroseconds =
    std::chrono::duration_cast<std::chrono::microseconds>(kMaxConfiguredTime).count();

Duration ReadTime(const ConfigSection& section, int field, uint64_t microseconds,
                  Problems& problems) {
  if (microseconds > static_cast<uint64_t>(kMaxMicroseconds)) {
    problems.Add(InvalidArgument(section.Place(field), "expected at most {} (a day), got {}",
                                 kMaxMicroseconds, microseconds));
    return Duration::zero();
  }
  return std::chrono::microseconds(microseconds);
}

QueuePolicy ReadPolicy(const ConfigSection& section, const ModelQueuePolicy& from,
                       Problems& problems) {
  QueuePolicy policy;
  policy.timeout = ReadTime(section, ModelQueuePolicy::kDefaultTimeoutMicrosecondsFieldNumber,
                            from.default_timeout_microseconds(), problems);
  policy.max_tasks = from.max_queue_size();
  switch (from.timeout_action()) {
    case ModelQueuePolicy::REJECT:
      break;
    case ModelQueuePolicy::DELAY:
      policy.action = TimeoutAction::kDelay;
      break;
    default:  // proto3 takes any number
      problems.Add(InvalidArgument(section.Place(ModelQueuePolicy::kTimeoutActionFieldNumber),
                                   "expected REJECT or DELAY, got {}",
                                   static_cast<int>(from.timeout_action())));
  }
  if (from.has_allow_timeout_override() && !from.allow_timeout_override()) {
    problems.Add(section.Unsupported(
        ModelQueuePolicy::kAllowTimeoutOverrideFieldNumber,
        "expected true, got false, as a request's own timeout is always honoured (it can shorten "
        "the time to wait, not prolong it)"));
  }
  return policy;
}

// A batch has at most `max_batch` samples.
void ReadPreferred(const ConfigSection& section, const ModelDynamicBatching& from,
                   ModelConfiguration& configuration, Problems& problems) {
  constexpr int kField = ModelDynamicBatching::kPreferredBatchSizeFieldNumber;
  std::vector<int64_t>& preferred = configuration.batching.preferred_batches;
  for (int i = 0; i < from.preferred_batch_size_size(); ++i) {
    const int64_t size = from.preferred_batch_size(i);
    if (configuration.max_batch == 0) {
      problems.Add(InvalidArgument(section.Place(kField, i),
                                   "expected none, as max_batch_size is 0 (not batched), got {}",
                                   size));
    } else if (size < 1 || size > configuration.max_batch) {
      problems.Add(InvalidArgument(section.Place(kField, i),
                                   "expected 1 to {}, the max_batch_size, got {}",
                                   configuration.max_batch, size));
    } else if (std::find(preferred.begin(), preferred.end(), size) != preferred.end()) {
      problems.Add(InvalidArgument(section.Place(kField, i), "{} is there twice", size));
    } else {
      if (preferred.empty()) configuration.preferred_place = section.Place(kField, i);
      preferred.push_back(size);
    }
  }
  std::sort(preferred.begin(), preferred.end());
}

void ReadPriorities(const ConfigSection& section, const ModelDynamicBatching& from,
                    BatchingOptions& batching, Problems& problems) {
  constexpr int kLevels = ModelDynamicBatching::kPriorityLevelsFieldNumber;
  constexpr int kDefault = ModelDynamicBatching::kDefaultPriorityLevelFieldNumber;
  if (from.has_priority_levels()) {
    if (from.priority_levels() > kMaxPriorityLevels) {
      problems.Add(InvalidArgument(section.Place(kLevels), "expected 0 to {}, got {}",
                                   kMaxPriorityLevels, from.priority_levels()));
      return;
    }
    // Triton's 0: all requests are the same.
    batching.priority_levels = std::max(1, static_cast<int>(from.priority_levels()));
    batching.default_priority = 1;
    if (from.priority_levels() > 0 && !from.has_default_priority_level()) {
      problems.Add(InvalidArgument(section.Place(kLevels),
                                   "expected default_priority_level, 1 to {}, beside it",
                                   batching.priority_levels));
      return;
    }
  }
  if (!from.has_default_priority_level()) return;
  const uint64_t level = from.default_priority_level();
  if (level < 1 || level > static_cast<uint64_t>(batching.priority_levels)) {
    problems.Add(InvalidArgument(section.Place(kDefault),
                                 "expected 1 to {}, the priority_levels, got {}",
                                 batching.priority_levels, level));
    return;
  }
  batching.default_priority = static_cast<int>(level);
}

// The entries are looked at one by one, and not through the map, where only the last of two with
// the same key is left.
void ReadPriorityPolicies(const ConfigSection& section, BatchingOptions& batching,
                          Problems& problems) {
  constexpr int kField = ModelDynamicBatching::kPriorityQueuePolicyFieldNumber;
  for (int i = 0; i < section.Size(kField); ++i) {
    const ConfigSection entry = section.Nested(kField, i);
    const auto& message = entry.message();
    const auto* descriptor = message.GetDescriptor();
    const uint64_t level =
        message.GetReflection()->GetUInt64(message, descriptor->FindFieldByNumber(1));
    if (level < 1 || level > static_cast<uint64_t>(batching.priority_levels)) {
      problems.Add(InvalidArgument(section.Place(kField, i),
                                   "expected a key of 1 to {}, the priority_levels, got {}",
                                   batching.priority_levels, level));
      continue;
    }
    const ConfigSection value = entry.Nested(2);
    const auto& policy = static_cast<const ModelQueuePolicy&>(value.message());
    if (!batching.priority_policies
             .emplace(static_cast<int>(level), ReadPolicy(value, policy, problems))
             .second) {
      problems.Add(InvalidArgument(section.Place(kField, i), "the key {} is there twice", level));
    }
  }
}

}  // namespace

void ReadDynamicBatching(const ConfigSection& section, ModelConfiguration& configuration,
                         Problems& problems) {
  const auto& from = static_cast<const ModelDynamicBatching&>(section.message());
  // Before anything looks into the map.
  ReadPriorities(section, from, configuration.batching, problems);
  ReadPriorityPolicies(section, configuration.batching, problems);
  ReadPreferred(section, from, configuration, problems);
  configuration.batching.delay =
      ReadTime(section, ModelDynamicBatching::kMaxQueueDelayMicrosecondsFieldNumber,
               from.max_queue_delay_microseconds(), problems);
  if (from.preserve_ordering()) {
    problems.Add(section.Unsupported(
        ModelDynamicBatching::kPreserveOrderingFieldNumber,
        "expected false, got true; the replies of one ModelStreamInfer stream are in order"));
  }
  if (from.has_default_queue_policy()) {
    configuration.batching.queue_policy =
        ReadPolicy(section.Nested(ModelDynamicBatching::kDefaultQueuePolicyFieldNumber),
                   from.default_queue_policy(), problems);
  }
}

void ReadInstanceGroups(const ConfigSection& file, ModelConfiguration& configuration,
                        Problems& problems) {
  int64_t instances = 0;
  constexpr int kField = inference::ModelConfig::kInstanceGroupFieldNumber;
  for (int i = 0; i < file.Size(kField); ++i) {
    const ConfigSection section = file.Nested(kField, i);
    const auto& group = static_cast<const ModelInstanceGroup&>(section.message());
    const int64_t count = group.has_count() ? group.count() : 1;
    if (count < 1 || instances + count > kMaxInstances) {
      problems.Add(InvalidArgument(section.Place(ModelInstanceGroup::kCountFieldNumber),
                                   "expected 1 to {} in all groups together, got {}", kMaxInstances,
                                   count));
    } else {
      instances += count;
    }
    if (group.kind() != ModelInstanceGroup::KIND_CPU &&
        group.kind() != ModelInstanceGroup::KIND_AUTO) {
      problems.Add(section.Unsupported(ModelInstanceGroup::kKindFieldNumber,
                                       fmt::format("expected KIND_CPU or KIND_AUTO, got {}",
                                                   ModelInstanceGroup::Kind_IsValid(group.kind())
                                                       ? ModelInstanceGroup::Kind_Name(group.kind())
                                                       : std::to_string(group.kind()))));
    }
    if (section.Has(ModelInstanceGroup::kGpusFieldNumber)) {
      problems.Add(
          section.Unsupported(ModelInstanceGroup::kGpusFieldNumber, "networks run on CPUs"));
    }
  }
  configuration.batching.max_concurrent = static_cast<int>(instances);
}

}  // namespace rectifier
