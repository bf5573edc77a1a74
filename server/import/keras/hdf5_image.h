#pragma once

#include <cstddef>
#include <span>

#include "server/import/keras/hdf5_file.h"

namespace rectifier {

// How to open a file that is `bytes`, which outlives every file that is opened so: the library
// reads them in place, and neither copies nor frees them, nor opens anything by name.
Hdf5Id AccessInPlace(std::span<const std::byte> bytes);

}  // namespace rectifier
