#include "server/import/keras/layer_config.h"

#include <cmath>
#include <limits>

#include "server/core/printable.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

// The value of a JSON integer that fits, or of a float that is one (JSON of other writers).
std::optional<int64_t> AsInteger(const Json& json) {
  if (json.is_number_unsigned()) {
    const auto value = json.get<uint64_t>();
    if (value > static_cast<uint64_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
    return static_cast<int64_t>(value);
  }
  if (json.is_number_integer()) return json.get<int64_t>();
  if (json.is_number_float()) {
    const double value = json.get<double>();
    if (value == std::floor(value) && std::abs(value) < 1e15) return static_cast<int64_t>(value);
  }
  return std::nullopt;
}

std::optional<float> AsFloat(const Json& json) {
  if (!json.is_number()) return std::nullopt;
  const auto value = static_cast<float>(json.get<double>());
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

std::string Shown(const Json& json) {
  if (json.is_string()) return fmt::format("'{}'", Printable(json.get<std::string>()));
  if (json.is_primitive()) return json.dump();
  return std::string(KindOf(json));
}

}  // namespace

absl::Status LayerConfig::Wrong(std::string_view name, std::string_view expected) const {
  const Json* found = Find(name);
  return InvalidArgument(place_, "{}: expected {}, got {}", name, expected,
                         found == nullptr ? "nothing" : Shown(*found));
}

void LayerConfig::Fail(std::string_view name, std::string_view expected) {
  if (error_.ok()) error_ = Wrong(name, expected);
}

int64_t LayerConfig::Int(std::string_view name, int64_t otherwise) {
  const Json* found = Find(name);
  if (found == nullptr) return otherwise;
  if (const auto value = AsInteger(*found)) return *value;
  Fail(name, "an integer");
  return otherwise;
}

std::optional<float> LayerConfig::MaybeFloat(std::string_view name) {
  const Json* found = Find(name);
  if (found == nullptr) return std::nullopt;
  const auto value = AsFloat(*found);
  if (!value) Fail(name, "a finite number");
  return value;
}

float LayerConfig::Float(std::string_view name, float otherwise) {
  return MaybeFloat(name).value_or(otherwise);
}

bool LayerConfig::Bool(std::string_view name, bool otherwise) {
  const Json* found = Find(name);
  if (found == nullptr) return otherwise;
  if (found->is_boolean()) return found->get<bool>();
  Fail(name, "true or false");
  return otherwise;
}

std::string LayerConfig::String(std::string_view name, std::string_view otherwise) {
  const Json* found = Find(name);
  if (found == nullptr) return std::string(otherwise);
  if (found->is_string()) return found->get<std::string>();
  Fail(name, "a string");
  return std::string(otherwise);
}

std::vector<int64_t> LayerConfig::Ints(std::string_view name, std::vector<int64_t> otherwise) {
  const Json* found = Find(name);
  if (found == nullptr) return otherwise;
  if (const auto value = AsInteger(*found)) return {*value};
  std::vector<int64_t> values;
  bool all = found->is_array();
  for (size_t i = 0; all && i < found->size(); ++i) {
    const auto value = AsInteger((*found)[i]);
    if (value) values.push_back(*value);
    all = value.has_value();
  }
  if (all) return values;
  Fail(name, "integers");
  return otherwise;
}

std::vector<int64_t> LayerConfig::Tuple(std::string_view name, size_t count, int64_t otherwise,
                                        int64_t least) {
  std::vector<int64_t> values = Ints(name, {otherwise});
  // Keras reads one value as the same for all axes.
  if (values.size() == 1) values.resize(count, values[0]);
  bool in_range = values.size() == count;
  for (const int64_t value : values) {
    in_range = in_range && value >= least && value <= std::numeric_limits<int32_t>::max();
  }
  if (in_range) return values;
  Fail(name, fmt::format("{} integers from {} on", count, least));
  return std::vector<int64_t>(count, otherwise);
}

std::vector<float> LayerConfig::Floats(std::string_view name) {
  const Json* found = Find(name);
  if (found == nullptr) return {};
  if (auto values = FlatNumbers(*found)) return *std::move(values);
  Fail(name, "finite numbers");
  return {};
}

bool LayerConfig::ChannelsFirst() {
  const std::string format = String("data_format", "channels_last");
  if (format != "channels_first" && format != "channels_last") {
    Fail("data_format", "channels_last or channels_first");
  }
  return format == "channels_first";
}

std::optional<std::vector<float>> FlatNumbers(const Json& json) {
  std::vector<float> values;
  std::vector<const Json*> left = {&json};
  while (!left.empty()) {
    const Json* next = left.back();
    left.pop_back();
    if (next->is_array()) {
      for (size_t i = next->size(); i-- > 0;) left.push_back(&(*next)[i]);
    } else if (const auto value = AsFloat(*next)) {
      values.push_back(*value);
    } else {
      return std::nullopt;
    }
  }
  return values;
}

}  // namespace rectifier
