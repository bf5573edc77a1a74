#pragma once

#include <fmt/format.h>

#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"

namespace rectifier {

// A node, and what InferTypes() says of it.
//
// The operands are %a, %b, … in their order: a type alone is a graph input, a type and a value
// ("i64[2] = [0, -1]") a constant. The node gives %y.
struct OperatorCase {
  std::string claim;
  std::vector<std::string> operands;
  std::string node;  // "Add(%a, %b)"
  std::string want;  // the type of %y: "f32[?, 2]"; of a refusal, what follows "y (Add): "
  absl::StatusCode code = absl::StatusCode::kInvalidArgument;  // of a refusal

  std::string op() const { return node.substr(0, node.find('(')); }

  std::string graph() const {
    std::string text;
    for (size_t i = 0; i < operands.size(); ++i) {
      const bool constant = operands[i].find('=') != std::string::npos;
      text += fmt::format("{} %{}: {}\n", constant ? "const" : "input", static_cast<char>('a' + i),
                          operands[i]);
    }
    return text + "%y = " + node + "\noutput %y\n";
  }
};

inline void PrintTo(const OperatorCase& test, std::ostream* out) { *out << test.graph(); }

struct OperatorCases {
  std::vector<OperatorCase> accepted;
  std::vector<OperatorCase> refused;
  // Accepted too, but the shape of the result depends on values that are not known here.
  std::vector<OperatorCase> computed = {};
};

OperatorCases ConvolutionCases();
OperatorCases ElementwiseCases();
OperatorCases FamilyCases();
OperatorCases MatrixCases();
OperatorCases MovementCases();
OperatorCases NormalizationCases();
OperatorCases PadCases();
OperatorCases PoolingCases();
OperatorCases ResizeCases();
OperatorCases SelectionCases();
OperatorCases ShapeCases();

}  // namespace rectifier
