#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/import/keras/keras_file.h"
#include "server/import/limits.h"

namespace rectifier {

// What the bytes of a file hold. The file is untrusted, and so are the libraries that read it: this
// is for the parser's process.
//
// Messages begin with `place`, which stands for the file, or name the group or layer.
// INVALID_ARGUMENT: cut short, damaged, of weights alone, of Keras 1's time; UNIMPLEMENTED: a
// filter or an element type; RESOURCE_EXHAUSTED: above the limits, or more than it can hold.
absl::StatusOr<KerasFile> ReadKerasContainer(KerasFormat format, std::string_view place,
                                             std::span<const std::byte> bytes,
                                             const ImportLimits& limits);

}  // namespace rectifier
