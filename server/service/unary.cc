#include "server/service/unary.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <string_view>
#include <vector>

#include "server/core/status.h"

namespace rectifier {

absl::Status ParseRequest(const grpc::ByteBuffer& bytes, const WireMessage& wire,
                          google::protobuf::MessageLite& message) {
  {
    std::vector<grpc::Slice> slices;
    if (!bytes.Dump(&slices).ok()) return InvalidArgument(wire.name, "the message cannot be read");
    std::vector<std::string_view> fragments;
    fragments.reserve(slices.size());
    for (const grpc::Slice& slice : slices) {
      fragments.emplace_back(reinterpret_cast<const char*>(slice.begin()), slice.size());
    }
    RECTIFIER_RETURN_IF_ERROR(ScanWire(wire, fragments));
  }
  // The buffer is the call's own, const only by the signature of the handlers. gRPC's parsing
  // clears it likewise: a message is not held twice for as long as its call runs.
  auto& buffer = const_cast<grpc::ByteBuffer&>(bytes);
  bool parsed = false;
  {
    grpc::ProtoBufferReader reader(&buffer);
    parsed = reader.status().ok() && message.ParseFromZeroCopyStream(&reader);
  }
  buffer.Clear();
  if (!parsed) return InvalidArgument(wire.name, "the message cannot be parsed");
  return absl::OkStatus();
}

grpc::ByteBuffer SerializeReply(const google::protobuf::MessageLite& message) {
  const grpc::Slice slice(message.SerializeAsString());
  return grpc::ByteBuffer(&slice, 1);
}

}  // namespace rectifier
