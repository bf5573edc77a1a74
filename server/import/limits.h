#pragma once

#include <cstdint>

#include "server/core/shape.h"

namespace rectifier {

// What a model file may ask for. Model files are untrusted: everything that costs memory or time is
// bounded before it is spent.
struct ImportLimits {
  // Just below 2 GiB: a protobuf message cannot be larger.
  int64_t max_file_bytes = (int64_t{1} << 31) - 1;
  int64_t max_nodes = 100'000;
  int64_t max_initializers = 100'000;
  // Strings and messages that the file is made of. Two bytes of an empty one become hundreds in
  // memory, so they are counted before the file is parsed.
  int64_t max_entries = 4'000'000;
  // All constants together, as the graph holds them.
  int64_t max_constant_bytes = int64_t{4} << 30;
  int64_t max_name_bytes = 1024;
  int max_rank = kMaxRank;
  // NaN in weights. NaN and infinities in slopes are refused whatever this says.
  bool allow_nan = false;
};

}  // namespace rectifier
