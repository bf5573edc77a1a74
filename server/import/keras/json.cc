#include "server/import/keras/json.h"

#include "server/core/status.h"

namespace rectifier {

absl::StatusOr<Json> ParseJson(std::string_view place, std::string_view text,
                               const ImportLimits& limits) {
  int64_t values = 0;
  bool too_deep = false;
  const auto look = [&](int depth, Json::parse_event_t /*event*/, Json& /*parsed*/) {
    ++values;
    if (depth > kMaxJsonDepth) too_deep = true;
    // What is not kept costs no memory.
    return !too_deep && values <= limits.max_entries;
  };
  Json json = Json::parse(text, look, /*allow_exceptions=*/false);
  if (too_deep) {
    return InvalidArgument(place, "its JSON is nested more than {} deep", kMaxJsonDepth);
  }
  if (values > limits.max_entries) {
    return ResourceExhausted(place, "its JSON has more than {} values", limits.max_entries);
  }
  if (json.is_discarded()) {
    for (const char* number : {"Infinity", "NaN"}) {
      if (text.find(number) == std::string_view::npos) continue;
      return InvalidArgument(place, "is not JSON: it may be for a setting that is {}", number);
    }
    return InvalidArgument(place, "is not JSON");
  }
  return json;
}

const Json* FindMember(const Json& json, std::string_view name) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(name);
  return found == json.end() || found->is_null() ? nullptr : &*found;
}

std::string_view KindOf(const Json& json) {
  switch (json.type()) {
    case Json::value_t::null:
      return "null";
    case Json::value_t::object:
      return "an object";
    case Json::value_t::array:
      return "a list";
    case Json::value_t::string:
      return "a string";
    case Json::value_t::boolean:
      return "true or false";
    default:
      return "a number";
  }
}

}  // namespace rectifier
