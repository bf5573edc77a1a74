#include "server/service/received_bytes.h"

#include <cstring>
#include <span>

#include "server/core/status.h"

namespace rectifier {
namespace {

ScatteredBytes::Piece PieceOf(const grpc::Slice& slice) {
  // Short slices hold their bytes themselves: it must be this one that is kept.
  return std::as_bytes(std::span(slice.begin(), slice.size()));
}

// Of all the slices together.
std::unique_ptr<std::byte[]> Copy(std::span<const grpc::Slice> slices, size_t size) {
  std::unique_ptr<std::byte[]> copy(new std::byte[size]);  // not zeroed first
  std::byte* to = copy.get();
  for (const grpc::Slice& slice : slices) {
    if (slice.size() == 0) continue;
    std::memcpy(to, slice.begin(), slice.size());
    to += slice.size();
  }
  return copy;
}

}  // namespace

absl::StatusOr<ReceivedBytes> ReceivedBytes::Take(const grpc::ByteBuffer& buffer,
                                                  std::string_view name) {
  ReceivedBytes received;
  if (!buffer.Valid()) return received;  // an empty message
  const size_t size = buffer.Length();
  grpc::Slice single;
  if (size < kSmall && buffer.TrySingleSlice(&single).ok()) {
    received.copy_ = Copy({&single, 1}, size);
  } else {
    if (!buffer.Dump(&received.slices_).ok()) {
      return InvalidArgument(name, "the message cannot be read");
    }
    if (size < kSmall || size / received.slices_.size() < kSmallSlice) {
      received.copy_ = Copy(received.slices_, size);
      received.slices_.clear();
    }
  }
  if (received.copy_ != nullptr) {
    received.bytes_.Append({received.copy_.get(), size});
  } else {
    for (const grpc::Slice& slice : received.slices_) received.bytes_.Append(PieceOf(slice));
  }
  const_cast<grpc::ByteBuffer&>(buffer).Clear();
  return received;
}

void ReceivedBytes::Release() {
  bytes_.Clear();
  slices_ = std::vector<grpc::Slice>();  // its memory, too
  copy_.reset();
}

}  // namespace rectifier
