#pragma once

#include <google/protobuf/message_lite.h>
#include <grpcpp/grpcpp.h>

#include "absl/status/status.h"
#include "server/service/wire_scan.h"

namespace rectifier {

// Scans `bytes` as `wire` says, then parses them and lets go of them. INVALID_ARGUMENT when they
// are not a message that may be parsed.
//
// Every method of the server takes its request through here: gRPC's own parsing has no caps, and
// answers INTERNAL or UNIMPLEMENTED to what it cannot read. (A call without any message does not
// come as far: gRPC answers INTERNAL.)
absl::Status ParseRequest(const grpc::ByteBuffer& bytes, const WireMessage& wire,
                          google::protobuf::MessageLite& message);

grpc::ByteBuffer SerializeReply(const google::protobuf::MessageLite& message);

}  // namespace rectifier
