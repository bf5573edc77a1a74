#pragma once

#include "server/service/wire_scan.h"

namespace rectifier {

// Entries of each kind that a request may have.
inline constexpr int64_t kMaxTensors = 64;     // inputs; requested outputs
inline constexpr int64_t kMaxParameters = 64;  // of one map

// The requests that the server takes, as ScanWire() knows them.
extern const WireMessage kEmptyWire;      // ServerLive, ServerReady, ServerMetadata
extern const WireMessage kModelNameWire;  // ModelReady, ModelMetadata, ModelConfig, ModelStatistics
extern const WireMessage kRepositoryIndexWire;  // RepositoryIndex
extern const WireMessage kModelInferWire;       // ModelInfer
extern const WireMessage kHealthCheckWire;      // grpc.health.v1: Check, Watch

}  // namespace rectifier
