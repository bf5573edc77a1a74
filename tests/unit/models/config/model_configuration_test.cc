#include "server/models/config/model_configuration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int64_t kDefaultMaxBatch = 16;

absl::StatusOr<ModelConfiguration> Parse(std::string_view text) {
  return ParseModelConfiguration(text, "m", kDefaultMaxBatch);
}

std::string PolicyText(const QueuePolicy& policy) {
  return fmt::format("{} after {} us, {} tasks",
                     policy.action == TimeoutAction::kDelay ? "delay" : "reject",
                     policy.timeout / std::chrono::microseconds(1), policy.max_tasks);
}

// What differs from a model without a file, one setting a line.
std::string Text(const ModelConfiguration& configuration) {
  const BatchingOptions& batching = configuration.batching;
  const BatchingOptions other;
  std::string text;
  const auto add = [&](bool differs, const std::string& line) {
    if (differs) text += line + "\n";
  };
  add(configuration.max_batch != kDefaultMaxBatch,
      fmt::format("max_batch {}", configuration.max_batch));
  add(batching.delay != other.delay,
      fmt::format("delay {} us", batching.delay / std::chrono::microseconds(1)));
  add(!batching.preferred_batches.empty(),
      fmt::format("preferred {}", fmt::join(batching.preferred_batches, ", ")));
  add(batching.max_concurrent != 0, fmt::format("instances {}", batching.max_concurrent));
  add(batching.priority_levels != other.priority_levels ||
          batching.default_priority != other.default_priority,
      fmt::format("priority {} of {}", batching.default_priority, batching.priority_levels));
  add(batching.queue_policy != other.queue_policy,
      fmt::format("policy {}", PolicyText(batching.queue_policy)));
  for (const auto& [level, policy] : batching.priority_policies) {
    add(true, fmt::format("policy of {}: {}", level, PolicyText(policy)));
  }
  for (const auto* tensors : {&configuration.inputs, &configuration.outputs}) {
    for (const ConfiguredTensor& tensor : *tensors) {
      add(true,
          fmt::format("{} {} [{}]", tensor.name, tensor.data_type, fmt::join(tensor.dims, ", ")));
    }
  }
  for (const auto* given :
       {&configuration.platform, &configuration.backend, &configuration.model_file}) {
    add(!given->value.empty(), given->place + " " + given->value);
  }
  return text;
}

struct Case {
  std::string text;
  std::string expected;  // what is read of it, or every error
};

TEST(ModelConfigurationTest, EverythingThatIsSupportedIsRead) {
  const Case cases[] = {
      {"", ""},
      {"# only a comment\n", ""},
      {"name: 'm'", ""},
      {"max_batch_size: 8", "max_batch 8\n"},
      {"max_batch_size: 0", "max_batch 0\n"},
      {"max_batch_size: 4096", "max_batch 4096\n"},
      {"dynamic_batching {}", ""},
      {"dynamic_batching { max_queue_delay_microseconds: 100 }", "delay 100 us\n"},
      {"dynamic_batching { max_queue_delay_microseconds: 86400000000 }", "delay 86400000000 us\n"},
      {"dynamic_batching { preferred_batch_size: [ 8, 4 ] preferred_batch_size: 16 }",
       "preferred 4, 8, 16\n"},
      {"max_batch_size: 64 dynamic_batching { preferred_batch_size: 64 }",
       "max_batch 64\npreferred 64\n"},
      {"dynamic_batching { preserve_ordering: false }", ""},
      {"dynamic_batching { priority_levels: 5 default_priority_level: 4 }", "priority 4 of 5\n"},
      {"dynamic_batching { priority_levels: 0 }", "priority 1 of 1\n"},
      {"dynamic_batching { priority_levels: 64 default_priority_level: 64 }",
       "priority 64 of 64\n"},
      {"dynamic_batching { default_priority_level: 3 }", "priority 3 of 3\n"},
      {"dynamic_batching { default_queue_policy { timeout_action: DELAY "
       "default_timeout_microseconds: 2000 allow_timeout_override: true max_queue_size: 7 } }",
       "policy delay after 2000 us, 7 tasks\n"},
      {"dynamic_batching { priority_levels: 2 default_priority_level: 2\n"
       "priority_queue_policy { key: 1 value { max_queue_size: 4294967295 } }\n"
       "priority_queue_policy { key: 2 value { default_timeout_microseconds: 5 } } }",
       "priority 2 of 2\npolicy of 1: reject after 0 us, 4294967295 tasks\n"
       "policy of 2: reject after 5 us, 0 tasks\n"},
      {"dynamic_batching { priority_queue_policy { key: 3 } }",
       "policy of 3: reject after 0 us, 0 tasks\n"},
      {"instance_group { count: 2 kind: KIND_CPU }", "instances 2\n"},
      {"instance_group [ { name: 'a' kind: KIND_AUTO }, { count: 3 } ]", "instances 4\n"},
      {"version_policy { latest { num_versions: 1 } }", ""},
      {"version_policy: { latest {} }", ""},
      {"version_policy {}", ""},
      {"input [ { name: 'x' data_type: TYPE_FP32 dims: [ 3, -1 ] } ]\n"
       "output { name: 'y' data_type: TYPE_INT64 dims: 10 }",
       "x TYPE_FP32 [3, -1]\ny TYPE_INT64 [10]\n"},
      {"input { name: 'x' format: FORMAT_NONE optional: false is_shape_tensor: false }",
       "x TYPE_INVALID []\n"},
      {"input { data_type: 77 }", " 77 []\n"},
      {"model_transaction_policy { decoupled: false } response_cache { enable: false }", ""},
      {"platform: 'p'\nbackend: 'b'\n  default_model_filename: 'f'",
       "config.pbtxt:1: platform p\nconfig.pbtxt:2: backend b\n"
       "config.pbtxt:3: default_model_filename f\n"},
  };
  for (const Case& one : cases) {
    const auto configuration = Parse(one.text);
    ASSERT_TRUE(configuration.ok()) << one.text << "\n" << StatusText(configuration);
    EXPECT_EQ(Text(*configuration), one.expected) << one.text;
  }
}

TEST(ModelConfigurationTest, WhatIsOutOfRangeIsRefusedWithPlaceAndBounds) {
  const Case cases[] = {
      {"\n name: 'other'", "config.pbtxt:2: name: expected 'm', the model's folder, got 'other'"},
      {"max_batch_size: -1", "config.pbtxt:1: max_batch_size: expected 0 to 4096, got -1"},
      {"max_batch_size: 4097", "config.pbtxt:1: max_batch_size: expected 0 to 4096, got 4097"},
      {"dynamic_batching { max_queue_delay_microseconds: 86400000001 }",
       "config.pbtxt:1: dynamic_batching.max_queue_delay_microseconds: expected at most "
       "86400000000 (a day), got 86400000001"},
      {"dynamic_batching { max_queue_delay_microseconds: 18446744073709551615 }",
       "config.pbtxt:1: dynamic_batching.max_queue_delay_microseconds: expected at most "
       "86400000000 (a day), got 18446744073709551615"},
      {"dynamic_batching {\n  preferred_batch_size: [ 4, 0, 17 ]\n}",
       "config.pbtxt:2: dynamic_batching.preferred_batch_size: expected 1 to 16, the "
       "max_batch_size, got 0\n"
       "config.pbtxt:2: dynamic_batching.preferred_batch_size: expected 1 to 16, the "
       "max_batch_size, got 17"},
      {"dynamic_batching { preferred_batch_size: -2147483648 }",
       "config.pbtxt:1: dynamic_batching.preferred_batch_size: expected 1 to 16, the "
       "max_batch_size, got -2147483648"},
      {"dynamic_batching {\n preferred_batch_size: 4\n preferred_batch_size: 4 }",
       "config.pbtxt:3: dynamic_batching.preferred_batch_size: 4 is there twice"},
      {"max_batch_size: 0 dynamic_batching { preferred_batch_size: 1 }",
       "config.pbtxt:1: dynamic_batching.preferred_batch_size: expected none, as max_batch_size "
       "is 0 (not batched), got 1"},
      {"dynamic_batching { priority_levels: 65 default_priority_level: 1 }",
       "config.pbtxt:1: dynamic_batching.priority_levels: expected 0 to 64, got 65"},
      {"dynamic_batching { priority_levels: 4 }",
       "config.pbtxt:1: dynamic_batching.priority_levels: expected default_priority_level, 1 to "
       "4, beside it"},
      {"dynamic_batching { priority_levels: 4 default_priority_level: 5 }",
       "config.pbtxt:1: dynamic_batching.default_priority_level: expected 1 to 4, the "
       "priority_levels, got 5"},
      {"dynamic_batching { priority_levels: 4 default_priority_level: 0 }",
       "config.pbtxt:1: dynamic_batching.default_priority_level: expected 1 to 4, the "
       "priority_levels, got 0"},
      {"dynamic_batching { priority_levels: 0 default_priority_level: 2 }",
       "config.pbtxt:1: dynamic_batching.default_priority_level: expected 1 to 1, the "
       "priority_levels, got 2"},
      {"dynamic_batching { default_priority_level: 4 }",
       "config.pbtxt:1: dynamic_batching.default_priority_level: expected 1 to 3, the "
       "priority_levels, got 4"},
      {"dynamic_batching {\n priority_queue_policy { key: 4 }\n priority_queue_policy { key: 0 } }",
       "config.pbtxt:2: dynamic_batching.priority_queue_policy: expected a key of 1 to 3, the "
       "priority_levels, got 4\n"
       "config.pbtxt:3: dynamic_batching.priority_queue_policy: expected a key of 1 to 3, the "
       "priority_levels, got 0"},
      {"dynamic_batching {\n priority_queue_policy { key: 2 }\n priority_queue_policy { key: 2 } }",
       "config.pbtxt:3: dynamic_batching.priority_queue_policy: the key 2 is there twice"},
      {"dynamic_batching { priority_queue_policy { key: 2\n value {\n "
       "default_timeout_microseconds: 86400000001 } } }",
       "config.pbtxt:3: "
       "dynamic_batching.priority_queue_policy.value.default_timeout_microseconds: expected at "
       "most 86400000000 (a day), got 86400000001"},
      {"instance_group { count: 0 }",
       "config.pbtxt:1: instance_group.count: expected 1 to 1024 in all groups together, got 0"},
      {"instance_group { count: -1 }",
       "config.pbtxt:1: instance_group.count: expected 1 to 1024 in all groups together, got "
       "-1"},
      {"instance_group { count: 1024 }\ninstance_group {}",
       "config.pbtxt:2: instance_group.count: expected 1 to 1024 in all groups together, got 1"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(StatusText(Parse(one.text)), "INVALID_ARGUMENT: " + one.expected) << one.text;
  }
}

TEST(ModelConfigurationTest, WhatIsNotSupportedIsNamedWithAReason) {
  const Case cases[] = {
      {"input { name: 'x' format: FORMAT_NCHW }", "1: input.format"},
      {"input { name: 'x'\n reshape { shape: [ 3 ] } }", "2: input.reshape"},
      {"input {} input { reshape {} }", "1: input.reshape"},
      {"input { is_shape_tensor: true }", "1: input.is_shape_tensor"},
      {"input { allow_ragged_batch: true }", "1: input.allow_ragged_batch"},
      {"input { optional: true }", "1: input.optional"},
      {"output { label_filename: 'labels.txt' }", "1: output.label_filename"},
      {"output { reshape { shape: [] } }", "1: output.reshape"},
      {"output { is_shape_tensor: true }", "1: output.is_shape_tensor"},
      {"version_policy { all {} }", "1: version_policy.all"},
      {"version_policy { specific { versions: [ 1 ] } }", "1: version_policy.specific"},
      {"version_policy { latest { num_versions: 2 } }", "1: version_policy.latest.num_versions"},
      {"version_policy { latest { num_versions: 0 } }", "1: version_policy.latest.num_versions"},
      {"instance_group { kind: KIND_GPU }", "1: instance_group.kind"},
      {"instance_group { kind: KIND_MODEL }", "1: instance_group.kind"},
      {"instance_group { gpus: [ 0, 1 ] }", "1: instance_group.gpus"},
      {"dynamic_batching { preserve_ordering: true }", "1: dynamic_batching.preserve_ordering"},
      {"dynamic_batching { default_queue_policy { allow_timeout_override: false } }",
       "1: dynamic_batching.default_queue_policy.allow_timeout_override"},
      {"parameters { key: 'intra_op_thread_count' value { string_value: '2' } }", "1: parameters"},
      {"model_transaction_policy { decoupled: true }", "1: model_transaction_policy.decoupled"},
      {"response_cache { enable: true }", "1: response_cache.enable"},
      // Fields of Triton's that are not even declared.
      {"optimization { input_pinned_memory { enable: true } }", "1: optimization"},
      {"model_warmup\n\n[ { name: 'w' batch_size: 1 } ]", "1: model_warmup"},
      {"sequence_batching { max_sequence_idle_microseconds: 5 }", "1: sequence_batching"},
      {"ensemble_scheduling { step [ { model_name: 'a' model_version: -1 } ] }",
       "1: ensemble_scheduling"},
      {"instance_group { host_policy: 'numa' }", "1: host_policy"},
      {"metric_tags { key: 'a' value: 'b' }", "1: metric_tags"},
  };
  for (const Case& one : cases) {
    const std::string status = StatusText(Parse(one.text));
    EXPECT_THAT(status,
                StartsWith("UNIMPLEMENTED: config.pbtxt:" + one.expected + ": is not supported: "))
        << one.text;
    EXPECT_THAT(status, testing::Not(HasSubstr("\n"))) << one.text;
  }
}

TEST(ModelConfigurationTest, AnUnknownFieldIsNamedAndTheDocumentationIsPointedTo) {
  EXPECT_EQ(StatusText(Parse("max_batchsize: 8\ndynamic_batching { no_such { a: [1, 2] } }")),
            "UNIMPLEMENTED: config.pbtxt:1: max_batchsize: is not supported: "
            "docs/model-configuration.md lists the fields that are\n"
            "config.pbtxt:2: no_such: is not supported: docs/model-configuration.md lists the "
            "fields that are");
}

TEST(ModelConfigurationTest, WhatIsNoTextFormatIsRefusedWithTheLine) {
  const Case cases[] = {
      {"max_batch_size 8", "1: Expected \":\", found \"8\" in 'max_batch_size 8'"},
      {"name: 'm'\ndynamic_batching {\n  max_queue_delay_microseconds: -5\n}",
       "3: Expected integer, got: - in 'max_queue_delay_microseconds: -5'"},
      {"max_batch_size: 99999999999",
       "1: Integer out of range (99999999999) in "
       "'max_batch_size: 99999999999'"},
      {"max_batch_size: 1.5", "1: Expected integer, got: 1.5 in 'max_batch_size: 1.5'"},
      {"max_batch_size: 4\nmax_batch_size: 8",
       "2: Non-repeated field \"max_batch_size\" is specified multiple times in "
       "'max_batch_size: 8'"},
      {"input { data_type: TYPE_FP31 }",
       "1: Unknown enumeration value of \"TYPE_FP31\" for field \"data_type\" in "
       "'input { data_type: TYPE_FP31 }'"},
      {"dynamic_batching {", "1: Expected identifier, got:  in 'dynamic_batching {'"},
      {"version_policy { all {} latest {} }",
       "1: Field \"latest\" is specified along with field \"all\", another member of oneof "
       "\"policy_choice\" in 'version_policy { all {} latest {} }'"},
  };
  for (const Case& one : cases) {
    EXPECT_EQ(StatusText(Parse(one.text)), "INVALID_ARGUMENT: config.pbtxt:" + one.expected)
        << one.text;
  }
}

TEST(ModelConfigurationTest, BytesThatAreNoUtf8AreRefusedWithTheLine) {
  for (const char* text : {"name: 'm'\n#\xff", "\nname: '\xc3'", "#\n\xf0\x9f"}) {
    EXPECT_EQ(StatusText(Parse(text)), "INVALID_ARGUMENT: config.pbtxt:2: is not UTF-8") << text;
  }
}

TEST(ModelConfigurationTest, WhatIsShownOfAFileIsPrintableAndShort) {
  const std::string status =
      StatusText(Parse("name: '" + std::string(10'000, 'a') + "\\377\\001'"));
  EXPECT_THAT(status, HasSubstr("got 'aaaa"));
  EXPECT_LT(status.size(), 300u);
  EXPECT_THAT(StatusText(Parse("name: '\\377\\001b'")), HasSubstr("got '??b'"));
  EXPECT_THAT(StatusText(Parse("\x01")), StartsWith("INVALID_ARGUMENT: config.pbtxt:1: "));
}

TEST(ModelConfigurationTest, DeepNestingIsRefusedWhetherTheFieldsAreKnownOrNot) {
  std::string unknown;
  for (int i = 0; i < 60'000; ++i) unknown += "a{";
  EXPECT_THAT(StatusText(Parse(unknown)), HasSubstr("too deep"));
  std::string lists = "a:";
  for (int i = 0; i < 100'000; ++i) lists += "[";
  EXPECT_THAT(StatusText(Parse(lists)), HasSubstr("too deep"));
}

TEST(ModelConfigurationTest, AllProblemsAreToldAtOnce) {
  EXPECT_EQ(StatusText(Parse("name: 'n'\nmax_batch_size: -1\nresponse_cache { enable: true }")),
            "INVALID_ARGUMENT: config.pbtxt:1: name: expected 'm', the model's folder, got 'n'\n"
            "config.pbtxt:2: max_batch_size: expected 0 to 4096, got -1\n"
            "config.pbtxt:3: response_cache.enable: is not supported: every request is "
            "computed");
}

}  // namespace
}  // namespace rectifier
