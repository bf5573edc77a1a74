#pragma once

#include "server/core/problems.h"
#include "server/models/config/config_section.h"
#include "server/models/config/model_configuration.h"

namespace rectifier {

// Reads `dynamic_batching`; `max_batch` of the configuration is known.
void ReadDynamicBatching(const ConfigSection& section, ModelConfiguration& configuration,
                         Problems& problems);

// Reads `instance_group` of the whole file.
void ReadInstanceGroups(const ConfigSection& file, ModelConfiguration& configuration,
                        Problems& problems);

}  // namespace rectifier
