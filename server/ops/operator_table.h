#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "server/ops/node_types.h"

namespace rectifier {

// An operator: how many inputs and outputs it has, and the function that checks a node of it and
// sets its outputs' types. Meaning and attributes are ONNX's newest (opset 17) but where the
// operator's header says otherwise.
struct Operator {
  std::string_view name;
  int min_inputs;
  int max_inputs;
  int max_outputs;
  absl::Status (*infer)(NodeTypes& types);
};

inline constexpr int kAnyNumber = 1 << 30;

// All operators, in alphabetical order.
std::span<const Operator> OperatorTable();

// Whether every element of the result is computed from one of each operand, which broadcast against
// each other: the operators of elementwise.h but Clip and Identity.
bool IsElementwise(const Operator& op);

// Null when there is none of this name.
const Operator* FindOperator(std::string_view name);

}  // namespace rectifier
