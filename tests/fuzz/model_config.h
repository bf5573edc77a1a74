#pragma once

#include <string_view>

namespace rectifier {

// What the server does with a config.pbtxt, from its bytes to a queue: it is read, compared with a
// network, described, and batches are queued by it. What it says must be within its bounds, and
// what is described must read as the same (checked).
void ReadAndServeConfig(std::string_view bytes);

}  // namespace rectifier
