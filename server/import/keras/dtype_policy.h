#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "server/core/dtype.h"
#include "server/import/keras/json.h"

namespace rectifier {

// The element type that Keras calls "float32", "uint8", …; nullopt for others ("string").
std::optional<DType> DTypeOfKeras(std::string_view name);

// The type of what a layer with these settings returns, by its setting `dtype`: a type, or a policy
// ("mixed_float16" computes float16). f32 when there is none. UNIMPLEMENTED for quantized layers;
// messages begin with `place`.
absl::StatusOr<DType> ComputedType(const std::string& place, const Json& config);

}  // namespace rectifier
