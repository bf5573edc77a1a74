// What a request's bytes may become in memory. A program of its own, because it counts every
// allocation of the process.

#include <gtest/gtest.h>
#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "proto/inference.pb.h"
#include "server/service/unary.h"
#include "server/service/wire_messages.h"

namespace {

// Bytes of the blocks that are allocated, and the most that they were.
struct Allocated {
  std::atomic<int64_t> held = 0;
  std::atomic<int64_t> peak = 0;
};

Allocated& OfTheProcess() {
  static constinit Allocated allocated;
  return allocated;
}

void* Allocate(size_t size) {
  void* block = std::malloc(std::max<size_t>(size, 1));
  if (block == nullptr) throw std::bad_alloc();
  auto& [held, peak] = OfTheProcess();
  const int64_t now = held += static_cast<int64_t>(malloc_usable_size(block));
  int64_t seen = peak;
  while (seen < now && !peak.compare_exchange_weak(seen, now)) continue;
  return block;
}

void Free(void* block) {
  if (block == nullptr) return;
  OfTheProcess().held -= static_cast<int64_t>(malloc_usable_size(block));
  std::free(block);
}

}  // namespace

void* operator new(size_t size) { return Allocate(size); }
void* operator new[](size_t size) { return Allocate(size); }
void operator delete(void* block) noexcept { Free(block); }
void operator delete[](void* block) noexcept { Free(block); }
void operator delete(void* block, size_t /*size*/) noexcept { Free(block); }
void operator delete[](void* block, size_t /*size*/) noexcept { Free(block); }

namespace rectifier {
namespace {

constexpr int64_t kMegabyte = 1 << 20;
constexpr double kMostTimes = 16;

std::string Repeat(std::string_view piece, int64_t bytes) {
  std::string text;
  text.reserve(static_cast<size_t>(bytes) + piece.size());
  while (static_cast<int64_t>(text.size()) < bytes) text += piece;
  return text;
}

std::string Field(int number, std::string_view bytes) {
  std::string text(1, static_cast<char>(number << 3 | 2));
  uint64_t length = bytes.size();
  for (; length >= 0x80; length >>= 7) text += static_cast<char>((length & 0x7F) | 0x80);
  text += static_cast<char>(length);
  return text.append(bytes);
}

std::string Contents(std::string_view fields) { return Field(5, Field(5, fields)); }

// The most that is allocated while `bytes` are scanned and parsed, in parts of their length.
template <typename Request>
double Amplification(const std::string& bytes, const WireMessage& wire) {
  const grpc::Slice slice(bytes);
  const grpc::ByteBuffer buffer(&slice, 1);
  Request request;
  auto& [held, peak] = OfTheProcess();
  const int64_t before = held;
  peak = before;
  static_cast<void>(ParseRequest(buffer, wire, request));
  return static_cast<double>(peak - before) / static_cast<double>(bytes.size());
}

// Packed integers of 64 bits are the exception: one of a byte becomes eight, and a protobuf array
// that grows holds three times that for a moment.
constexpr double kMostTimesOfInt64 = 24.1;

struct Payload {
  const char* name;
  std::string bytes;
  double most_times = kMostTimes;
};

std::vector<Payload> Payloads() {
  const int64_t size = 4 * kMegabyte;
  // Arrays that have just grown are the worst.
  const std::string ones(size + 1, '\1');
  std::string caps;
  for (int i = 0; i < 64; ++i) {
    caps += Field(5, Field(3, std::string(8, '\1')) + Repeat(Field(4, ""), 2 * 8) + Field(5, ""));
  }
  return {
      {"EmptyInputs", Repeat(Field(5, ""), size)},
      {"EmptyOutputs", Repeat(Field(6, ""), size)},
      {"EmptyRawContents", Repeat(Field(7, ""), size)},
      {"EmptyParameters", Repeat(Field(4, ""), size)},
      {"ParametersOfAnInput", Field(5, Repeat(Field(4, ""), size))},
      {"PackedShape", Field(5, Field(3, ones))},
      {"UnpackedShape", Field(5, Repeat(std::string("\x18\x01", 2), size))},
      {"UnknownGroups", Repeat("\x7B\x7C", size)},
      {"NestedUnknownGroups", std::string(size, '\x7B')},
      {"UnknownVarints", Repeat(std::string("\x78\x00", 2), size)},
      {"EmptyBytesContents", Contents(Repeat(Field(8, ""), size))},
      {"BoolContents", Contents(Field(1, ones))},
      {"IntContents", Contents(Field(2, ones))},
      {"Int64Contents", Contents(Field(3, ones)), kMostTimesOfInt64},
      {"UintContents", Contents(Field(4, ones))},
      {"Uint64Contents", Contents(Field(5, ones)), kMostTimesOfInt64},
      {"UnpackedInt64Contents", Contents(Repeat("\x18\x01", size + 2))},
      {"FloatContents", Contents(Field(6, std::string(size + 4, '\1')))},
      {"RawContents", Field(7, ones)},
      {"WhatTheCapsAllow", caps + std::string(size, '\0')},
  };
}

TEST(AmplificationTest, InferenceRequestsAreBounded) {
  for (const Payload& payload : Payloads()) {
    EXPECT_LE(Amplification<inference::ModelInferRequest>(payload.bytes, kModelInferWire),
              payload.most_times)
        << payload.name;
  }
}

TEST(AmplificationTest, OtherRequestsAreBounded) {
  for (const std::string& bytes :
       {Repeat("\x7B\x7C", kMegabyte), Repeat(std::string("\x78\x00", 2), kMegabyte),
        Repeat(Field(1, ""), kMegabyte), Repeat(Field(2, "x"), kMegabyte)}) {
    EXPECT_LE(Amplification<inference::ServerLiveRequest>(bytes, kEmptyWire), kMostTimes);
    EXPECT_LE(Amplification<inference::ModelStatisticsRequest>(bytes, kModelNameWire), kMostTimes);
  }
}

// Without the scan, a parser makes far more of them: the counting counts.
TEST(AmplificationTest, TheParserAloneTakesMore) {
  const std::string bytes = Repeat(Field(5, ""), kMegabyte);
  inference::ModelInferRequest request;
  auto& [held, peak] = OfTheProcess();
  const int64_t before = held;
  peak = before;
  ASSERT_TRUE(request.ParseFromString(bytes));
  EXPECT_GT(static_cast<double>(peak - before), kMostTimes * static_cast<double>(bytes.size()));
}

}  // namespace
}  // namespace rectifier
