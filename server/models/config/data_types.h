#pragma once

#include "proto/model_config.pb.h"
#include "server/core/dtype.h"

namespace rectifier {

// The configuration's name for a tensor's type.
inference::DataType ConfigType(DType dtype);

}  // namespace rectifier
