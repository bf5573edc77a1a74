#pragma once

#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace rectifier {

// The graphs, as text, on which an operator is compared with the reference.
struct OperatorCases {
  std::string_view op;
  std::vector<std::string> (*graphs)();
};

inline void PrintTo(const OperatorCases& cases, std::ostream* stream) { *stream << cases.op; }

// One entry for each operator of ops/operator_table.cc; a test sees to that.
std::span<const OperatorCases> AllOperatorCases();

// cases_convolution.cc
std::vector<std::string> ConvCases();
std::vector<std::string> ConvTransposeCases();

// cases_elementwise.cc
std::vector<std::string> AddCases();
std::vector<std::string> MulCases();
std::vector<std::string> BatchNormalizationCases();
std::vector<std::string> IdentityCases();
std::vector<std::string> SigmoidCases();
std::vector<std::string> SoftmaxCases();
std::vector<std::string> TanhCases();

// cases_matrix.cc
std::vector<std::string> GemmCases();
std::vector<std::string> MatMulCases();

// cases_movement.cc
std::vector<std::string> ConcatCases();
std::vector<std::string> FlattenCases();
std::vector<std::string> PadCases();
std::vector<std::string> ReshapeCases();
std::vector<std::string> TransposeCases();

// cases_pooling.cc
std::vector<std::string> AveragePoolCases();
std::vector<std::string> GlobalAveragePoolCases();
std::vector<std::string> MaxPoolCases();

// cases_rectifier.cc
std::vector<std::string> RectifierCases();

}  // namespace rectifier
