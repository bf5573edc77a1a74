#include "server/service/received_bytes.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "server/core/status.h"

namespace rectifier {
namespace {

std::string Text(const ReceivedBytes& received) {
  std::string text(received.bytes().size(), '?');
  received.bytes().CopyTo(std::as_writable_bytes(std::span(text)));
  return text;
}

// Every byte is another than the next.
std::string Numbered(size_t size) {
  std::string text(size, '\0');
  for (size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i % 251);
  return text;
}

grpc::ByteBuffer InSlices(const std::string& text, size_t size) {
  std::vector<grpc::Slice> slices;
  for (size_t at = 0; at < text.size(); at += size) {
    slices.emplace_back(text.data() + at, std::min(size, text.size() - at));
  }
  return {slices.data(), slices.size()};
}

ByteBudget& Unlimited() {
  static ByteBudget budget(INT64_MAX);
  return budget;
}

TEST(ReceivedBytesTest, LargeMessagesStayInTheirSlices) {
  const std::string text = Numbered(100'000);
  const grpc::ByteBuffer buffer = InSlices(text, 9000);
  std::vector<grpc::Slice> slices;
  ASSERT_TRUE(buffer.Dump(&slices).ok());
  absl::StatusOr<ReceivedBytes> received = ReceivedBytes::Take(buffer, "m", Unlimited());
  ASSERT_EQ(received.status(), absl::OkStatus());
  const ReceivedBytes moved = *std::move(received);
  EXPECT_EQ(Text(moved), text);
  ASSERT_EQ(moved.bytes().pieces().size(), slices.size());
  for (size_t i = 0; i < slices.size(); ++i) {
    EXPECT_EQ(static_cast<const void*>(moved.bytes().pieces()[i].data()), slices[i].begin());
  }
}

TEST(ReceivedBytesTest, SmallMessagesAndSmallSlicesAreCopiedTogether) {
  for (const auto& [size, slice] : std::vector<std::pair<size_t, size_t>>{
           {1, 1}, {300, 300}, {300, 7}, {16'000, 16'000}, {100'000, 100}}) {
    const std::string text = Numbered(size);
    const grpc::ByteBuffer buffer = InSlices(text, slice);
    std::vector<grpc::Slice> slices;
    ASSERT_TRUE(buffer.Dump(&slices).ok());
    const absl::StatusOr<ReceivedBytes> received = ReceivedBytes::Take(buffer, "m", Unlimited());
    ASSERT_EQ(received.status(), absl::OkStatus());
    EXPECT_EQ(Text(*received), text);
    ASSERT_EQ(received->bytes().pieces().size(), 1u);
    EXPECT_NE(static_cast<const void*>(received->bytes().pieces()[0].data()), slices[0].begin());
  }
}

TEST(ReceivedBytesTest, OnlyOneHoldsThem) {
  const grpc::ByteBuffer buffer = InSlices(Numbered(100'000), 9000);
  absl::StatusOr<ReceivedBytes> received = ReceivedBytes::Take(buffer, "m", Unlimited());
  ASSERT_EQ(received.status(), absl::OkStatus());
  EXPECT_FALSE(buffer.Valid());
  received->Release();
  EXPECT_TRUE(received->bytes().empty());
}

TEST(ReceivedBytesTest, SlicesAreKeptWithinTheBudget) {
  ByteBudget budget(200'000);  // of which a quarter is for small ones
  const std::string text = Numbered(100'000);
  absl::StatusOr<ReceivedBytes> first = ReceivedBytes::Take(InSlices(text, 9000), "m", budget);
  const absl::StatusOr<ReceivedBytes> second =
      ReceivedBytes::Take(InSlices(text, 9000), "m", budget);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_GT(first->bytes().pieces().size(), 1u);
  EXPECT_EQ(second->bytes().pieces().size(), 1u);
  EXPECT_EQ(Text(*second), text);
  EXPECT_EQ(budget.used(), 100'000);
  first->Release();
  EXPECT_EQ(budget.used(), 0);
}

TEST(ReceivedBytesTest, AnEmptyMessageHasNoBytes) {
  const grpc::Slice nothing;
  const grpc::ByteBuffer buffer(&nothing, 1);
  const absl::StatusOr<ReceivedBytes> received = ReceivedBytes::Take(buffer, "m", Unlimited());
  ASSERT_EQ(received.status(), absl::OkStatus());
  EXPECT_TRUE(received->bytes().empty());
  // Nothing is left to be read.
  EXPECT_EQ(Message(ReceivedBytes::Take(buffer, "m", Unlimited()).status()),
            "m: the message cannot be read");
}

}  // namespace
}  // namespace rectifier
