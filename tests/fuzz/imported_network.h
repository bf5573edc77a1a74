#pragma once

#include "server/graph/graph.h"
#include "server/import/limits.h"
#include "server/import/model_importer.h"

namespace rectifier {

// What the server does with a model file, with bounds that are small enough for a fuzzer: the
// importers' limits, …
ImportLimits SmallLimits();
// … what folds their constants, …
NodeFolder SmallFolder();
// … and what comes after them: passes, compile, run. Nothing is returned: it must neither crash,
// nor trip a sanitizer, nor take long.
void OptimizeAndRun(Graph graph);

}  // namespace rectifier
