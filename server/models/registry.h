#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/mutex.h"
#include "server/models/servable.h"
#include "server/models/version_observer.h"

namespace rectifier {

enum class ModelState { kLoading, kReady, kUnavailable };

// "LOADING", "READY", "UNAVAILABLE".
std::string_view Name(ModelState state);

// ^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$: what a model may be called, on disk and on the wire.
bool IsModelName(std::string_view name);

// The number of a version: 1 to 18 digits without leading zeros ("0" itself is one); else nullopt.
std::optional<int64_t> ParseVersion(std::string_view version);

// A version of a model as the registry knows it.
struct ModelVersion {
  std::string name;
  std::string version;
  ModelState state = ModelState::kLoading;
  absl::Status error;                  // why it is kUnavailable
  std::shared_ptr<Servable> servable;  // set iff kReady
  // What its requests report to: the registry's to fill in. Null: nobody watches.
  std::shared_ptr<VersionObserver> observer = nullptr;
};

// The registry maps names and versions to what serves them. Names are looked up, never made into
// paths.
//
// Threading: safe from any thread. A handle that Find() or Lookup() returned stays usable after the
// version was replaced; the version is freed with its last handle, never under the registry's lock.
class ModelRegistry {
 public:
  // `observers` outlives it; null: nobody watches the requests.
  explicit ModelRegistry(VersionObservers* observers = nullptr) : observers_(observers) {}

  // Adds or replaces a version. The name and the version must be well formed (checked). After
  // Clear() it does nothing.
  void Set(ModelVersion version);

  // The version in whatever state it is. When `version` is empty: the model's highest that is
  // ready, or its highest when none is. INVALID_ARGUMENT for a name or version that is not well
  // formed, NOT_FOUND for one that is not known.
  absl::StatusOr<ModelVersion> Lookup(std::string_view name, std::string_view version) const;

  // What serves the version that Lookup() gives. Its errors, and UNAVAILABLE while the version is
  // loading or the server shuts down, FAILED_PRECONDITION with the reason when it could not be
  // loaded.
  absl::StatusOr<std::shared_ptr<Servable>> Find(std::string_view name,
                                                 std::string_view version) const;

  // Of a version that Lookup() gave: its servable, or why it has none.
  static absl::StatusOr<std::shared_ptr<Servable>> ServableOf(const ModelVersion& version);

  // Every version, ordered by name, then by number.
  std::vector<ModelVersion> List() const;

  // Lets go of every servable, for shutdown: later calls to Find() say UNAVAILABLE for every name.
  void Clear();

 private:
  VersionObservers* const observers_;
  mutable Mutex mutex_;
  bool cleared_ RECTIFIER_GUARDED_BY(mutex_) = false;
  // By name, then by version number (versions are digits).
  std::map<std::string, std::map<int64_t, ModelVersion>, std::less<>> models_
      RECTIFIER_GUARDED_BY(mutex_);
};

}  // namespace rectifier
