#include <algorithm>
#include <iostream>
#include <nlohmann/json.hpp>

#include "absl/strings/str_split.h"
#include "server/app/commands.h"
#include "server/app/exit_codes.h"
#include "server/app/load_options.h"
#include "server/core/status.h"
#include "server/models/config/config_file.h"
#include "server/models/configured_model.h"
#include "server/models/repository.h"

namespace rectifier {

namespace {

using Json = nlohmann::ordered_json;

absl::StatusOr<std::shared_ptr<const Model>> LoadModel(const std::string& path,
                                                       const LoadOptions& options) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::filesystem::path resolved, ResolveModelPath(path));
  RECTIFIER_ASSIGN_OR_RETURN(const ConfiguredModel loaded,
                             LoadConfiguredModel(resolved, options, SteadyClock()));
  return loaded.model;
}

// What to do about a model that cannot be served.
std::string_view Hint(const absl::Status& status) {
  if (Message(status).starts_with(kConfigFileName)) {
    return "mend the model's config.pbtxt (docs/model-configuration.md lists what it may hold), or "
           "take it away: a model needs none";
  }
  switch (status.code()) {
    case absl::StatusCode::kUnimplemented:
      return "the model says nothing wrong, but more than this server runs: export it without "
             "that (docs/operators.md and docs/keras.md list what runs)";
    case absl::StatusCode::kInvalidArgument:
      return "the file is not what its format asks for: export it anew, or mend what the lines "
             "above name";
    case absl::StatusCode::kResourceExhausted:
      return "the model needs more memory than a server with these options would give it here";
    case absl::StatusCode::kNotFound:
      return "look at the path";
    default:
      return "see the lines above";
  }
}

int64_t MaxBatch(const Model& model) { return std::max<int64_t>(1, model.signature().max_batch); }

Json ToJson(const std::string& path, const absl::StatusOr<std::shared_ptr<const Model>>& model) {
  Json json = {{"model", path}, {"servable", model.ok()}};
  if (model.ok()) {
    json["max_batch"] = MaxBatch(**model);
    json["batch_limit"] = (*model)->batch_limit_reason();
    return json;
  }
  const std::string message(Message(model.status()));
  json["code"] = absl::StatusCodeToString(model.status().code());
  json["problems"] = std::vector<std::string>(absl::StrSplit(message, '\n'));
  json["hint"] = Hint(model.status());
  return json;
}

void PrintText(const std::string& path, const absl::StatusOr<std::shared_ptr<const Model>>& model) {
  if (!model.ok()) {
    std::cout << path << ": cannot be served\n";
    std::cerr << Message(model.status()) << "\n"
              << "  what to do: " << Hint(model.status()) << "\n";
    return;
  }
  std::cout << path << ": can be served";
  const std::string& reason = (*model)->batch_limit_reason();
  if (!reason.empty()) {
    std::cout << fmt::format(", in batches of at most {} ({})", MaxBatch(**model), reason);
  }
  std::cout << "\n";
}

}  // namespace

int Check(const CheckOptions& options) {
  const LoadOptions load = LoadOptionsFor(options.serving);
  int code = kExitDone;
  Json list = Json::array();
  for (const std::string& path : options.models) {
    const auto model = LoadModel(path, load);
    if (!model.ok()) {
      const bool missing = model.status().code() == absl::StatusCode::kNotFound;
      code = std::max(code, missing ? kExitUsage : kExitFailed);
    }
    if (options.json) {
      list.push_back(ToJson(path, model));
    } else {
      PrintText(path, model);
    }
  }
  if (options.json) std::cout << list.dump(2) << "\n";
  return code;
}

}  // namespace rectifier
