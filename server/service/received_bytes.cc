#include "server/service/received_bytes.h"

#include <grpcpp/support/proto_buffer_reader.h>

#include <cstring>
#include <optional>
#include <span>

#include "server/core/status.h"

namespace rectifier {
namespace {

ScatteredBytes::Piece PieceOf(const grpc::Slice& slice) {
  return std::as_bytes(std::span(slice.begin(), slice.size()));
}

// Calls `visit` with each slice's data and size, and makes nothing for it. False when the buffer
// cannot be read.
template <typename Visit>
bool ForEachSlice(grpc::ByteBuffer& buffer, const Visit& visit) {
  grpc::ProtoBufferReader reader(&buffer);
  if (!reader.status().ok()) return false;
  const void* data = nullptr;
  int size = 0;
  while (reader.Next(&data, &size)) visit(data, static_cast<size_t>(size));
  return true;
}

bool IsToBeCopied(grpc::ByteBuffer& buffer, size_t size) {
  if (size < ReceivedBytes::kSmall) return true;
  size_t slices = 0;
  ForEachSlice(buffer, [&](const void*, size_t) { ++slices; });
  return slices == 0 || size / slices < ReceivedBytes::kSmallSlice;
}

}  // namespace

absl::StatusOr<ReceivedBytes> ReceivedBytes::Take(const grpc::ByteBuffer& of_the_call,
                                                  std::string_view name, ByteBudget& slice_budget) {
  auto& buffer = const_cast<grpc::ByteBuffer&>(of_the_call);
  if (!buffer.Valid()) return InvalidArgument(name, "the message cannot be read");
  ReceivedBytes received;
  const size_t size = buffer.Length();
  std::optional<ByteBudget::Share> held;
  if (!IsToBeCopied(buffer, size)) held = slice_budget.Take(static_cast<int64_t>(size));
  bool whole = false;
  if (!held) {
    received.copy_.reset(new std::byte[size]);  // not zeroed first
    size_t end = 0;
    whole = ForEachSlice(buffer, [&](const void* data, size_t count) {
      if (count > 0) std::memcpy(received.copy_.get() + end, data, count);
      end += count;
    });
    whole = whole && end == size;
    received.bytes_.Append({received.copy_.get(), size});
  } else {
    received.held_ = *std::move(held);
    whole = buffer.Dump(&received.slices_).ok();
    for (const grpc::Slice& slice : received.slices_) received.bytes_.Append(PieceOf(slice));
  }
  if (!whole) return InvalidArgument(name, "the message cannot be read");
  buffer.Clear();
  return received;
}

void ReceivedBytes::Release() {
  bytes_.Clear();
  slices_ = std::vector<grpc::Slice>();  // its memory, too
  held_ = ByteBudget::Share();
  copy_.reset();
}

}  // namespace rectifier
