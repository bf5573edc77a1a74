#include "server/models/config/network_match.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>
#include <vector>

#include "proto/model_config.pb.h"
#include "server/core/printable.h"
#include "server/core/problems.h"
#include "server/core/status.h"
#include "server/models/config/config_file.h"
#include "server/models/config/data_types.h"

namespace rectifier {
namespace {

// What Triton calls the same.
struct Alias {
  std::string_view format;    // ModelSignature::platform
  std::string_view platform;  // in Triton's files
  std::string_view backend;
};
constexpr std::array kAliases = {Alias{"onnx", "onnxruntime_onnx", "onnxruntime"}};

std::string_view TritonsPlatform(std::string_view format) {
  for (const Alias& alias : kAliases) {
    if (alias.format == format) return alias.platform;
  }
  return format;
}

std::string_view TritonsBackend(std::string_view format) {
  for (const Alias& alias : kAliases) {
    if (alias.format == format) return alias.backend;
  }
  return "rectifier";
}

// INVALID_ARGUMENT unless nothing was said, or one of the two names.
absl::Status CheckText(const ConfiguredText& text, std::string_view own, std::string_view alias) {
  if (text.value.empty() || text.value == own || text.value == alias) return absl::OkStatus();
  const std::string expected =
      own == alias ? fmt::format("'{}'", own) : fmt::format("'{}' or '{}'", own, alias);
  return InvalidArgument(text.place, "expected {}, got '{}'", expected, Printable(text.value));
}

std::string Listed(const std::vector<int64_t>& dims) {
  constexpr size_t kShown = 16;
  const std::vector<int64_t> shown(
      dims.begin(), dims.begin() + static_cast<ptrdiff_t>(std::min(dims.size(), kShown)));
  return fmt::format("[{}{}]", fmt::join(shown, ", "), shown.size() < dims.size() ? ", ..." : "");
}

void CheckTensor(const ConfiguredTensor& configured, const TensorSpec& spec, bool batched,
                 Problems& problems) {
  const std::string& type = inference::DataType_Name(ConfigType(spec.type.dtype));
  if (configured.data_type != type) {
    problems.Add(InvalidArgument(configured.place,
                                 "data_type: expected {}, as the network has it, got {}", type,
                                 configured.data_type));
  }
  const auto dims = spec.type.shape.dims();
  const std::vector<int64_t> expected(dims.begin() + (batched ? 1 : 0), dims.end());
  if (configured.dims != expected) {
    problems.Add(
        InvalidArgument(configured.place, "dims: expected {}, as the network has them{}, got {}",
                        Listed(expected), batched ? " for a sample" : "", Listed(configured.dims)));
  }
}

// `kind`: "input" or "output". All of the network's are given, or none.
void CheckTensors(const std::vector<ConfiguredTensor>& configured,
                  const std::vector<TensorSpec>& specs, std::string_view kind, bool batched,
                  Problems& problems) {
  if (configured.empty()) return;
  std::set<std::string_view> seen;
  for (const ConfiguredTensor& tensor : configured) {
    if (!seen.insert(tensor.name).second) {
      problems.Add(InvalidArgument(tensor.place, "is there twice"));
      continue;
    }
    const auto spec = std::find_if(specs.begin(), specs.end(), [&](const TensorSpec& candidate) {
      return candidate.name == tensor.name;
    });
    if (spec == specs.end()) {
      std::vector<std::string> names;
      names.reserve(specs.size());
      for (const TensorSpec& other : specs) names.push_back(Printable(other.name));
      problems.Add(InvalidArgument(tensor.place, "the network has no such {}; it has {}", kind,
                                   fmt::join(names, ", ")));
      continue;
    }
    CheckTensor(tensor, *spec, batched, problems);
  }
  for (const TensorSpec& spec : specs) {
    if (seen.contains(spec.name)) continue;
    problems.Add(InvalidArgument(fmt::format("{}: {}", kConfigFileName, kind),
                                 "expected every {} of the network or none, '{}' is missing", kind,
                                 Printable(spec.name)));
  }
}

void CheckBatch(const ModelConfiguration& configuration, const ConfiguredNetwork& network,
                Problems& problems) {
  const int64_t largest = network.signature.max_batch;
  const std::string_view reason = !network.batch_limit_reason.empty()
                                      ? network.batch_limit_reason
                                      : "dimension 0 of its inputs is not open";
  if (!configuration.max_batch_place.empty() && configuration.max_batch != largest) {
    problems.Add(FailedPrecondition(configuration.max_batch_place,
                                    "expected at most {}, as the network cannot be batched further "
                                    "({}), got {}",
                                    largest, reason, configuration.max_batch));
    return;
  }
  const auto& preferred = configuration.batching.preferred_batches;
  if (!preferred.empty() && preferred.back() > std::max<int64_t>(1, largest)) {
    problems.Add(FailedPrecondition(configuration.preferred_place,
                                    "expected at most {}, as the network cannot be batched further "
                                    "({}), got {}",
                                    largest, reason, preferred.back()));
  }
}

}  // namespace

absl::Status CheckNetwork(const ModelConfiguration& configuration,
                          const ConfiguredNetwork& network) {
  const ModelSignature& signature = network.signature;
  Problems problems;
  const std::string& format = signature.platform;
  problems.Add(CheckText(configuration.platform, format, TritonsPlatform(format)));
  problems.Add(CheckText(configuration.backend, "rectifier", TritonsBackend(format)));
  problems.Add(CheckText(configuration.model_file, network.file, network.file));
  CheckBatch(configuration, network, problems);
  const bool batched = signature.max_batch > 0;
  CheckTensors(configuration.inputs, signature.inputs, "input", batched, problems);
  CheckTensors(configuration.outputs, signature.outputs, "output", batched, problems);
  return problems.ToStatus();
}

}  // namespace rectifier
