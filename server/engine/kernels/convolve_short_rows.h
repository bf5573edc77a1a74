#pragma once

#include "server/engine/kernels/convolve.h"

namespace rectifier::kernels {

// Convolve() for a shape that HasShortRows(), and nothing to add: as first layers are. It goes
// along each row of y, of which a part reads the rows of x where they lie, or, where windows reach
// over an edge, a copy with zeros around; a tile's products are written out for the length of a row
// of taps.
void ConvolveShortRows(const Convolution& shape, float* y, const float* x,
                       const float* packed_filters, const ConvolutionEnd& end);

}  // namespace rectifier::kernels
