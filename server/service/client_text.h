#pragma once

#include <string>
#include <string_view>

namespace rectifier {

// `text` cut to at most `max_bytes`, at the boundary of a UTF-8 character.
std::string_view CutText(std::string_view text, size_t max_bytes);

// A name that a client sent, quoted and cut, for an error message: 'images'.
std::string ClientText(std::string_view text);

}  // namespace rectifier
