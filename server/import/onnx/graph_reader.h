#pragma once

#include "absl/status/statusor.h"
#include "server/graph/graph.h"
#include "server/import/model_importer.h"
#include "server/import/onnx/external_data.h"
#include "server/import/onnx/proto_fwd.h"

namespace rectifier {

// What a reader may use besides the message; all of it outlives the reading.
struct ReadOptions {
  const ImportLimits& limits;
  const ExternalData& external;
  const NodeFolder& fold;
};

// Makes a graph, verified and with all types, of a parsed ONNX graph whose nodes are of version
// `opset` of the default domain. Takes the initializers' data out of `proto`.
//
// Errors list everything that was found wrong, one problem a line, each beginning with the node,
// initializer, input or output; problems with the graph as a whole begin with `place`.
absl::StatusOr<Graph> ReadGraph(std::string_view place, onnx::GraphProto& proto, int opset,
                                const ReadOptions& options);

}  // namespace rectifier
