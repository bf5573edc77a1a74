#pragma once

#include <initializer_list>
#include <string_view>
#include <vector>

#include "server/import/keras/layer_call.h"

namespace rectifier {

// The names that an argument goes by in keras.ops and in TensorFlow.
using ArgumentNames = std::initializer_list<std::string_view>;

// An argument that is computed with: a tensor, or a number or list that stands in the file, which
// becomes a constant of the type `like` (f32 when that is none of a number's).
absl::StatusOr<ValueId> Operand(LayerCall& call, size_t position, ArgumentNames names,
                                DType like = DType::kFloat32);

// The first argument, by any of the names that it goes by.
absl::StatusOr<ValueId> FirstOperand(LayerCall& call);

// Two operands of one type: a number takes the other's, and of two types both become f32.
struct Pair {
  ValueId a;
  ValueId b;
};
absl::StatusOr<Pair> Operands(LayerCall& call, size_t first, ArgumentNames a, ArgumentNames b);

// All tensors of an argument that is a list.
absl::StatusOr<std::vector<ValueId>> OperandList(LayerCall& call, size_t position,
                                                 ArgumentNames names);

// A value that says how: of a keyword, an argument, or of the operation's settings. Null when it is
// left out.
const Json* FindOption(LayerCall& call, size_t position, ArgumentNames names);

// The same as integers (one, or a list), a number, or true and false; nullopt when left out.
absl::StatusOr<std::optional<std::vector<int64_t>>> IntsOption(LayerCall& call, size_t position,
                                                               ArgumentNames names);
absl::StatusOr<std::optional<float>> FloatOption(LayerCall& call, size_t position,
                                                 ArgumentNames names);
absl::StatusOr<bool> BoolOption(LayerCall& call, size_t position, ArgumentNames names,
                                bool otherwise);

}  // namespace rectifier
