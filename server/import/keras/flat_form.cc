#include "server/import/keras/flat_form.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <span>
#include <string>
#include <utility>

#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/import/keras/json.h"

namespace rectifier {
namespace {

constexpr std::array<char, 8> kMark = {'k', 'e', 'r', 'a', 's', '-', '1', '\n'};

// The texts of a file of which the JSON alone may have 32 MiB.
constexpr uint64_t kMaxHeaderBytes = uint64_t{256} << 20;

// Of an error that was told. It goes to logs and to whoever asked for the model.
constexpr size_t kMaxMessageBytes = 1024;

bool WriteAll(int fd, std::span<const std::byte> bytes) {
  for (size_t done = 0; done < bytes.size();) {
    const ssize_t put = write(fd, bytes.data() + done, bytes.size() - done);
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) return false;
    done += static_cast<size_t>(put);
  }
  return true;
}

Json HeaderOf(const KerasFile& file) {
  Json groups = Json::array();
  for (const KerasWeightGroup& group : file.groups) {
    Json weights = Json::array();
    for (const KerasWeight& weight : group.weights) {
      const auto dims = weight.tensor.shape().dims();
      weights.push_back({{"name", weight.name},
                         {"dtype", std::string(Name(weight.tensor.dtype()))},
                         {"dims", std::vector<int64_t>(dims.begin(), dims.end())}});
    }
    groups.push_back({{"path", group.path}, {"weights", std::move(weights)}});
  }
  return {{"config", file.config},
          {"keras_version", file.keras_version},
          {"backend", file.backend},
          {"h5", file.format == KerasFormat::kHdf5},
          {"groups", std::move(groups)}};
}

absl::Status Malformed(std::string_view what) {
  return absl::DataLossError(fmt::format("the parser's answer is malformed: {}", what));
}

// Reads from a pipe until a point in time.
class PipeReader {
 public:
  PipeReader(int fd, TimePoint deadline, const Clock& clock)
      : fd_(fd), deadline_(deadline), clock_(clock) {}

  absl::Status Read(std::span<std::byte> into) {
    for (size_t done = 0; done < into.size();) {
      RECTIFIER_RETURN_IF_ERROR(Wait());
      const ssize_t got = read(fd_, into.data() + done, into.size() - done);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) return absl::DataLossError("the parser's answer is cut short");
      done += static_cast<size_t>(got);
    }
    return absl::OkStatus();
  }

 private:
  absl::Status Wait() const {
    for (;;) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(deadline_ - clock_.Now()).count();
      if (left <= 0) return absl::DeadlineExceededError("the parser is late");
      pollfd waiting = {fd_, POLLIN, 0};
      const int ready = poll(&waiting, 1, static_cast<int>(std::min<int64_t>(left, 60'000)));
      if (ready > 0) return absl::OkStatus();
      if (ready < 0 && errno != EINTR) return absl::DataLossError("the parser cannot be heard");
    }
  }

  int fd_;
  TimePoint deadline_;
  const Clock& clock_;
};

absl::StatusOr<std::string> StringMember(const Json& json, std::string_view name) {
  const Json* found = FindMember(json, name);
  if (found == nullptr || !found->is_string()) return Malformed(name);
  return found->get<std::string>();
}

absl::Status ToldError(const Json& error) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::string text, StringMember(error, "message"));
  const std::string message = Printable(text, kMaxMessageBytes);
  const Json* code = FindMember(error, "code");
  const auto told = static_cast<absl::StatusCode>(
      code != nullptr && code->is_number_integer() ? code->get<int64_t>() : 0);
  for (const absl::StatusCode known :
       {absl::StatusCode::kInvalidArgument, absl::StatusCode::kUnimplemented,
        absl::StatusCode::kResourceExhausted, absl::StatusCode::kFailedPrecondition}) {
    if (told == known) return absl::Status(told, message);
  }
  return absl::InvalidArgumentError(message);
}

// A header's weight, with room for its elements.
absl::StatusOr<KerasWeight> ReadWeight(const Json& json, const ImportLimits& limits,
                                       int64_t* bytes_left) {
  KerasWeight weight;
  RECTIFIER_ASSIGN_OR_RETURN(weight.name, StringMember(json, "name"));
  RECTIFIER_ASSIGN_OR_RETURN(const std::string dtype_name, StringMember(json, "dtype"));
  const auto dtype = ParseDType(dtype_name);
  if (dtype != DType::kFloat32 && dtype != DType::kInt64) return Malformed("dtype");
  const Json* dims = FindMember(json, "dims");
  if (dims == nullptr || !dims->is_array() || dims->size() > static_cast<size_t>(limits.max_rank)) {
    return Malformed("dims");
  }
  Shape shape;
  for (const Json& dim : *dims) {
    if (!dim.is_number_integer() || dim.get<int64_t>() < 1) return Malformed("dims");
    shape.push_back(dim.get<int64_t>());
  }
  const auto bytes = CheckedByteSize({*dtype, shape});
  if (!bytes.ok()) return Malformed("dims");
  if (*bytes > *bytes_left) {
    return ResourceExhausted("model", "its weights take more than {} bytes",
                             limits.max_constant_bytes);
  }
  *bytes_left -= *bytes;
  RECTIFIER_ASSIGN_OR_RETURN(weight.tensor, Tensor::Allocate({*dtype, shape}));
  return weight;
}

absl::StatusOr<KerasFile> ReadBody(const Json& header, const ImportLimits& limits,
                                   PipeReader& pipe) {
  KerasFile file;
  const Json* h5 = FindMember(header, "h5");
  file.format = h5 != nullptr && *h5 == true ? KerasFormat::kHdf5 : KerasFormat::kKeras;
  RECTIFIER_ASSIGN_OR_RETURN(file.config, StringMember(header, "config"));
  RECTIFIER_ASSIGN_OR_RETURN(file.keras_version, StringMember(header, "keras_version"));
  RECTIFIER_ASSIGN_OR_RETURN(file.backend, StringMember(header, "backend"));
  const Json* groups = FindMember(header, "groups");
  if (groups == nullptr || !groups->is_array()) return Malformed("groups");
  int64_t bytes_left = limits.max_constant_bytes;
  int64_t weights_left = limits.max_initializers;
  for (const Json& item : *groups) {
    KerasWeightGroup group;
    RECTIFIER_ASSIGN_OR_RETURN(group.path, StringMember(item, "path"));
    const Json* weights = FindMember(item, "weights");
    if (weights == nullptr || !weights->is_array()) return Malformed("weights");
    weights_left -= static_cast<int64_t>(weights->size());
    if (weights_left < 0) {
      return ResourceExhausted("model", "has more than {} weights", limits.max_initializers);
    }
    for (const Json& weight : *weights) {
      RECTIFIER_ASSIGN_OR_RETURN(KerasWeight read, ReadWeight(weight, limits, &bytes_left));
      RECTIFIER_RETURN_IF_ERROR(pipe.Read(read.tensor.bytes()));
      group.weights.push_back(std::move(read));
    }
    file.groups.push_back(std::move(group));
  }
  return file;
}

}  // namespace

bool WriteFlatForm(int fd, const absl::StatusOr<KerasFile>& file) {
  const Json header = file.ok() ? HeaderOf(*file)
                                : Json{{"error",
                                        {{"code", static_cast<int>(file.status().code())},
                                         {"message", std::string(Message(file.status()))}}}};
  // What is not UTF-8 is replaced: names are refused for it later.
  const std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
  const uint64_t length = text.size();
  if (!WriteAll(fd, std::as_bytes(std::span(kMark))) ||
      !WriteAll(fd, std::as_bytes(std::span(&length, 1))) ||
      !WriteAll(fd, std::as_bytes(std::span(text)))) {
    return false;
  }
  if (!file.ok()) return true;
  for (const KerasWeightGroup& group : file->groups) {
    for (const KerasWeight& weight : group.weights) {
      if (!WriteAll(fd, weight.tensor.bytes())) return false;
    }
  }
  return true;
}

absl::StatusOr<KerasFile> ReadFlatForm(int fd, const ImportLimits& limits, TimePoint deadline,
                                       const Clock& clock) {
  PipeReader pipe(fd, deadline, clock);
  std::array<char, kMark.size()> mark{};
  uint64_t length = 0;
  RECTIFIER_RETURN_IF_ERROR(pipe.Read(std::as_writable_bytes(std::span(mark))));
  RECTIFIER_RETURN_IF_ERROR(pipe.Read(std::as_writable_bytes(std::span(&length, 1))));
  if (mark != kMark) return Malformed("mark");
  if (length > kMaxHeaderBytes) return Malformed("length");
  std::string text(length, '\0');
  RECTIFIER_RETURN_IF_ERROR(pipe.Read(std::as_writable_bytes(std::span(text))));
  const absl::StatusOr<Json> header = ParseJson("header", text, limits);
  if (!header.ok()) return Malformed(Message(header.status()));
  text.clear();
  if (const Json* error = FindMember(*header, "error")) return ToldError(*error);
  return ReadBody(*header, limits, pipe);
}

}  // namespace rectifier
