#pragma once

#include <cstdint>
#include <string>

#include "server/core/clock.h"
#include "server/models/registry.h"

namespace rectifier {

// What became of loading a version of a model.
struct ModelStatus {
  ModelState state = ModelState::kLoading;
  Duration load_time{};      // how long the load took; not looked at while loading
  int64_t weight_bytes = 0;  // memory that the weights hold
  int64_t programs = 0;      // that were made when it was loaded
  std::string error = "";    // why the load failed; empty when it did not
};

}  // namespace rectifier
