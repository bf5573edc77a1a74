#include "server/ops/node_types.h"

#include <utility>

namespace rectifier {

void NodeTypes::SetOutput(int i, TensorType type) {
  const auto index = static_cast<size_t>(i);
  if (index < node_.outputs.size() && node_.outputs[index] != kNoValue) {
    graph_.value(node_.outputs[index]).type = std::move(type);
  }
}

absl::Status NodeTypes::ExpectFloat(int i) const {
  if (type(i).dtype == DType::kFloat32) return absl::OkStatus();
  return InvalidArgument(place_, "input {} ({}): expected f32, got {}", i, name(i),
                         Name(type(i).dtype));
}

absl::Status NodeTypes::ExpectRank(int i, int rank) const {
  if (shape(i).rank() == rank) return absl::OkStatus();
  return InvalidArgument(place_, "input {} ({}): expected rank {}, got {}", i, name(i), rank,
                         shape(i).rank());
}

absl::Status NodeTypes::ExpectRankAtLeast(int i, int rank) const {
  if (shape(i).rank() >= rank) return absl::OkStatus();
  return InvalidArgument(place_, "input {} ({}): expected rank {} or more, got {}", i, name(i),
                         rank, shape(i).rank());
}

absl::Status NodeTypes::ExpectVector(int i, int64_t size) const {
  RECTIFIER_RETURN_IF_ERROR(ExpectRank(i, 1));
  if (DimsAgree(shape(i)[0], size)) return absl::OkStatus();
  return InvalidArgument(place_, "input {} ({}): expected {} elements, got {}", i, name(i), size,
                         shape(i)[0]);
}

absl::StatusOr<int> NormalizeAxis(std::string_view place, int64_t axis, int rank,
                                  std::string_view what) {
  if (axis < -rank || axis >= rank) {
    return InvalidArgument(place, "{}: expected a value in [{}, {}), got {}", what, -rank, rank,
                           axis);
  }
  return static_cast<int>(axis < 0 ? axis + rank : axis);
}

}  // namespace rectifier
