#pragma once

#include <vector>

#include "server/import/keras/layer_call.h"

namespace rectifier {

// x divided by its Euclidean norm along `axes`, which counts as at least `epsilon`.
absl::StatusOr<ValueId> Normalized(LayerCall& call, ValueId x, const std::vector<int64_t>& axes,
                                   float epsilon);

}  // namespace rectifier
