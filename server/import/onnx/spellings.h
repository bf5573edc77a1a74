#pragma once

#include <span>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/import/onnx/node_conversion.h"

namespace rectifier {

// The newest version of ONNX's default operator set that the table knows about.
inline constexpr int kNewestOpset = 23;

// How an operator of ONNX's default domain is written in a range of operator sets, and what turns
// it into the graph's operators.
struct Spelling {
  std::string_view op_type;
  int first_opset;
  int last_opset;
  int min_inputs;
  int max_inputs;
  absl::Status (*convert)(NodeConversion& node);
  int max_outputs = 1;  // that the conversion defines
};

// In alphabetical order, older operator sets first.
std::span<const Spelling> Spellings();

// UNIMPLEMENTED, beginning with `place`, when the table does not have the operator, or not for this
// operator set.
absl::StatusOr<const Spelling*> FindSpelling(std::string_view place, std::string_view op_type,
                                             int opset);

}  // namespace rectifier
