#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/import/limits.h"

namespace rectifier {

using Json = nlohmann::json;

// Brackets within brackets, in JSON of a file: networks within networks need about four each.
inline constexpr int kMaxJsonDepth = 64;

// The value that `text` spells; Infinity, -Infinity and NaN, which Python writes for numbers, as
// strings. INVALID_ARGUMENT when it is not JSON or nested deeper than
// kMaxJsonDepth, RESOURCE_EXHAUSTED when it has more than limits.max_entries values; messages begin
// with `place`.
absl::StatusOr<Json> ParseJson(std::string_view place, std::string_view text,
                               const ImportLimits& limits);

// The member `name` of an object; null when `json` is no object or has none or a null.
const Json* FindMember(const Json& json, std::string_view name);

// What kind of value it is, for messages: "a number", "a list", …
std::string_view KindOf(const Json& json);

}  // namespace rectifier
