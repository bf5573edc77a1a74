#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <variant>
#include <vector>

namespace rectifier {

using AttributeValue =
    std::variant<int64_t, float, std::string, std::vector<int64_t>, std::vector<float>>;

// The attributes of a node by name, in the order of their names.
using Attributes = std::map<std::string, AttributeValue, std::less<>>;

}  // namespace rectifier
