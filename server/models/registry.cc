#include "server/models/registry.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

constexpr std::string_view kLettersAndDigits =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
constexpr size_t kMaxNameLength = 128;
constexpr size_t kMaxVersionDigits = 18;  // always fits in int64

std::string Place(std::string_view name, std::string_view version) {
  return version.empty() ? fmt::format("model '{}'", name)
                         : fmt::format("model '{}' version {}", name, version);
}

// `text` shortened for an error message; it may be a client's.
std::string_view Cut(std::string_view text) { return text.substr(0, 32); }

// A loader's bug is told to the log, not to clients.
std::string_view Reason(const absl::Status& error) {
  if (error.code() == absl::StatusCode::kInternal) return "internal error; see the server's log";
  return Message(error);
}

const ModelVersion& HighestReady(const std::map<int64_t, ModelVersion>& versions) {
  const auto ready = std::find_if(versions.rbegin(), versions.rend(), [](const auto& entry) {
    return entry.second.state == ModelState::kReady;
  });
  return ready != versions.rend() ? ready->second : versions.rbegin()->second;
}

absl::Status ShuttingDown() { return absl::UnavailableError("the server is shutting down"); }

}  // namespace

std::string_view Name(ModelState state) {
  switch (state) {
    case ModelState::kLoading:
      return "LOADING";
    case ModelState::kReady:
      return "READY";
    case ModelState::kUnavailable:
      return "UNAVAILABLE";
  }
  RECTIFIER_CHECK(false && "a ModelState without a name");
}

bool IsModelName(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameLength &&
         kLettersAndDigits.find(name.front()) != std::string_view::npos &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return c == '.' || c == '_' || c == '-' ||
                  kLettersAndDigits.find(c) != std::string_view::npos;
         });
}

std::optional<int64_t> ParseVersion(std::string_view version) {
  if (version.empty() || version.size() > kMaxVersionDigits) return std::nullopt;
  if (version.front() == '0' && version.size() > 1) return std::nullopt;
  if (version.find_first_not_of("0123456789") != std::string_view::npos) return std::nullopt;
  int64_t number = 0;
  std::from_chars(version.data(), version.data() + version.size(), number);
  return number;
}

void ModelRegistry::Set(ModelVersion version) {
  const std::optional<int64_t> number = ParseVersion(version.version);
  RECTIFIER_CHECK(number && IsModelName(version.name));
  RECTIFIER_CHECK((version.state == ModelState::kReady) == (version.servable != nullptr));
  if (observers_ != nullptr) {
    version.observer = observers_->RequestsOf(version.name, version.version);
  }
  // The version that was there leaves with `version`, after the lock: its destructor may wait for
  // work that itself looks into the registry.
  MutexLock lock(mutex_);
  if (cleared_) return;
  std::swap(models_[version.name][*number], version);
}

absl::StatusOr<ModelVersion> ModelRegistry::Lookup(std::string_view name,
                                                   std::string_view version) const {
  if (!IsModelName(name)) {
    return InvalidArgument("model name",
                           "expected 1 to {} letters, digits, '.', '_' or '-', got '{}'",
                           kMaxNameLength, Cut(name));
  }
  const std::optional<int64_t> number = ParseVersion(version);
  if (!version.empty() && !number) {
    return InvalidArgument(Place(name, {}), "expected a version of 1 to {} digits, got '{}'",
                           kMaxVersionDigits, Cut(version));
  }
  MutexLock lock(mutex_);
  const auto model = models_.find(name);
  if (model == models_.end()) return NotFound(Place(name, {}), "not found");
  if (version.empty()) return HighestReady(model->second);
  const auto found = model->second.find(*number);
  if (found == model->second.end()) return NotFound(Place(name, version), "not found");
  return found->second;
}

absl::StatusOr<std::shared_ptr<Servable>> ModelRegistry::Find(std::string_view name,
                                                              std::string_view version) const {
  {
    MutexLock lock(mutex_);
    if (cleared_) return ShuttingDown();
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ModelVersion found, Lookup(name, version));
  return ServableOf(found);
}

absl::StatusOr<std::shared_ptr<Servable>> ModelRegistry::ServableOf(const ModelVersion& version) {
  switch (version.state) {
    case ModelState::kReady:
      return version.servable;
    case ModelState::kLoading:
      return ErrorAt(absl::StatusCode::kUnavailable, Place(version.name, version.version),
                     "is still loading");
    case ModelState::kUnavailable:
      break;
  }
  if (version.error.code() == absl::StatusCode::kUnavailable) return version.error;
  return FailedPrecondition(Place(version.name, version.version), "could not be loaded: {}",
                            Reason(version.error));
}

std::vector<ModelVersion> ModelRegistry::List() const {
  MutexLock lock(mutex_);
  std::vector<ModelVersion> list;
  for (const auto& [name, versions] : models_) {
    for (const auto& [number, version] : versions) list.push_back(version);
  }
  return list;
}

void ModelRegistry::Clear() {
  std::vector<std::shared_ptr<Servable>> servables;  // freed after the lock
  MutexLock lock(mutex_);
  cleared_ = true;
  for (auto& [name, versions] : models_) {
    for (auto& [number, version] : versions) {
      servables.push_back(std::move(version.servable));
      version.servable = nullptr;
      version.state = ModelState::kUnavailable;
      version.error = ShuttingDown();
    }
  }
}

}  // namespace rectifier
