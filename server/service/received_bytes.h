#pragma once

#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/slice.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/scattered_bytes.h"
#include "server/service/byte_budget.h"

namespace rectifier {

// The bytes of one message, from when gRPC has received them until this is freed.
//
// Large messages stay in gRPC's slices. Small ones, and those in many small slices, are copied
// together: a slice keeps the buffer that gRPC has read it into, with whatever else came with it.
// So are those for which a budget has no room: slices are part of gRPC's memory quota, and gRPC
// cancels calls when that is used up.
class ReceivedBytes {
 public:
  static constexpr size_t kSmall = 16 << 10;      // a message that is copied
  static constexpr size_t kSmallSlice = 1 << 10;  // on average, of a message that is copied

  ReceivedBytes() = default;

  // Takes the bytes out of the buffer, so that they are not held twice: it is the call's own, const
  // only by the signature of the handlers, and gRPC's parsing clears it likewise. INVALID_ARGUMENT,
  // of the message `name`, when they cannot be read. The budget outlives what is returned.
  static absl::StatusOr<ReceivedBytes> Take(const grpc::ByteBuffer& of_the_call,
                                            std::string_view name, ByteBudget& slice_budget);

  // Valid for as long as this, also when this is moved.
  const ScatteredBytes& bytes() const { return bytes_; }

  // Lets go of them; there are none then.
  void Release();

 private:
  std::unique_ptr<std::byte[]> copy_;
  std::vector<grpc::Slice> slices_;
  ByteBudget::Share held_;  // of the slices
  ScatteredBytes bytes_;
};

}  // namespace rectifier
