#include "server/models/config/model_configuration.h"

#include <array>
#include <span>
#include <utility>

#include "proto/model_config.pb.h"
#include "server/core/printable.h"
#include "server/core/problems.h"
#include "server/core/status.h"
#include "server/models/config/batching_section.h"
#include "server/models/config/config_section.h"
#include "server/models/config/config_text.h"

namespace rectifier {
namespace {

using inference::ModelConfig;
using inference::ModelInput;
using inference::ModelOutput;
using inference::ModelVersionPolicy;

// A field that is known and must not be set, and why.
struct Refused {
  int field;
  std::string_view instead;
};

constexpr std::string_view kReshape = "give the dims that the network has";
constexpr std::string_view kShapeTensor = "a network's shapes come from its inputs' shapes alone";

constexpr std::array kRefusedOfInput = {
    Refused{ModelInput::kFormatFieldNumber, "the order of the dims is the network's; leave it out"},
    Refused{ModelInput::kReshapeFieldNumber, kReshape},
    Refused{ModelInput::kIsShapeTensorFieldNumber, kShapeTensor},
    Refused{ModelInput::kAllowRaggedBatchFieldNumber,
            "requests of different shapes never share a batch"},
    Refused{ModelInput::kOptionalFieldNumber, "a request brings every input"},
};
constexpr std::array kRefusedOfOutput = {
    Refused{ModelOutput::kLabelFilenameFieldNumber, "answers are numbers; labels are the client's"},
    Refused{ModelOutput::kReshapeFieldNumber, kReshape},
    Refused{ModelOutput::kIsShapeTensorFieldNumber, kShapeTensor},
};

void Refuse(const ConfigSection& section, std::span<const Refused> fields, Problems& problems) {
  for (const Refused& refused : fields) {
    if (section.Has(refused.field)) {
      problems.Add(section.Unsupported(refused.field, refused.instead));
    }
  }
}

void ReadName(const ConfigSection& file, const ModelConfig& config, std::string_view model_name,
              Problems& problems) {
  if (config.name().empty() || config.name() == model_name) return;
  problems.Add(InvalidArgument(file.Place(ModelConfig::kNameFieldNumber),
                               "expected '{}', the model's folder, got '{}'", model_name,
                               Printable(config.name())));
}

void ReadMaxBatch(const ConfigSection& file, const ModelConfig& config,
                  ModelConfiguration& configuration, Problems& problems) {
  if (!config.has_max_batch_size()) return;
  configuration.max_batch_place = file.Place(ModelConfig::kMaxBatchSizeFieldNumber);
  if (config.max_batch_size() < 0 || config.max_batch_size() > kLargestMaxBatch) {
    problems.Add(InvalidArgument(configuration.max_batch_place, "expected 0 to {}, got {}",
                                 kLargestMaxBatch, config.max_batch_size()));
    return;
  }
  configuration.max_batch = config.max_batch_size();
}

void ReadVersionPolicy(const ConfigSection& file, const ModelConfig& config, Problems& problems) {
  if (!config.has_version_policy()) return;
  const ConfigSection section = file.Nested(ModelConfig::kVersionPolicyFieldNumber);
  const ModelVersionPolicy& policy = config.version_policy();
  constexpr std::string_view kInstead =
      "expected latest { num_versions: 1 }, as the highest version is served";
  if (policy.has_all()) {
    problems.Add(section.Unsupported(ModelVersionPolicy::kAllFieldNumber, kInstead));
  }
  if (policy.has_specific()) {
    problems.Add(section.Unsupported(ModelVersionPolicy::kSpecificFieldNumber, kInstead));
  }
  if (policy.latest().has_num_versions() && policy.latest().num_versions() != 1) {
    constexpr int kField = ModelVersionPolicy::Latest::kNumVersionsFieldNumber;
    const ConfigSection latest = section.Nested(ModelVersionPolicy::kLatestFieldNumber);
    problems.Add(latest.Unsupported(
        kField, fmt::format("{}, got {}", kInstead, policy.latest().num_versions())));
  }
}

// `Tensor`: ModelInput or ModelOutput, of the repeated field `field`.
template <typename Tensor>
std::vector<ConfiguredTensor> ReadTensors(const ConfigSection& file, int field,
                                          std::span<const Refused> refused, Problems& problems) {
  std::vector<ConfiguredTensor> tensors;
  for (int i = 0; i < file.Size(field); ++i) {
    const ConfigSection section = file.Nested(field, i);
    const auto& tensor = static_cast<const Tensor&>(section.message());
    Refuse(section, refused, problems);
    tensors.push_back({fmt::format("{} '{}'", file.Place(field, i), Printable(tensor.name())),
                       tensor.name(),
                       inference::DataType_IsValid(tensor.data_type())
                           ? inference::DataType_Name(tensor.data_type())
                           : std::to_string(tensor.data_type()),
                       {tensor.dims().begin(), tensor.dims().end()}});
  }
  return tensors;
}

}  // namespace

absl::StatusOr<ModelConfiguration> ParseModelConfiguration(std::string_view text,
                                                           std::string_view model_name,
                                                           int64_t default_max_batch) {
  ModelConfig config;
  ConfigSection::ParseInfoTree tree;
  RECTIFIER_RETURN_IF_ERROR(ParseConfigText(text, config, tree));
  const ConfigSection file(config, tree);
  Problems problems;
  ModelConfiguration configuration;
  configuration.max_batch = default_max_batch;
  ReadName(file, config, model_name, problems);
  ReadMaxBatch(file, config, configuration, problems);
  ReadVersionPolicy(file, config, problems);
  configuration.inputs =
      ReadTensors<ModelInput>(file, ModelConfig::kInputFieldNumber, kRefusedOfInput, problems);
  configuration.outputs =
      ReadTensors<ModelOutput>(file, ModelConfig::kOutputFieldNumber, kRefusedOfOutput, problems);
  ReadInstanceGroups(file, configuration, problems);
  if (config.has_dynamic_batching()) {
    ReadDynamicBatching(file.Nested(ModelConfig::kDynamicBatchingFieldNumber), configuration,
                        problems);
  }
  if (file.Has(ModelConfig::kParametersFieldNumber)) {
    problems.Add(file.Unsupported(ModelConfig::kParametersFieldNumber,
                                  "the options of `rectifier serve` hold for all models"));
  }
  if (config.model_transaction_policy().decoupled()) {
    constexpr int kField = inference::ModelTransactionPolicy::kDecoupledFieldNumber;
    problems.Add(file.Nested(ModelConfig::kModelTransactionPolicyFieldNumber)
                     .Unsupported(kField, "a request has one reply"));
  }
  if (config.response_cache().enable()) {
    constexpr int kField = inference::ModelResponseCache::kEnableFieldNumber;
    problems.Add(file.Nested(ModelConfig::kResponseCacheFieldNumber)
                     .Unsupported(kField, "every request is computed"));
  }
  configuration.platform = {file.Place(ModelConfig::kPlatformFieldNumber), config.platform()};
  configuration.backend = {file.Place(ModelConfig::kBackendFieldNumber), config.backend()};
  configuration.model_file = {file.Place(ModelConfig::kDefaultModelFilenameFieldNumber),
                              config.default_model_filename()};
  if (!problems.empty()) return problems.ToStatus();
  return configuration;
}

}  // namespace rectifier
