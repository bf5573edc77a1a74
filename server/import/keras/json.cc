#include "server/import/keras/json.h"

#include <algorithm>
#include <array>
#include <string>

#include "server/core/status.h"

namespace rectifier {
namespace {

constexpr std::array<std::string_view, 3> kNumbersOfPython = {"-Infinity", "Infinity", "NaN"};

// Python writes numbers that JSON does not have. Here they become strings, so that only who needs
// such a number refuses it, by the name of the setting.
std::string WithStringsForThem(std::string_view text) {
  std::string json;
  json.reserve(text.size());
  bool in_string = false;
  while (!text.empty()) {
    size_t length = 1;
    std::string_view quote;
    if (in_string && text[0] == '\\') {
      length = std::min<size_t>(2, text.size());
    } else if (text[0] == '"') {
      in_string = !in_string;
    } else if (!in_string) {
      for (const std::string_view number : kNumbersOfPython) {
        if (!text.starts_with(number)) continue;
        length = number.size();
        quote = "\"";
        break;
      }
    }
    json.append(quote).append(text.substr(0, length)).append(quote);
    text.remove_prefix(length);
  }
  return json;
}

}  // namespace

absl::StatusOr<Json> ParseJson(std::string_view place, std::string_view text,
                               const ImportLimits& limits) {
  std::string changed;
  if (text.find("Infinity") != std::string_view::npos ||
      text.find("NaN") != std::string_view::npos) {
    changed = WithStringsForThem(text);
    text = changed;
  }
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
  if (json.is_discarded()) return InvalidArgument(place, "is not JSON");
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
