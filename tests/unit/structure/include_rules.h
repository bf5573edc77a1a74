#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace rectifier {

// What one file must not include, as "path:line: reason", one for each such line. `path` is
// relative to the repository, with '/' ("server/graph/graph.cc").
//
// The rules are those of CONTRIBUTING.md: which folder may include which, and which libraries are
// confined to one.
std::vector<std::string> IncludeViolations(std::string_view path, std::string_view text);

}  // namespace rectifier
