#include "server/import/onnx/message_census.h"

#include <array>
#include <optional>
#include <vector>

#include "server/core/status.h"

namespace rectifier {
namespace {

enum class Kind {
  kModel,
  kGraph,
  kNode,
  kAttribute,
  kTensor,
  kSparseTensor,
  kValueInfo,
  kType,
  kTensorType,
  kWrappedType,
  kMapType,
  kShape,
  kAnnotation,
  kTraining,
  kFunction
};

// The messages of onnx.proto that hold repeated or nested messages; others are not gone into.
struct Child {
  Kind parent;
  uint64_t field;
  Kind kind;
};
constexpr std::array kChildren = {
    Child{Kind::kModel, 7, Kind::kGraph},
    Child{Kind::kModel, 20, Kind::kTraining},
    Child{Kind::kModel, 25, Kind::kFunction},
    Child{Kind::kGraph, 1, Kind::kNode},
    Child{Kind::kGraph, 5, Kind::kTensor},
    Child{Kind::kGraph, 11, Kind::kValueInfo},
    Child{Kind::kGraph, 12, Kind::kValueInfo},
    Child{Kind::kGraph, 13, Kind::kValueInfo},
    Child{Kind::kGraph, 14, Kind::kAnnotation},
    Child{Kind::kGraph, 15, Kind::kSparseTensor},
    Child{Kind::kNode, 5, Kind::kAttribute},
    Child{Kind::kAttribute, 5, Kind::kTensor},
    Child{Kind::kAttribute, 6, Kind::kGraph},
    Child{Kind::kAttribute, 10, Kind::kTensor},
    Child{Kind::kAttribute, 11, Kind::kGraph},
    Child{Kind::kAttribute, 14, Kind::kType},
    Child{Kind::kAttribute, 15, Kind::kType},
    Child{Kind::kAttribute, 22, Kind::kSparseTensor},
    Child{Kind::kAttribute, 23, Kind::kSparseTensor},
    Child{Kind::kSparseTensor, 1, Kind::kTensor},
    Child{Kind::kSparseTensor, 2, Kind::kTensor},
    Child{Kind::kValueInfo, 2, Kind::kType},
    Child{Kind::kType, 1, Kind::kTensorType},
    Child{Kind::kType, 4, Kind::kWrappedType},
    Child{Kind::kType, 5, Kind::kMapType},
    Child{Kind::kType, 8, Kind::kTensorType},
    Child{Kind::kType, 9, Kind::kWrappedType},
    Child{Kind::kTensorType, 2, Kind::kShape},
    Child{Kind::kWrappedType, 1, Kind::kType},
    Child{Kind::kMapType, 2, Kind::kType},
    Child{Kind::kTraining, 1, Kind::kGraph},
    Child{Kind::kTraining, 2, Kind::kGraph},
    Child{Kind::kFunction, 7, Kind::kNode},
};

const Child* FindChild(Kind parent, uint64_t field) {
  for (const Child& child : kChildren) {
    if (child.parent == parent && child.field == field) return &child;
  }
  return nullptr;
}

class Census {
 public:
  Census(std::string_view place, std::string_view bytes, const ImportLimits& limits)
      : place_(place), bytes_(bytes), limits_(limits) {}

  absl::Status Take() {
    open_.push_back({Kind::kModel, bytes_.size()});
    while (!open_.empty()) {
      if (at_ == open_.back().end) {
        open_.pop_back();
        continue;
      }
      RECTIFIER_RETURN_IF_ERROR(TakeField());
    }
    return absl::OkStatus();
  }

 private:
  struct Message {
    Kind kind;
    size_t end;
  };

  size_t Left() const { return open_.back().end - at_; }

  absl::Status Damaged() const {
    // Only the file itself can be cut; a message inside it that is too short is damage.
    if (open_.size() == 1) return InvalidArgument(place_, "the file is cut short or not ONNX");
    return InvalidArgument(place_, "the file is damaged at byte {}", at_);
  }

  // The Protocol Buffers encoding: seven bits a byte, lowest first.
  std::optional<uint64_t> TakeVarint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && Left() > 0; shift += 7) {
      const auto byte = static_cast<unsigned char>(bytes_[at_++]);
      value |= uint64_t{byte & 0x7fU} << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  bool Skip(uint64_t count) {
    if (count > Left()) return false;
    at_ += static_cast<size_t>(count);
    return true;
  }

  absl::Status TakeField() {
    const std::optional<uint64_t> tag = TakeVarint();
    if (!tag) return Damaged();
    bool whole = false;
    switch (*tag & 7) {
      case 0:
        whole = TakeVarint().has_value();
        break;
      case 1:
        whole = Skip(8);
        break;
      case 2:
        return TakeEntry(*tag >> 3);
      case 5:
        whole = Skip(4);
        break;
      default:
        break;  // groups, which ONNX does not use
    }
    return whole ? absl::OkStatus() : Damaged();
  }

  // A string, a packed list or a message.
  absl::Status TakeEntry(uint64_t field) {
    const std::optional<uint64_t> length = TakeVarint();
    if (!length || *length > Left()) return Damaged();
    RECTIFIER_RETURN_IF_ERROR(Count(entries_, limits_.max_entries, "entries"));
    const Child* child = FindChild(open_.back().kind, field);
    if (child == nullptr) {
      Skip(*length);
      return absl::OkStatus();
    }
    if (child->kind == Kind::kNode) {
      RECTIFIER_RETURN_IF_ERROR(Count(nodes_, limits_.max_nodes, "nodes"));
    }
    if (child->parent == Kind::kGraph &&
        (child->kind == Kind::kTensor || child->kind == Kind::kSparseTensor)) {
      RECTIFIER_RETURN_IF_ERROR(Count(initializers_, limits_.max_initializers, "initializers"));
    }
    if (open_.size() == kMaxMessageDepth) {
      return InvalidArgument(place_, "messages are nested more than {} deep", kMaxMessageDepth);
    }
    open_.push_back({child->kind, at_ + static_cast<size_t>(*length)});
    return absl::OkStatus();
  }

  absl::Status Count(int64_t& count, int64_t limit, std::string_view what) const {
    if (++count <= limit) return absl::OkStatus();
    return ResourceExhausted(place_, "has more than {} {}", limit, what);
  }

  std::string_view place_;
  std::string_view bytes_;
  const ImportLimits& limits_;
  size_t at_ = 0;
  std::vector<Message> open_;
  int64_t entries_ = 0;
  int64_t nodes_ = 0;
  int64_t initializers_ = 0;
};

}  // namespace

absl::Status TakeCensus(std::string_view place, std::string_view bytes,
                        const ImportLimits& limits) {
  return Census(place, bytes, limits).Take();
}

}  // namespace rectifier
