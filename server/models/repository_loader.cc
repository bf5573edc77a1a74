#include "server/models/repository_loader.h"

#include "server/core/status.h"

namespace rectifier {

void ExpectModels(std::span<const RepositoryEntry> entries, ModelRegistry& registry) {
  for (const RepositoryEntry& entry : entries) {
    if (IsModelName(entry.name)) {
      registry.Set({entry.name, entry.version, ModelState::kLoading, {}, nullptr});
    }
  }
}

void LoadRepository(std::span<const RepositoryEntry> entries, const LoadOptions& options,
                    const Clock& clock, ModelRegistry& registry, const MakeServable& make,
                    const std::function<void(const LoadReport&)>& report) {
  for (const RepositoryEntry& entry : entries) {
    const TimePoint start = clock.Now();
    absl::Status status = entry.status;
    ConfiguredModel model;
    if (status.ok()) {
      auto loaded = LoadConfiguredModel(entry.path, options, clock);
      status = loaded.status();
      if (loaded.ok()) model = *std::move(loaded);
    }
    if (options.stop.stop_requested()) return;
    const LoadReport result{entry, status, model.model, clock.Now() - start};
    if (IsModelName(entry.name)) {
      ModelVersion version{entry.name, entry.version, ModelState::kUnavailable, status, nullptr};
      if (status.ok()) {
        version.state = ModelState::kReady;
        version.servable = make(entry, model);
      }
      registry.Set(version);
    }
    report(result);
  }
}

}  // namespace rectifier
