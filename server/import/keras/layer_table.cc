#include "server/import/keras/layer_table.h"

#include <algorithm>
#include <array>

#include "server/import/keras/activations.h"
#include "server/import/keras/layers.h"

namespace rectifier {
namespace {

// A conversion of layers that differ in their number of spatial dimensions.
template <absl::StatusOr<ValueId> (*convert)(LayerCall&, size_t), size_t axes>
absl::StatusOr<ValueId> Spatial(LayerCall& call) {
  return convert(call, axes);
}

constexpr char kAdd[] = "Add";
constexpr char kAveragePool[] = "AveragePool";
constexpr char kMax[] = "Max";
constexpr char kMaxPool[] = "MaxPool";
constexpr char kMin[] = "Min";
constexpr char kMul[] = "Mul";
constexpr char kReduceMax[] = "ReduceMax";
constexpr char kReduceMean[] = "ReduceMean";

template <const char* op>
absl::StatusOr<ValueId> Merge(LayerCall& call) {
  return ConvertMerge(call, op);
}

template <const char* op, size_t axes>
absl::StatusOr<ValueId> Pool(LayerCall& call) {
  return ConvertPooling(call, op, axes);
}

template <const char* op, size_t axes>
absl::StatusOr<ValueId> GlobalPool(LayerCall& call) {
  return ConvertGlobalPooling(call, op, axes);
}

constexpr bool kTrains = true;

constexpr std::array kLayers = {
    KerasLayer{"Activation", ConvertActivation, ActivationWeights},
    KerasLayer{"ActivityRegularization", ConvertIdentity, NoWeights},
    KerasLayer{"Add", Merge<kAdd>, NoWeights},
    KerasLayer{"AlphaDropout", ConvertIdentity, NoWeights, kTrains},
    KerasLayer{"AugMix", ConvertAugmentation, NoWeights},
    KerasLayer{"Average", ConvertAverage, NoWeights},
    KerasLayer{"AveragePooling1D", Pool<kAveragePool, 1>, NoWeights},
    KerasLayer{"AveragePooling2D", Pool<kAveragePool, 2>, NoWeights},
    KerasLayer{"AveragePooling3D", Pool<kAveragePool, 3>, NoWeights},
    KerasLayer{"BatchNormalization", ConvertBatchNormalization, BatchNormalizationWeights, kTrains},
    KerasLayer{"CenterCrop", ConvertCenterCrop, NoWeights},
    KerasLayer{"Concatenate", ConvertConcatenate, NoWeights},
    KerasLayer{"Conv1D", Spatial<ConvertConv, 1>, KernelAndBias},
    KerasLayer{"Conv1DTranspose", Spatial<ConvertConvTranspose, 1>, KernelAndBias},
    KerasLayer{"Conv2D", Spatial<ConvertConv, 2>, KernelAndBias},
    KerasLayer{"Conv2DTranspose", Spatial<ConvertConvTranspose, 2>, KernelAndBias},
    KerasLayer{"Conv3D", Spatial<ConvertConv, 3>, KernelAndBias},
    KerasLayer{"Conv3DTranspose", Spatial<ConvertConvTranspose, 3>, KernelAndBias},
    KerasLayer{"Cropping1D", Spatial<ConvertCropping, 1>, NoWeights},
    KerasLayer{"Cropping2D", Spatial<ConvertCropping, 2>, NoWeights},
    KerasLayer{"Cropping3D", Spatial<ConvertCropping, 3>, NoWeights},
    KerasLayer{"CutMix", ConvertAugmentation, NoWeights},
    KerasLayer{"Dense", ConvertDense, KernelAndBias},
    KerasLayer{"DepthwiseConv1D", Spatial<ConvertDepthwiseConv, 1>, KernelAndBias},
    KerasLayer{"DepthwiseConv2D", Spatial<ConvertDepthwiseConv, 2>, KernelAndBias},
    KerasLayer{"Dot", ConvertDot, NoWeights},
    KerasLayer{"Dropout", ConvertIdentity, NoWeights, kTrains},
    KerasLayer{"ELU", ConvertElu, NoWeights},
    KerasLayer{"Embedding", ConvertEmbedding, EmbeddingWeights},
    KerasLayer{"Flatten", ConvertFlatten, NoWeights},
    KerasLayer{"GaussianDropout", ConvertIdentity, NoWeights, kTrains},
    KerasLayer{"GaussianNoise", ConvertIdentity, NoWeights, kTrains},
    KerasLayer{"GlobalAveragePooling1D", GlobalPool<kReduceMean, 1>, NoWeights},
    KerasLayer{"GlobalAveragePooling2D", GlobalPool<kReduceMean, 2>, NoWeights},
    KerasLayer{"GlobalAveragePooling3D", GlobalPool<kReduceMean, 3>, NoWeights},
    KerasLayer{"GlobalMaxPooling1D", GlobalPool<kReduceMax, 1>, NoWeights},
    KerasLayer{"GlobalMaxPooling2D", GlobalPool<kReduceMax, 2>, NoWeights},
    KerasLayer{"GlobalMaxPooling3D", GlobalPool<kReduceMax, 3>, NoWeights},
    KerasLayer{"GroupNormalization", ConvertGroupNormalization, ScaleAndCenter},
    KerasLayer{"Identity", ConvertIdentity, NoWeights},
    KerasLayer{"LayerNormalization", ConvertLayerNormalization, ScaleAndCenter},
    KerasLayer{"LeakyReLU", ConvertLeakyRelu, NoWeights},
    KerasLayer{"MaxPooling1D", Pool<kMaxPool, 1>, NoWeights},
    KerasLayer{"MaxPooling2D", Pool<kMaxPool, 2>, NoWeights},
    KerasLayer{"MaxPooling3D", Pool<kMaxPool, 3>, NoWeights},
    KerasLayer{"Maximum", Merge<kMax>, NoWeights},
    KerasLayer{"Minimum", Merge<kMin>, NoWeights},
    KerasLayer{"MixUp", ConvertAugmentation, NoWeights},
    KerasLayer{"Multiply", Merge<kMul>, NoWeights},
    KerasLayer{"Normalization", ConvertNormalization, NormalizationWeights},
    KerasLayer{"PReLU", ConvertPRelu, PReluWeights},
    KerasLayer{"Permute", ConvertPermute, NoWeights},
    KerasLayer{"RMSNormalization", ConvertRmsNormalization, RmsNormalizationWeights},
    KerasLayer{"RandAugment", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomBrightness", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomColorDegeneration", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomColorJitter", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomContrast", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomElasticTransform", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomErasing", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomFlip", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomGaussianBlur", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomGrayscale", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomHeight", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomHue", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomInvert", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomPerspective", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomPosterization", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomRotation", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomSaturation", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomSharpness", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomShear", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomTranslation", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomWidth", ConvertAugmentation, NoWeights},
    KerasLayer{"RandomZoom", ConvertAugmentation, NoWeights},
    KerasLayer{"ReLU", ConvertRelu, NoWeights},
    KerasLayer{"RepeatVector", ConvertRepeatVector, NoWeights},
    KerasLayer{"Rescaling", ConvertRescaling, NoWeights},
    KerasLayer{"Reshape", ConvertReshape, NoWeights},
    KerasLayer{"Resizing", ConvertResizing, NoWeights},
    KerasLayer{"SeparableConv1D", Spatial<ConvertSeparableConv, 1>, SeparableWeights},
    KerasLayer{"SeparableConv2D", Spatial<ConvertSeparableConv, 2>, SeparableWeights},
    KerasLayer{"Softmax", ConvertSoftmax, NoWeights},
    KerasLayer{"SpatialDropout1D", ConvertIdentity, NoWeights, kTrains},
    KerasLayer{"SpatialDropout2D", ConvertIdentity, NoWeights, kTrains},
    KerasLayer{"SpatialDropout3D", ConvertIdentity, NoWeights, kTrains},
    KerasLayer{"Subtract", ConvertSubtract, NoWeights},
    KerasLayer{"ThresholdedReLU", ConvertThresholdedRelu, NoWeights},
    KerasLayer{"UnitNormalization", ConvertUnitNormalization, NoWeights},
    KerasLayer{"UpSampling1D", Spatial<ConvertUpSampling, 1>, NoWeights},
    KerasLayer{"UpSampling2D", Spatial<ConvertUpSampling, 2>, NoWeights},
    KerasLayer{"UpSampling3D", Spatial<ConvertUpSampling, 3>, NoWeights},
    KerasLayer{"ZeroPadding1D", Spatial<ConvertZeroPadding, 1>, NoWeights},
    KerasLayer{"ZeroPadding2D", Spatial<ConvertZeroPadding, 2>, NoWeights},
    KerasLayer{"ZeroPadding3D", Spatial<ConvertZeroPadding, 3>, NoWeights},
};

struct Refusal {
  std::string_view class_name;
  std::string_view why;
};

constexpr std::string_view kRecurrent = "recurrent layers are not supported";

constexpr std::array kRefusals = {
    Refusal{"Bidirectional", kRecurrent},
    Refusal{"ConvLSTM1D", kRecurrent},
    Refusal{"ConvLSTM2D", kRecurrent},
    Refusal{"ConvLSTM3D", kRecurrent},
    Refusal{"GRU", kRecurrent},
    Refusal{"LSTM", kRecurrent},
    Refusal{"Lambda",
            "it holds code, which is never run; the same written with layers or keras.ops can be "
            "served"},
    Refusal{"Masking", "masks are not supported"},
    Refusal{"RNN", kRecurrent},
    Refusal{"SimpleRNN", kRecurrent},
};

}  // namespace

std::span<const KerasLayer> KerasLayers() { return kLayers; }

const KerasLayer* FindKerasLayer(std::string_view class_name) {
  const auto found = std::find_if(kLayers.begin(), kLayers.end(), [&](const KerasLayer& layer) {
    return layer.class_name == class_name;
  });
  return found == kLayers.end() ? nullptr : &*found;
}

std::string_view WhyRefused(std::string_view class_name) {
  for (const Refusal& refusal : kRefusals) {
    if (refusal.class_name == class_name) return refusal.why;
  }
  return "the class is not supported";
}

}  // namespace rectifier
