#pragma once

#include <string_view>
#include <vector>

#include "server/import/keras/layer_call.h"

namespace rectifier {

// Operations that were applied to the tensors of a network by hand: those of keras.ops as Keras 3
// writes them (the class Maximum), and TensorFlow's as Keras 2 does (TFOpLambda with the function
// math.maximum). Returns all results. UNIMPLEMENTED names one that is not in the table.
absl::StatusOr<std::vector<ValueId>> ConvertOperation(LayerCall& call, std::string_view class_name);

}  // namespace rectifier
