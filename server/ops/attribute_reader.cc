#include "server/ops/attribute_reader.h"

#include <utility>

#include "server/core/status.h"

namespace rectifier {

template <typename T>
T AttributeReader::Read(std::string_view name, T otherwise, std::string_view type) {
  read_.emplace(name);
  const auto found = attributes_.find(name);
  if (found == attributes_.end()) return otherwise;
  if (const T* value = std::get_if<T>(&found->second)) return *value;
  if (error_.ok()) error_ = InvalidArgument(place_, "attribute {}: expected {}", name, type);
  return otherwise;
}

int64_t AttributeReader::Int(std::string_view name, int64_t otherwise) {
  return Read<int64_t>(name, otherwise, "an integer");
}

bool AttributeReader::Bool(std::string_view name, bool otherwise) {
  const int64_t value = Int(name, otherwise ? 1 : 0);
  if (value != 0 && value != 1 && error_.ok()) {
    error_ = InvalidArgument(place_, "attribute {}: expected 0 or 1, got {}", name, value);
  }
  return value != 0;
}

float AttributeReader::Float(std::string_view name, float otherwise) {
  return Read<float>(name, otherwise, "a float");
}

std::string AttributeReader::String(std::string_view name, std::string otherwise) {
  return Read<std::string>(name, std::move(otherwise), "a string");
}

std::vector<int64_t> AttributeReader::Ints(std::string_view name) {
  return Read<std::vector<int64_t>>(name, {}, "a list of integers");
}

absl::Status AttributeReader::Finish() const {
  RECTIFIER_RETURN_IF_ERROR(error_);
  for (const auto& [name, value] : attributes_) {
    if (!read_.contains(name)) {
      return InvalidArgument(place_, "attribute {} is not one of this operator", name);
    }
  }
  return absl::OkStatus();
}

}  // namespace rectifier
