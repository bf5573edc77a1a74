#pragma once

#include <span>
#include <string_view>

#include "absl/status/status.h"
#include "server/engine/onednn/program_builder.h"
#include "server/graph/graph.h"

namespace rectifier::onednn {

// How an operator becomes steps. `lower` reads the node's inputs from the builder, adds steps, and
// sets its output; dnnl::error is caught by the caller.
struct Lowering {
  std::string_view op;
  absl::Status (*lower)(const Node& node, ProgramBuilder& builder);
};

std::span<const Lowering> LoweringTable();

// What the table lists, in lower_conv.cc and so on; operators that share their lowering share the
// file.
absl::Status LowerAdd(const Node& node, ProgramBuilder& builder);
absl::Status LowerArgReduce(const Node& node, ProgramBuilder& builder);
absl::Status LowerAveragePool(const Node& node, ProgramBuilder& builder);
absl::Status LowerBatchNormalization(const Node& node, ProgramBuilder& builder);
absl::Status LowerBlocks(const Node& node, ProgramBuilder& builder);
absl::Status LowerCast(const Node& node, ProgramBuilder& builder);
absl::Status LowerClip(const Node& node, ProgramBuilder& builder);
absl::Status LowerConcat(const Node& node, ProgramBuilder& builder);
absl::Status LowerConv(const Node& node, ProgramBuilder& builder);
absl::Status LowerConvTranspose(const Node& node, ProgramBuilder& builder);
absl::Status LowerDiv(const Node& node, ProgramBuilder& builder);
absl::Status LowerElementwise(const Node& node, ProgramBuilder& builder);
absl::Status LowerExpand(const Node& node, ProgramBuilder& builder);
absl::Status LowerGather(const Node& node, ProgramBuilder& builder);
absl::Status LowerGelu(const Node& node, ProgramBuilder& builder);
absl::Status LowerGemm(const Node& node, ProgramBuilder& builder);
absl::Status LowerGlobalAveragePool(const Node& node, ProgramBuilder& builder);
absl::Status LowerGroupNormalization(const Node& node, ProgramBuilder& builder);
absl::Status LowerIdentity(const Node& node, ProgramBuilder& builder);
absl::Status LowerLayerNormalization(const Node& node, ProgramBuilder& builder);
absl::Status LowerLpPool(const Node& node, ProgramBuilder& builder);
absl::Status LowerLrn(const Node& node, ProgramBuilder& builder);
absl::Status LowerMatMul(const Node& node, ProgramBuilder& builder);
absl::Status LowerMaxPool(const Node& node, ProgramBuilder& builder);
absl::Status LowerMul(const Node& node, ProgramBuilder& builder);
absl::Status LowerPad(const Node& node, ProgramBuilder& builder);
absl::Status LowerRectifier(const Node& node, ProgramBuilder& builder);
absl::Status LowerReduce(const Node& node, ProgramBuilder& builder);
absl::Status LowerReshape(const Node& node, ProgramBuilder& builder);
absl::Status LowerResize(const Node& node, ProgramBuilder& builder);
absl::Status LowerSlice(const Node& node, ProgramBuilder& builder);
absl::Status LowerSoftmax(const Node& node, ProgramBuilder& builder);
absl::Status LowerSplit(const Node& node, ProgramBuilder& builder);
absl::Status LowerSub(const Node& node, ProgramBuilder& builder);
absl::Status LowerTile(const Node& node, ProgramBuilder& builder);
absl::Status LowerTranspose(const Node& node, ProgramBuilder& builder);
absl::Status LowerUnary(const Node& node, ProgramBuilder& builder);

}  // namespace rectifier::onednn
