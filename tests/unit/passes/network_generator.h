#pragma once

#include <cstdint>
#include <string>

namespace rectifier {

// The text of a random network of the kind that is served: convolutions with and without
// normalizations, rectifiers with every kind of slope, poolings, residual sums, sometimes matrix
// products behind them, and between them what passes are there to take out. Dimension 0 of the
// input is open; some values between are outputs too. The same for the same seed on every platform.
std::string RandomNetwork(uint64_t seed);

}  // namespace rectifier
