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
  std::vector<std::string> (*graphs_of)(std::string_view op);  // several operators may share it

  std::vector<std::string> graphs() const { return graphs_of(op); }
};

inline void PrintTo(const OperatorCases& cases, std::ostream* stream) { *stream << cases.op; }

// One entry for each operator of ops/operator_table.cc; a test sees to that.
std::span<const OperatorCases> AllOperatorCases();

// cases_convolution.cc
std::vector<std::string> ConvCases(std::string_view op);
std::vector<std::string> ConvTransposeCases(std::string_view op);

// cases_elementwise.cc
std::vector<std::string> ClipCases(std::string_view op);
std::vector<std::string> ComparisonCases(std::string_view op);
std::vector<std::string> LogicalCases(std::string_view op);
std::vector<std::string> ModCases(std::string_view op);
std::vector<std::string> NumericBinaryCases(std::string_view op);
std::vector<std::string> WhereCases(std::string_view op);

// cases_matrix.cc
std::vector<std::string> GemmCases(std::string_view op);
std::vector<std::string> MatMulCases(std::string_view op);

// cases_movement.cc
std::vector<std::string> ConcatCases(std::string_view op);
std::vector<std::string> FlattenCases(std::string_view op);
std::vector<std::string> PadCases(std::string_view op);
std::vector<std::string> ReshapeCases(std::string_view op);
std::vector<std::string> TransposeCases(std::string_view op);

// cases_normalization.cc
std::vector<std::string> BatchNormalizationCases(std::string_view op);
std::vector<std::string> GroupNormalizationCases(std::string_view op);
std::vector<std::string> LayerNormalizationCases(std::string_view op);
std::vector<std::string> LrnCases(std::string_view op);
std::vector<std::string> SoftmaxCases(std::string_view op);

// cases_pooling.cc
std::vector<std::string> GlobalAveragePoolCases(std::string_view op);
std::vector<std::string> PoolCases(std::string_view op);

// cases_rectifier.cc
std::vector<std::string> RectifierCases(std::string_view op);

// cases_reduction.cc
std::vector<std::string> ArgReduceCases(std::string_view op);
std::vector<std::string> ReduceCases(std::string_view op);

// cases_resize.cc
std::vector<std::string> ResizeCases(std::string_view op);

// cases_selection.cc
std::vector<std::string> BlockCases(std::string_view op);
std::vector<std::string> ExpandCases(std::string_view op);
std::vector<std::string> GatherCases(std::string_view op);
std::vector<std::string> SliceCases(std::string_view op);
std::vector<std::string> SplitCases(std::string_view op);
std::vector<std::string> SqueezeCases(std::string_view op);
std::vector<std::string> TileCases(std::string_view op);
std::vector<std::string> UnsqueezeCases(std::string_view op);

// cases_shapes.cc
std::vector<std::string> NonZeroCases(std::string_view op);
std::vector<std::string> RangeCases(std::string_view op);
std::vector<std::string> ShapeCases(std::string_view op);
std::vector<std::string> SizeCases(std::string_view op);

// cases_unary.cc
std::vector<std::string> CastCases(std::string_view op);
std::vector<std::string> FloatUnaryCases(std::string_view op);
std::vector<std::string> IdentityCases(std::string_view op);
std::vector<std::string> NotCases(std::string_view op);
std::vector<std::string> NumericUnaryCases(std::string_view op);

}  // namespace rectifier
