// What a request's bytes may become in memory. A program of its own, because it counts every
// allocation of the process.

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include "proto/inference.pb.h"
#include "server/service/codec.h"
#include "server/service/received_bytes.h"
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

void Count(size_t bytes) {
  auto& [held, peak] = OfTheProcess();
  const int64_t now = held += static_cast<int64_t>(bytes);
  int64_t seen = peak;
  while (seen < now && !peak.compare_exchange_weak(seen, now)) continue;
}

void* Allocate(size_t size,
               std::align_val_t alignment = std::align_val_t{alignof(std::max_align_t)}) {
  const auto unit = static_cast<size_t>(alignment);
  // aligned_alloc() wants a multiple of it.
  void* block = std::aligned_alloc(unit, (std::max<size_t>(size, 1) + unit - 1) / unit * unit);
  if (block == nullptr) throw std::bad_alloc();
  Count(malloc_usable_size(block));
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
void* operator new(size_t size, std::align_val_t alignment) { return Allocate(size, alignment); }
void operator delete(void* block) noexcept { Free(block); }
void operator delete(void* block, std::align_val_t /*alignment*/) noexcept { Free(block); }
void operator delete[](void* block) noexcept { Free(block); }
void operator delete(void* block, size_t /*size*/) noexcept { Free(block); }
void operator delete[](void* block, size_t /*size*/) noexcept { Free(block); }
void operator delete(void* block, size_t /*size*/, std::align_val_t /*alignment*/) noexcept {
  Free(block);
}

// Large buffers are mapped.
extern "C" void* mmap(void* at, size_t size, int protection, int flags, int file,
                      off_t offset) noexcept {
  const int64_t mapped = syscall(SYS_mmap, at, size, protection, flags, file, offset);
  if (mapped != -1) Count(size);
  return reinterpret_cast<void*>(mapped);
}
extern "C" int munmap(void* at, size_t size) noexcept {
  OfTheProcess().held -= static_cast<int64_t>(size);
  return static_cast<int>(syscall(SYS_munmap, at, size));
}

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

// The wire bytes of an input of `elements` numbers whose typed contents are `fields`.
std::string Contents(std::string_view datatype, int64_t elements, std::string_view fields) {
  inference::ModelInferRequest::InferInputTensor input;
  input.set_name("x");
  input.set_datatype(std::string(datatype));
  input.add_shape(elements);
  return Field(5, input.SerializeAsString() + Field(5, fields));
}

// What is allocated at most while `take` runs, in parts of `wire_bytes`.
template <typename Take>
double Amplification(size_t wire_bytes, const Take& take) {
  auto& [held, peak] = OfTheProcess();
  const int64_t before = held;
  peak = before;
  take();
  return static_cast<double>(peak - before) / static_cast<double>(wire_bytes);
}

// The bytes in slices as HTTP/2 delivers them, with the slices counted.
grpc::ByteBuffer Received(const std::string& bytes, size_t slice = 16 << 10) {
  std::vector<grpc::Slice> slices;
  for (size_t at = 0; at < bytes.size(); at += slice) {
    slices.emplace_back(bytes.data() + at, std::min(slice, bytes.size() - at));
  }
  return {slices.data(), slices.size()};
}

// Everything that an inference request is taken through before it is queued, for a model of any
// number of numbers of the type that is given.
double AmplificationOfAnInference(const std::string& bytes, DType dtype) {
  const ModelSignature signature{
      .platform = "onnx", .inputs = {{"x", {dtype, Shape{kDynamicDim}}}}, .outputs = {}};
  const grpc::ByteBuffer buffer = Received(bytes);
  ByteBudget budget(INT64_MAX);
  return Amplification(bytes.size(), [&] {
    const absl::StatusOr<ReceivedBytes> received = ReceivedBytes::Take(buffer, "request", budget);
    ASSERT_EQ(received.status(), absl::OkStatus());
    ParsedRequest parsed;
    if (!parsed.Parse(received->bytes()).ok()) return;
    static_cast<void>(DecodeRequest(parsed, signature));
  });
}

template <typename Request>
double AmplificationOf(const std::string& bytes, const WireMessage& wire) {
  const grpc::ByteBuffer buffer = Received(bytes);
  return Amplification(bytes.size(), [&] {
    Request request;
    static_cast<void>(ParseRequest(buffer, wire, request));
  });
}

struct Payload {
  const char* name;
  std::string bytes;
  DType dtype = DType::kFloat32;  // of the model's input
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
      {"EmptyBytesContents", Contents("FP32", size, Repeat(Field(8, ""), size))},
      {"BoolContents", Contents("BOOL", size + 1, Field(1, ones)), DType::kBool},
      {"IntContents", Contents("INT32", size + 1, Field(2, ones)), DType::kInt32},
      {"Int64Contents", Contents("INT64", size + 1, Field(3, ones)), DType::kInt64},
      {"UintContents", Contents("UINT32", size + 1, Field(4, ones)), DType::kUInt32},
      {"Uint64Contents", Contents("UINT64", size + 1, Field(5, ones)), DType::kUInt64},
      {"UnpackedInt64Contents", Contents("INT64", size / 2 + 1, Repeat("\x18\x01", size + 2)),
       DType::kInt64},
      {"ContentsInManyLists", Contents("INT64", size / 3 + 1, Repeat("\x1A\x01\x01", size)),
       DType::kInt64},
      {"ContentsOfAnotherField", Contents("FP32", size, Field(3, ones))},
      {"FloatContents", Contents("FP32", size / 4 + 1, Field(6, std::string(size + 4, '\1')))},
      {"RawContents", Field(7, ones)},
      {"WhatTheCapsAllow", caps + std::string(size, '\0')},
  };
}

TEST(AmplificationTest, InferenceRequestsAreBounded) {
  for (const Payload& payload : Payloads()) {
    EXPECT_LE(AmplificationOfAnInference(payload.bytes, payload.dtype), kMostTimes) << payload.name;
  }
}

// These are the elements that the payloads have: were their numbers refused, nothing would be made
// of them.
TEST(AmplificationTest, NumbersOfOneByteTakeNoMoreThanTheirTypesSize) {
  for (const Payload& payload : Payloads()) {
    if (payload.name != std::string("Int64Contents")) continue;
    const double times = AmplificationOfAnInference(payload.bytes, payload.dtype);
    EXPECT_GE(times, 8);
    EXPECT_LE(times, 8.1);
  }
}

TEST(AmplificationTest, SlicesOfOneByteAreBounded) {
  const std::string bytes = Field(7, std::string(kMegabyte, '\1'));
  const grpc::ByteBuffer buffer = Received(bytes, 1);
  ByteBudget budget(INT64_MAX);
  EXPECT_LE(Amplification(bytes.size(),
                          [&] {
                            const auto received = ReceivedBytes::Take(buffer, "request", budget);
                            ASSERT_EQ(received.status(), absl::OkStatus());
                            ParsedRequest parsed;
                            ASSERT_EQ(parsed.Parse(received->bytes()), absl::OkStatus());
                          }),
            1.1);
}

TEST(AmplificationTest, OtherRequestsAreBounded) {
  for (const std::string& bytes :
       {Repeat("\x7B\x7C", kMegabyte), Repeat(std::string("\x78\x00", 2), kMegabyte),
        Repeat(Field(1, ""), kMegabyte), Repeat(Field(2, "x"), kMegabyte)}) {
    EXPECT_LE(AmplificationOf<inference::ServerLiveRequest>(bytes, kEmptyWire), kMostTimes);
    EXPECT_LE(AmplificationOf<inference::ModelStatisticsRequest>(bytes, kModelNameWire),
              kMostTimes);
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
