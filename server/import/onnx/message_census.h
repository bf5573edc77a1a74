#pragma once

#include <string_view>

#include "absl/status/status.h"
#include "server/import/limits.h"

namespace rectifier {

// Walks through the bytes of an ONNX model before they are parsed, without recursion and without
// allocating for what it finds: the message must be whole, not nested too deeply, and of no more
// nodes, initializers and entries than `limits` allow.
//
// INVALID_ARGUMENT for a file that is cut short or damaged, RESOURCE_EXHAUSTED for one above the
// limits; messages begin with `place`.
absl::Status TakeCensus(std::string_view place, std::string_view bytes, const ImportLimits& limits);

// Levels of messages in messages, here and for protobuf's parser.
inline constexpr int kMaxMessageDepth = 64;

}  // namespace rectifier
