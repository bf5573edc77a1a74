#pragma once

#include <cstdint>

namespace rectifier {

// What the service holds for its clients at one moment.
struct ServiceLoad {
  int64_t unsent_reply_bytes = 0;  // of replies that are being made or wait for their clients
  int64_t max_unsent_reply_bytes = 0;
  int64_t replies_refused = 0;  // requests for whose replies there was no room, since the start
  int64_t open_streams = 0;
};

}  // namespace rectifier
