#pragma once

#include <cstddef>

namespace rectifier::onednn {

// A step that is a plain loop where oneDNN has no primitive. `output` is the memory of the step's
// only operand.
struct FillKernel {
  float value = 0;
  size_t count = 0;

  void Run(std::byte* output) const;
};

}  // namespace rectifier::onednn
