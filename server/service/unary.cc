#include "server/service/unary.h"

#include "server/core/status.h"
#include "server/service/parsed_request.h"
#include "server/service/received_bytes.h"

namespace rectifier {

absl::Status ParseRequest(const grpc::ByteBuffer& bytes, const WireMessage& wire,
                          google::protobuf::MessageLite& message) {
  ByteBudget none(0);  // what is parsed at once
  RECTIFIER_ASSIGN_OR_RETURN(const ReceivedBytes received,
                             ReceivedBytes::Take(bytes, wire.name, none));
  WireParts parts;
  RECTIFIER_RETURN_IF_ERROR(ScanWire(wire, received.bytes(), &parts));
  if (!message.ParseFromString(parts.rest)) return CannotBeParsed(wire.name);
  return absl::OkStatus();
}

grpc::ByteBuffer SerializeReply(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace rectifier
