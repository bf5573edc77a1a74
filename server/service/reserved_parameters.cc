#include "server/service/reserved_parameters.h"

#include <algorithm>
#include <string>

#include "server/core/status.h"

namespace rectifier {
namespace {

using inference::InferParameter;

// 0 when it is not there. Clients send either kind of integer.
absl::StatusOr<uint64_t> ReadInteger(
    const google::protobuf::Map<std::string, InferParameter>& parameters, const char* name) {
  const auto found = parameters.find(name);
  if (found == parameters.end()) return 0;
  const InferParameter& parameter = found->second;
  if (parameter.parameter_choice_case() == InferParameter::kUint64Param) {
    return parameter.uint64_param();
  }
  if (parameter.parameter_choice_case() != InferParameter::kInt64Param) {
    return InvalidArgument(std::string("parameter '") + name + "'",
                           "expected an int64_param or a uint64_param");
  }
  if (parameter.int64_param() < 0) {
    return InvalidArgument(std::string("parameter '") + name + "'",
                           "expected a number of at least 0, got {}", parameter.int64_param());
  }
  return static_cast<uint64_t>(parameter.int64_param());
}

}  // namespace

absl::StatusOr<ReservedParameters> ReadReservedParameters(
    const google::protobuf::Map<std::string, InferParameter>& parameters) {
  ReservedParameters reserved;
  if (parameters.empty()) return reserved;
  RECTIFIER_ASSIGN_OR_RETURN(reserved.priority, ReadInteger(parameters, "priority"));
  RECTIFIER_ASSIGN_OR_RETURN(const uint64_t timeout, ReadInteger(parameters, "timeout"));
  // More than a year is for ever, and must not overflow.
  constexpr uint64_t kForever = uint64_t{366} * 24 * 3600 * 1'000'000;
  if (timeout > 0 && timeout < kForever) {
    reserved.timeout = std::chrono::microseconds(timeout);
  }
  return reserved;
}

}  // namespace rectifier
