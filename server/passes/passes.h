#pragma once

#include "absl/status/statusor.h"
#include "server/passes/pass.h"

namespace rectifier {

// The passes that PassList() lists, each in a file of its own.
absl::StatusOr<int> FoldConstants(Graph& graph, const PassContext& context);
absl::StatusOr<int> RecognizeNormalizations(Graph& graph, const PassContext& context);
absl::StatusOr<int> RecognizeRectifiers(Graph& graph, const PassContext& context);
absl::StatusOr<int> SimplifyRectifiers(Graph& graph, const PassContext& context);
absl::StatusOr<int> SinkTransposes(Graph& graph, const PassContext& context);
absl::StatusOr<int> RemoveIdentities(Graph& graph, const PassContext& context);
absl::StatusOr<int> FoldBatchNormalization(Graph& graph, const PassContext& context);
absl::StatusOr<int> JoinBiases(Graph& graph, const PassContext& context);
absl::StatusOr<int> ArrangeDepthToSpace(Graph& graph, const PassContext& context);
absl::StatusOr<int> FusePostOps(Graph& graph, const PassContext& context);
absl::StatusOr<int> RemoveDeadCode(Graph& graph, const PassContext& context);

}  // namespace rectifier
