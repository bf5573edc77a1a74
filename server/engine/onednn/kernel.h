#pragma once

#include <cstddef>
#include <functional>
#include <span>

namespace rectifier::onednn {

// A step that is a plain loop (engine/kernels/) where oneDNN has no primitive. It is called with
// the memory of the step's operands, in their order.
using Kernel = std::function<void(std::span<std::byte* const> operands)>;

}  // namespace rectifier::onednn
