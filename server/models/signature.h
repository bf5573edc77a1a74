#pragma once

#include <string>
#include <vector>

#include "server/core/tensor.h"

namespace rectifier {

// A named input or output of a model. Dimension 0 is kDynamicDim when the model is batched.
struct TensorSpec {
  std::string name;
  TensorType type;
};

// What a model takes and gives.
struct ModelSignature {
  std::string platform;  // the format that it was loaded from: "onnx"
  std::vector<TensorSpec> inputs;
  std::vector<TensorSpec> outputs;
  // Samples in one batch: dimension 0 of every tensor. 0 when the model's shapes are fixed; each
  // request is then run by itself.
  int64_t max_batch = 0;
  int64_t max_samples = 0;  // in one request; 0: max_batch
};

}  // namespace rectifier
