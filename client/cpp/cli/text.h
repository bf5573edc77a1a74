#pragma once

#include <string>
#include <string_view>

namespace rectifier::client::cli {

// `text` on one line and without control characters, which become '?': what a server or a file name
// says must not drive the terminal.
std::string Printable(std::string_view text);

}  // namespace rectifier::client::cli
