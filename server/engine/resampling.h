#pragma once

#include "server/engine/kernels/along_axis.h"
#include "server/ops/resize.h"

namespace rectifier {

// How one dimension is resampled: for each of its new positions the elements that it is made of
// (the formulas are ONNX's, of operator Resize).
kernels::Resampling Resample(const ResizeAttributes& attributes, const ResizedDim& dim);

// The same for mode nearest, where that is one element each; −1 where it lies outside.
std::vector<int64_t> NearestIndices(const ResizeAttributes& attributes, const ResizedDim& dim);

}  // namespace rectifier
