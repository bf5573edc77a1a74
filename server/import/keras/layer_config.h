#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/import/keras/json.h"

namespace rectifier {

// Reads the settings of a layer by name and type. Keras writes all of them, most of which matter
// only to training, so those that nobody asks for are passed over.
//
// The first error is kept; later reads return their defaults, so that a conversion reads everything
// and the caller looks at the error once. A setting that is null counts as absent. The JSON
// outlives this.
class LayerConfig {
 public:
  LayerConfig(std::string_view place, const Json& json) : place_(place), json_(json) {}

  const std::string& place() const { return place_; }

  bool Has(std::string_view name) const { return FindMember(json_, name) != nullptr; }
  const Json* Find(std::string_view name) const { return FindMember(json_, name); }

  int64_t Int(std::string_view name, int64_t otherwise);
  float Float(std::string_view name, float otherwise);  // finite
  std::optional<float> MaybeFloat(std::string_view name);
  bool Bool(std::string_view name, bool otherwise);
  std::string String(std::string_view name, std::string_view otherwise);

  // A list of integers, or one integer; `otherwise` when absent.
  std::vector<int64_t> Ints(std::string_view name, std::vector<int64_t> otherwise = {});
  // The same with exactly `count` values, of which a single one stands for all. Each is at least
  // `least`.
  std::vector<int64_t> Tuple(std::string_view name, size_t count, int64_t otherwise,
                             int64_t least = 1);
  // Numbers, in lists of any depth or alone, in row-major order.
  std::vector<float> Floats(std::string_view name);

  // True for "channels_first".
  bool ChannelsFirst();

  // INVALID_ARGUMENT for the first setting of a wrong type.
  const absl::Status& error() const { return error_; }

  // `setting` is not as expected.
  absl::Status Wrong(std::string_view name, std::string_view expected) const;

 private:
  void Fail(std::string_view name, std::string_view expected);

  std::string place_;
  const Json& json_;
  absl::Status error_;
};

// All numbers in `json`, in row-major order; nullopt when there is something else in it.
std::optional<std::vector<float>> FlatNumbers(const Json& json);

}  // namespace rectifier
