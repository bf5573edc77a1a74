#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <span>

#include "client/cpp/cli/commands.h"
#include "client/cpp/cli/files.h"
#include "client/cpp/cli/text.h"
#include "server/core/npy.h"
#include "server/core/status.h"

namespace rectifier::client::cli {
namespace {

absl::StatusOr<Tensor> ReadInput(const std::string& name, const std::filesystem::path& path) {
  RECTIFIER_ASSIGN_OR_RETURN(const rectifier::Tensor array, ReadNpy(path));
  const auto dims = array.shape().dims();
  const auto bytes = array.bytes();
  return Tensor{name,
                std::string(ProtocolName(array.dtype())),
                {dims.begin(), dims.end()},
                {reinterpret_cast<const char*>(bytes.data()), bytes.size()}};
}

absl::Status WriteOutput(const Tensor& tensor, const std::filesystem::path& path) {
  const auto dtype = ParseProtocolDType(tensor.datatype);
  if (!dtype) {
    return Unimplemented(tensor.name, "{} cannot be written to .npy", Printable(tensor.datatype));
  }
  const TensorType type{*dtype, Shape(std::span<const int64_t>(tensor.shape))};
  return WriteNpy(path, {type, std::as_bytes(std::span(tensor.bytes))});
}

// The first values, and for more the smallest and the largest; "" if T is not the tensor's type.
template <typename T>
std::string PreviewAs(const Tensor& tensor) {
  constexpr size_t kFirst = 12;
  const absl::StatusOr<std::vector<T>> values = tensor.Values<T>();
  if (!values.ok() || values->empty()) return "";
  std::string text = " ";
  for (size_t i = 0; i < std::min(values->size(), kFirst); ++i) {
    text += fmt::format(" {:.6}", static_cast<double>((*values)[i]));
  }
  if (values->size() > kFirst) {
    const auto [low, high] = std::minmax_element(values->begin(), values->end());
    text += fmt::format(" …  (of {}, {:.6} to {:.6})", values->size(), static_cast<double>(*low),
                        static_cast<double>(*high));
  }
  return text;
}

template <typename... T>
std::string Preview(const Tensor& tensor) {
  return (PreviewAs<T>(tensor) + ...);
}

}  // namespace

absl::Status RunInfer(const InferOptions& options, const Client& client, std::ostream& out) {
  InferRequest request;
  request.model_name = options.model;
  request.model_version = options.version;
  request.outputs = options.outputs;
  for (const auto& [name, path] : options.inputs) {
    RECTIFIER_ASSIGN_OR_RETURN(Tensor input, ReadInput(name, path));
    request.inputs.push_back(std::move(input));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const InferResponse response, client.Infer(std::move(request)));

  if (!options.output_dir.empty()) {
    std::error_code error;
    std::filesystem::create_directories(options.output_dir, error);
    if (error) {
      return FailedPrecondition(options.output_dir.string(), "cannot be made: {}", error.message());
    }
  }
  std::set<std::string> written;
  for (const Tensor& output : response.outputs) {
    out << Printable(output.name) << "  " << Printable(TypeName(output.datatype, output.shape));
    if (options.output_dir.empty()) {
      out << Preview<float, double, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t,
                     uint64_t>(output);
    } else {
      const std::string name = FileNameFor(output.name) + ".npy";
      if (!written.insert(name).second) {
        return FailedPrecondition(output.name, "another output is written to {}, too", name);
      }
      const std::filesystem::path path = options.output_dir / name;
      RECTIFIER_RETURN_IF_ERROR(WriteOutput(output, path));
      out << "  " << path.string();
    }
    out << "\n";
  }
  return absl::OkStatus();
}

}  // namespace rectifier::client::cli
