#pragma once

#include <prometheus/metric_family.h>

#include <vector>

#include "server/metrics/server_load.h"

namespace rectifier {

// `load` as metrics.
std::vector<prometheus::MetricFamily> CollectServerLoad(const ServerLoad& load);

}  // namespace rectifier
