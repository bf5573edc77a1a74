#pragma once

namespace rectifier {

// "0.1.0".
const char* Version();

}  // namespace rectifier
