#pragma once

#include <memory>

#include "server/engine/batch_split.h"
#include "server/engine/program.h"

namespace rectifier {

// The Program that runs both parts; `rest` is null when there is none. It has the inputs and
// outputs of `bound`.
std::shared_ptr<const Program> JoinSplit(const BatchSplit& split, const Graph& bound,
                                         std::shared_ptr<const Program> front,
                                         std::shared_ptr<const Program> rest);

}  // namespace rectifier
