#include "client/cpp/cli/labels.h"

#include <algorithm>

#include "server/core/npy.h"
#include "server/core/status.h"

namespace rectifier::client::cli {

std::optional<int64_t> LabelInName(const std::filesystem::path& path) {
  constexpr std::string_view kMark = "label";
  constexpr size_t kMostDigits = 9;
  const std::string name = path.filename().string();
  size_t at = name.rfind(kMark);
  if (at == std::string::npos) return std::nullopt;
  at += kMark.size();
  const size_t end = std::min(name.find_first_not_of("0123456789", at), name.size());
  if (end == at || end - at > kMostDigits) return std::nullopt;
  return std::stoll(name.substr(at, end - at));
}

absl::StatusOr<std::vector<std::optional<int64_t>>> ReadLabels(const std::filesystem::path& path,
                                                               size_t count) {
  RECTIFIER_ASSIGN_OR_RETURN(const rectifier::Tensor labels, ReadNpy(path));
  if (labels.dtype() != DType::kInt64 || labels.shape().rank() != 1) {
    return InvalidArgument(path.string(), "expected labels, i64 [N], got {} {}",
                           Name(labels.dtype()), labels.shape().ToString());
  }
  const auto values = labels.data<int64_t>();
  if (values.size() != count) {
    return InvalidArgument(path.string(), "{} labels for {} pictures", values.size(), count);
  }
  return std::vector<std::optional<int64_t>>(values.begin(), values.end());
}

}  // namespace rectifier::client::cli
