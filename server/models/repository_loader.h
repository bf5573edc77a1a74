#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <span>

#include "server/core/clock.h"
#include "server/models/configured_model.h"
#include "server/models/registry.h"
#include "server/models/repository.h"
#include "server/models/served_model.h"

namespace rectifier {

// What became of one entry of a repository.
struct LoadReport {
  const RepositoryEntry& entry;
  absl::Status status;
  std::shared_ptr<const Model> model;  // set iff OK
  Duration load_time{};
};

// Makes what serves a model that has been loaded.
using MakeServable = std::function<std::shared_ptr<Servable>(const RepositoryEntry& entry,
                                                             const ConfiguredModel& model)>;

// Makes the entries known to the registry, as loading: before anybody can ask for them. Entries
// whose name is not a model's are passed over.
void ExpectModels(std::span<const RepositoryEntry> entries, ModelRegistry& registry);

// Loads every entry with its configuration, one after the other, and publishes each in the
// registry: ready when it loaded, unavailable with the reason when it did not. `report` is called
// after each. A model's failure stops nobody else. Entries whose name is not a model's are reported
// only. Once `options.stop` asks for it, the rest is neither loaded nor reported.
void LoadRepository(std::span<const RepositoryEntry> entries, const LoadOptions& options,
                    const Clock& clock, ModelRegistry& registry, const MakeServable& make,
                    const std::function<void(const LoadReport&)>& report);

}  // namespace rectifier
