#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "server/graph/graph.h"
#include "server/import/keras/keras_file.h"
#include "server/import/limits.h"
#include "server/import/model_importer.h"

namespace rectifier {

// The network of a file as a graph, verified and with the types of all values. Inputs and outputs
// have the names, element types and order of axes that they have in Keras; values are named by
// their layers. `place` stands for the file in messages; errors are those of ModelImporter.
absl::StatusOr<Graph> ReadKerasNetwork(std::string_view place, KerasFile file,
                                       const ImportLimits& limits, const NodeFolder& fold);

}  // namespace rectifier
