#include "server/service/wire_scan.h"

#include <algorithm>
#include <array>
#include <string>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/core/utf8.h"
#include "server/service/wire_encoding.h"

namespace rectifier {
namespace {

constexpr size_t kMaxFields = 16;  // of one WireMessage

bool Fits(WireKind kind, uint32_t type) {
  switch (kind) {
    case WireKind::kVarint:
      return type == kVarintType;
    case WireKind::kFixed32:
      return type == kFixed32Type;
    case WireKind::kFixed64:
      return type == kFixed64Type;
    case WireKind::kText:
    case WireKind::kBytes:
    case WireKind::kMessage:
      return type == kLengthType;
    case WireKind::kVarints:
      return type == kVarintType || type == kLengthType;
    case WireKind::kFixed32s:
      return type == kFixed32Type || type == kLengthType;
    case WireKind::kFixed64s:
      return type == kFixed64Type || type == kLengthType;
  }
  return false;
}

bool IsPlural(WireKind kind) {
  return kind == WireKind::kVarints || kind == WireKind::kFixed32s || kind == WireKind::kFixed64s;
}

class Scanner {
 public:
  Scanner(const ScatteredBytes& bytes, WireParts* parts) : cursor_(bytes), parts_(parts) {}

  absl::Status Run(const WireMessage& message) {
    top_ = &message;
    return At(message.name, ScanMessage(message, cursor_.size()));
  }

 private:
  // The fields up to `end`. Recurses as deep as the WireMessages do, not as the input does.
  absl::Status ScanMessage(const WireMessage& message, uint64_t end) {
    RECTIFIER_CHECK(message.fields.size() <= kMaxFields);
    std::array<int64_t, kMaxFields> counts{};
    // Other messages are taken whole, by the one that they are in.
    const bool collects = parts_ != nullptr && (message.divided || &message == top_);
    while (cursor_.position() < end) {
      uint64_t tag = 0;
      const WireCursor before = cursor_;
      const uint64_t start = cursor_.position();
      if (!cursor_.ReadVarint(end, &tag) || tag > UINT32_MAX) return Damaged(start);
      const auto number = static_cast<uint32_t>(tag >> 3);
      const auto type = static_cast<uint32_t>(tag & 7);
      if (number == 0) return Damaged(start);
      if (type == kGroupStart || type == kGroupEnd) {
        return absl::InvalidArgumentError(fmt::format("byte {}: groups are not accepted", start));
      }
      const auto field = std::find_if(message.fields.begin(), message.fields.end(),
                                      [&](const WireField& f) { return f.number == number; });
      if (field == message.fields.end() || !Fits(field->kind, type)) {
        RECTIFIER_RETURN_IF_ERROR(ScanUnknown(start, type, end));
        continue;
      }
      int64_t& count = counts[static_cast<size_t>(field - message.fields.begin())];
      const int64_t index = count;
      absl::Status status = ScanField(*field, type, end, &count);
      if (!status.ok()) return At(Place(*field, index), status);
      const bool divided = field->message != nullptr && field->message->divided;
      if (collects && !field->apart && !divided) AddToRest(before);
    }
    return absl::OkStatus();
  }

  // What stands from `from` to here.
  void AddToRest(WireCursor from) {
    const ScatteredBytes bytes = from.Read(cursor_.position() - from.position());
    for (const ScatteredBytes::Piece piece : bytes.pieces()) {
      parts_->rest.append(reinterpret_cast<const char*>(piece.data()), piece.size());
    }
  }

  absl::Status ScanField(const WireField& field, uint32_t type, uint64_t end, int64_t* count) {
    const uint64_t start = cursor_.position();
    if (type != kLengthType) {
      ++*count;
      if (!SkipScalar(type, end)) return Damaged(start);
      return CheckCount(field, *count);
    }
    uint64_t length = 0;
    if (!cursor_.ReadVarint(end, &length) || length > end - cursor_.position())
      return Damaged(start);
    if (parts_ != nullptr && field.apart) {
      parts_->apart.push_back({field.number, within_, WireCursor(cursor_).Read(length)});
    }
    const uint64_t field_end = cursor_.position() + length;
    const bool packed = IsPlural(field.kind);
    if (packed && field.max_count > 0) return ScanPacked(field, field_end, count);
    if (!packed) {
      ++*count;
      RECTIFIER_RETURN_IF_ERROR(CheckCount(field, *count));
    }
    if (field.kind == WireKind::kMessage) {
      if (++messages_ > kMaxMessages) {
        return absl::InvalidArgumentError(
            fmt::format("byte {}: more than {} entries in all", start, kMaxMessages));
      }
      if (parts_ != nullptr && field.message->divided) {
        within_ = *count - 1;
        const size_t begin = parts_->rest.size();
        RECTIFIER_RETURN_IF_ERROR(ScanMessage(*field.message, field_end));
        within_ = 0;
        // It may have become shorter.
        std::string prefix;
        AppendLengthPrefix(static_cast<int>(field.number), parts_->rest.size() - begin, prefix);
        parts_->rest.insert(begin, prefix);
        return absl::OkStatus();
      }
      return ScanMessage(*field.message, field_end);
    }
    if (field.kind == WireKind::kText) return ScanText(field_end);
    cursor_.Skip(length, end);
    return absl::OkStatus();
  }

  absl::Status ScanText(uint64_t end) {
    const uint64_t start = cursor_.position();
    if (end - start > kMaxTextBytes) {
      return absl::InvalidArgumentError(
          fmt::format("byte {}: text of more than {} bytes", start, kMaxTextBytes));
    }
    Utf8Follower text;
    bool valid = true;
    while (valid && cursor_.position() < end) {
      const ScatteredBytes::Piece here = cursor_.Together(end);
      for (const std::byte byte : here) valid = valid && text.Take(static_cast<uint8_t>(byte));
      cursor_.Skip(here.size(), end);
    }
    if (valid && text.complete()) return absl::OkStatus();
    return absl::InvalidArgumentError(fmt::format("byte {}: text that is not UTF-8", start));
  }

  // The elements of a capped packed field: no more of them are read than the cap allows.
  absl::Status ScanPacked(const WireField& field, uint64_t end, int64_t* count) {
    const uint32_t type = field.kind == WireKind::kVarints    ? kVarintType
                          : field.kind == WireKind::kFixed32s ? kFixed32Type
                                                              : kFixed64Type;
    while (cursor_.position() < end) {
      ++*count;
      RECTIFIER_RETURN_IF_ERROR(CheckCount(field, *count));
      const uint64_t start = cursor_.position();
      if (!SkipScalar(type, end)) return Damaged(start);
    }
    return absl::OkStatus();
  }

  absl::Status ScanUnknown(uint64_t start, uint32_t type, uint64_t end) {
    uint64_t length = 0;
    if (type == kLengthType) {
      if (!cursor_.ReadVarint(end, &length) || !cursor_.Skip(length, end)) return Damaged(start);
    } else if (!SkipScalar(type, end)) {
      return Damaged(start);
    }
    unknown_bytes_ += cursor_.position() - start;
    if (++unknown_fields_ > kMaxUnknownFields || unknown_bytes_ > kMaxUnknownBytes) {
      return absl::InvalidArgumentError(
          fmt::format("byte {}: more than {} unknown fields or {} bytes of them", start,
                      kMaxUnknownFields, kMaxUnknownBytes));
    }
    return absl::OkStatus();
  }

  bool SkipScalar(uint32_t type, uint64_t end) {
    uint64_t value = 0;
    switch (type) {
      case kVarintType:
        return cursor_.ReadVarint(end, &value);
      case kFixed32Type:
        return cursor_.Skip(4, end);
      case kFixed64Type:
        return cursor_.Skip(8, end);
      default:
        return false;
    }
  }

  absl::Status CheckCount(const WireField& field, int64_t count) const {
    if (field.max_count == 0 || count <= field.max_count) return absl::OkStatus();
    return absl::InvalidArgumentError(
        fmt::format("byte {}: more than {} entries", cursor_.position(), field.max_count));
  }

  static absl::Status Damaged(uint64_t byte) {
    return absl::InvalidArgumentError(
        fmt::format("byte {}: the message is damaged or cut short", byte));
  }

  static std::string Place(const WireField& field, int64_t index) {
    const bool indexed = field.kind == WireKind::kMessage && field.max_count != 1;
    return indexed ? fmt::format("{}[{}]", field.name, index) : std::string(field.name);
  }

  WireCursor cursor_;
  WireParts* const parts_;
  const WireMessage* top_ = nullptr;
  int64_t within_ = 0;  // see WireParts
  int64_t messages_ = 0;
  int64_t unknown_fields_ = 0;
  uint64_t unknown_bytes_ = 0;
};

}  // namespace

absl::Status ScanWire(const WireMessage& message, const ScatteredBytes& bytes, WireParts* parts) {
  return Scanner(bytes, parts).Run(message);
}

}  // namespace rectifier
