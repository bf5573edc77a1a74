#include "server/core/status.h"
#include "server/import/keras/activations.h"
#include "server/import/keras/layers.h"

namespace rectifier {

// x · kernel + bias over the last axis; the kernel is [in, units].
absl::StatusOr<ValueId> ConvertDense(LayerCall& call) {
  const int64_t units = call.config().Int("units", call.config().Int("output_dim", 0));
  const bool use_bias = call.config().Bool("use_bias", true);
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  RECTIFIER_ASSIGN_OR_RETURN(x, call.AsFloat(x));
  const int rank = call.rank(x);
  if (units < 1) return call.config().Wrong("units", "a number from 1 on");
  if (rank < 2) {
    return InvalidArgument(call.place(), "expected an input of rank 2 or more, got shape {}",
                           call.shape(x).ToString());
  }
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t features, call.KnownDim(x, rank - 1));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId kernel,
                             call.WeightConstant("kernel", Shape{features, units}));
  std::vector<ValueId> inputs = {x, kernel};
  if (use_bias) {
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId bias, call.WeightConstant("bias", Shape{units}));
    inputs.push_back(bias);
  }
  if (rank == 2 && use_bias) {
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId y, call.Add("Gemm", std::move(inputs)));
    return ApplyActivationSetting(call, y);
  }
  RECTIFIER_ASSIGN_OR_RETURN(ValueId y, call.Add("MatMul", {x, kernel}));
  if (use_bias) {
    RECTIFIER_ASSIGN_OR_RETURN(y, call.Add("Add", {y, inputs[2]}));
  }
  return ApplyActivationSetting(call, y);
}

// Rows of a table, by their numbers.
absl::StatusOr<ValueId> ConvertEmbedding(LayerCall& call) {
  const int64_t rows = call.config().Int("input_dim", 0);
  const int64_t columns = call.config().Int("output_dim", 0);
  if (call.config().Bool("mask_zero", false)) {
    return Unimplemented(call.place(), "mask_zero: masks are not supported");
  }
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, call.Input());
  if (rows < 1 || columns < 1) {
    return InvalidArgument(call.place(), "input_dim and output_dim: expected numbers from 1 on");
  }
  if (call.dtype(x) != DType::kInt64 && call.dtype(x) != DType::kInt32) {
    RECTIFIER_ASSIGN_OR_RETURN(x,
                               call.Add("Cast", {x}, {{"to", std::string(Name(DType::kInt64))}}));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId table,
                             call.WeightConstant("embeddings", Shape{rows, columns}));
  return call.Add("Gather", {table, x});
}

std::vector<WeightSpec> EmbeddingWeights(LayerConfig& /*config*/) { return {{"embeddings"}}; }

}  // namespace rectifier
