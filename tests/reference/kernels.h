#pragma once

#include <span>
#include <string_view>

#include "server/graph/graph.h"
#include "tests/reference/array.h"

namespace rectifier::reference {

// A node's inputs in order; null where one is left out.
using Inputs = std::span<const Array* const>;

// Computes a node of one operator straight from the operator's definition, slowly and obviously, in
// double. The node has passed InferTypes(): a mistake in it ends the process.
using Kernel = Array (*)(const Node& node, Inputs inputs);

// Null when no operator of this name has a kernel.
Kernel FindKernel(std::string_view op);

// convolution.cc
Array Conv(const Node& node, Inputs inputs);
Array ConvTranspose(const Node& node, Inputs inputs);

// elementwise.cc
Array Add(const Node& node, Inputs inputs);
Array Mul(const Node& node, Inputs inputs);
Array Identity(const Node& node, Inputs inputs);
Array Rectifier(const Node& node, Inputs inputs);
Array Sigmoid(const Node& node, Inputs inputs);
Array Tanh(const Node& node, Inputs inputs);

// matrix.cc
Array Gemm(const Node& node, Inputs inputs);
Array MatMul(const Node& node, Inputs inputs);

// movement.cc
Array Concat(const Node& node, Inputs inputs);
Array Flatten(const Node& node, Inputs inputs);
Array Pad(const Node& node, Inputs inputs);
Array Reshape(const Node& node, Inputs inputs);
Array Transpose(const Node& node, Inputs inputs);

// normalization.cc
Array BatchNormalization(const Node& node, Inputs inputs);
Array Softmax(const Node& node, Inputs inputs);

// pooling.cc
Array AveragePool(const Node& node, Inputs inputs);
Array GlobalAveragePool(const Node& node, Inputs inputs);
Array MaxPool(const Node& node, Inputs inputs);

}  // namespace rectifier::reference
