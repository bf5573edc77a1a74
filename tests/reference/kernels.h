#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "server/graph/graph.h"
#include "tests/reference/array.h"

namespace rectifier::reference {

// A node's inputs in order; null where one is left out.
using Inputs = std::span<const Array* const>;

// Computes the outputs of a node of one operator straight from the operator's definition, slowly
// and obviously, in double. The node has passed InferTypes(): a mistake in it ends the process.
using Kernel = std::vector<Array> (*)(const Node& node, Inputs inputs);

// Null when no operator of this name has a kernel.
Kernel FindKernel(std::string_view op);

// convolution.cc
Array Conv(const Node& node, Inputs inputs);
Array ConvTranspose(const Node& node, Inputs inputs);

// elementwise.cc
bool HasFormula(std::string_view op);
Array Elementwise(const Node& node, Inputs inputs);  // the operators that have a formula
Array Cast(const Node& node, Inputs inputs);
Array Clip(const Node& node, Inputs inputs);
Array Where(const Node& node, Inputs inputs);

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
Array GroupNormalization(const Node& node, Inputs inputs);
Array InstanceNormalization(const Node& node, Inputs inputs);
std::vector<Array> LayerNormalization(const Node& node, Inputs inputs);
Array LogSoftmax(const Node& node, Inputs inputs);
Array Lrn(const Node& node, Inputs inputs);
Array Softmax(const Node& node, Inputs inputs);

// pooling.cc
Array AveragePool(const Node& node, Inputs inputs);
Array GlobalAveragePool(const Node& node, Inputs inputs);
Array LpPool(const Node& node, Inputs inputs);
Array MaxPool(const Node& node, Inputs inputs);

// reduction.cc
Array ArgReduce(const Node& node, Inputs inputs);  // ArgMax, ArgMin
Array Reduce(const Node& node, Inputs inputs);     // ReduceSum and its like

// resize.cc
Array Resize(const Node& node, Inputs inputs);

// selection.cc
Array DepthToSpace(const Node& node, Inputs inputs);
Array Expand(const Node& node, Inputs inputs);
Array Gather(const Node& node, Inputs inputs);
Array Slice(const Node& node, Inputs inputs);
Array SpaceToDepth(const Node& node, Inputs inputs);
std::vector<Array> Split(const Node& node, Inputs inputs);
Array Squeeze(const Node& node, Inputs inputs);
Array Tile(const Node& node, Inputs inputs);
Array Unsqueeze(const Node& node, Inputs inputs);

// shapes.cc
Array NonZero(const Node& node, Inputs inputs);
Array Range(const Node& node, Inputs inputs);
Array ShapeOf(const Node& node, Inputs inputs);
Array Size(const Node& node, Inputs inputs);

}  // namespace rectifier::reference
