#pragma once

#include <cstdint>

#include "server/service/service_load.h"

namespace rectifier {

// What is read from the server when its metrics are asked for; the last two since the start.
struct ServerLoad {
  ServiceLoad service;
  int64_t access_log_suppressed = 0;  // lines that its bound left out
  int64_t log_lines_lost = 0;         // because standard error did not take them
};

}  // namespace rectifier
