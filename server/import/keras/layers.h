#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "server/import/keras/layer_call.h"
#include "server/import/keras/layer_weights.h"

namespace rectifier {

// What a call of a layer becomes, by class, and the weights that the class has with these settings.
// The table is in layer_table.cc. Tensors keep Keras's order of axes; where an operator of the
// graph wants another one, Transposes stand around it, which passes take out again.
//
// Settings that are left out have Keras's defaults. Formulas are those of keras.io/api/layers and
// of Keras's sources, versions 2.15 and 3.15.

// activation_layers.cc
absl::StatusOr<ValueId> ConvertActivation(LayerCall& call);
absl::StatusOr<ValueId> ConvertElu(LayerCall& call);
absl::StatusOr<ValueId> ConvertLeakyRelu(LayerCall& call);
absl::StatusOr<ValueId> ConvertPRelu(LayerCall& call);
absl::StatusOr<ValueId> ConvertRelu(LayerCall& call);
absl::StatusOr<ValueId> ConvertSoftmax(LayerCall& call);
absl::StatusOr<ValueId> ConvertThresholdedRelu(LayerCall& call);
std::vector<WeightSpec> PReluWeights(LayerConfig& config);

// convolution_layers.cc
absl::StatusOr<ValueId> ConvertConv(LayerCall& call, size_t axes);
absl::StatusOr<ValueId> ConvertDepthwiseConv(LayerCall& call, size_t axes);
absl::StatusOr<ValueId> ConvertSeparableConv(LayerCall& call, size_t axes);
absl::StatusOr<ValueId> ConvertConvTranspose(LayerCall& call, size_t axes);
std::vector<WeightSpec> KernelAndBias(LayerConfig& config);
std::vector<WeightSpec> SeparableWeights(LayerConfig& config);

// dense_layers.cc
absl::StatusOr<ValueId> ConvertDense(LayerCall& call);
absl::StatusOr<ValueId> ConvertEmbedding(LayerCall& call);
std::vector<WeightSpec> EmbeddingWeights(LayerConfig& config);

// merging_layers.cc
absl::StatusOr<ValueId> ConvertAverage(LayerCall& call);
absl::StatusOr<ValueId> ConvertConcatenate(LayerCall& call);
absl::StatusOr<ValueId> ConvertDot(LayerCall& call);
absl::StatusOr<ValueId> ConvertMerge(LayerCall& call, std::string_view op);
absl::StatusOr<ValueId> ConvertSubtract(LayerCall& call);

// normalization_layers.cc
absl::StatusOr<ValueId> ConvertBatchNormalization(LayerCall& call);
absl::StatusOr<ValueId> ConvertGroupNormalization(LayerCall& call);
absl::StatusOr<ValueId> ConvertLayerNormalization(LayerCall& call);
absl::StatusOr<ValueId> ConvertNormalization(LayerCall& call);
absl::StatusOr<ValueId> ConvertRescaling(LayerCall& call);
absl::StatusOr<ValueId> ConvertRmsNormalization(LayerCall& call);
absl::StatusOr<ValueId> ConvertUnitNormalization(LayerCall& call);
std::vector<WeightSpec> BatchNormalizationWeights(LayerConfig& config);
std::vector<WeightSpec> NormalizationWeights(LayerConfig& config);
std::vector<WeightSpec> RmsNormalizationWeights(LayerConfig& config);
std::vector<WeightSpec> ScaleAndCenter(LayerConfig& config);

// pooling_layers.cc
absl::StatusOr<ValueId> ConvertPooling(LayerCall& call, std::string_view op, size_t axes);
absl::StatusOr<ValueId> ConvertGlobalPooling(LayerCall& call, std::string_view op, size_t axes);

// reshaping_layers.cc
absl::StatusOr<ValueId> ConvertAugmentation(LayerCall& call);
absl::StatusOr<ValueId> ConvertFlatten(LayerCall& call);
absl::StatusOr<ValueId> ConvertIdentity(LayerCall& call);
absl::StatusOr<ValueId> ConvertPermute(LayerCall& call);
absl::StatusOr<ValueId> ConvertRepeatVector(LayerCall& call);
absl::StatusOr<ValueId> ConvertReshape(LayerCall& call);

// resizing_layers.cc
absl::StatusOr<ValueId> ConvertCenterCrop(LayerCall& call);
absl::StatusOr<ValueId> ConvertCropping(LayerCall& call, size_t axes);
absl::StatusOr<ValueId> ConvertResizing(LayerCall& call);
absl::StatusOr<ValueId> ConvertUpSampling(LayerCall& call, size_t axes);
absl::StatusOr<ValueId> ConvertZeroPadding(LayerCall& call, size_t axes);

inline std::vector<WeightSpec> NoWeights(LayerConfig& /*config*/) { return {}; }

}  // namespace rectifier
