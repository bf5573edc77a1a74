#include "server/engine/onednn/kernel.h"

#include <algorithm>

namespace rectifier::onednn {

void FillKernel::Run(std::byte* output) const {
  std::fill_n(reinterpret_cast<float*>(output), count, value);
}

}  // namespace rectifier::onednn
