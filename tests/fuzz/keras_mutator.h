#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <vector>

#include "server/import/keras/keras_file.h"

namespace rectifier {

// Changes a Keras file a little, by its structure: a value of its JSON gets another value, a member
// or an element is taken out, doubled or moved, weights get other shapes, names and places. So that
// what comes out is mostly still a network.
class KerasMutator {
 public:
  explicit KerasMutator(uint64_t seed) : random_(seed) {}

  void Mutate(KerasFile& file);

  // The JSON of a file; what is no JSON stays as it is.
  std::string MutatedJson(const std::string& text);

  // The same text with a value of `other`'s in the place of one of its values.
  std::string CrossedJson(const std::string& text, const std::string& other);

 private:
  void MutateJson(nlohmann::json& json);
  void MutateObject(nlohmann::json& object);
  void MutateArray(nlohmann::json& array);
  void MutateValue(nlohmann::json& value);
  void MutateWeights(KerasFile& file);
  int64_t Integer(int64_t old);
  std::string String();
  size_t Below(size_t bound) { return random_() % bound; }

  std::mt19937_64 random_;
  std::vector<std::string> strings_;  // of the JSON
};

}  // namespace rectifier
