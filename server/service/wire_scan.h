#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/container/inlined_vector.h"
#include "absl/status/status.h"
#include "server/core/scattered_bytes.h"

namespace rectifier {

// How a field travels. The plural ones are repeated numbers, packed or not; text is UTF-8.
enum class WireKind : uint8_t {
  kVarint,
  kFixed32,
  kFixed64,
  kText,
  kBytes,
  kMessage,
  kVarints,
  kFixed32s,
  kFixed64s
};

struct WireMessage;

// A field that a message may carry.
struct WireField {
  uint32_t number;
  std::string_view name;
  WireKind kind;
  int64_t max_count = 0;                 // of occurrences, or of elements when plural; 0: no cap
  const WireMessage* message = nullptr;  // set iff kind is kMessage
  bool apart = false;                    // what it holds need not be parsed with the rest
};

struct WireMessage {
  std::string_view name;
  std::span<const WireField> fields;
  bool divided = false;  // fields of it are set apart, or of messages in it
};

// A message in two: what is small and has many forms, and what is large and has one.
struct WireParts {
  struct Apart {
    uint32_t number = 0;  // of the field
    int64_t within = 0;   // which of its kind the message is that has the field; 0 at the top
    ScatteredBytes bytes;
  };

  std::string rest;  // the message without the fields that are set apart, and unknown ones
  absl::InlinedVector<Apart, 2> apart;  // in their order
};

// What every request may hold beyond what the server knows.
inline constexpr int64_t kMaxUnknownFields = 16;
inline constexpr uint64_t kMaxUnknownBytes = 1024;

// Messages within messages, in all: the caps of single fields multiply.
inline constexpr int64_t kMaxMessages = 1024;

// Of one field: names, ids, parameters.
inline constexpr uint64_t kMaxTextBytes = 65536;

// Looks at a message in protobuf's wire format before it is parsed, so that a small message cannot
// become a large object: entries are counted against the caps of `message`, groups are refused, and
// unknown fields are few and small. Text is checked too, because protobuf writes to standard error
// about text that is not UTF-8. Runs in one pass, which skips byte fields and long lists of
// numbers; what is in those is not looked at.
//
// `parts`, if not null, has the message's parts when it is OK; they borrow from `bytes`.
//
// INVALID_ARGUMENT, with the field and the byte, for what breaks a cap or the format itself.
absl::Status ScanWire(const WireMessage& message, const ScatteredBytes& bytes,
                      WireParts* parts = nullptr);

}  // namespace rectifier
