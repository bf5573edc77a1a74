#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "client/cpp/cli/commands.h"
#include "client/cpp/cli/text.h"
#include "server/core/status.h"

namespace rectifier::client::cli {
namespace {

using Json = nlohmann::ordered_json;

std::string ToText(const ServerMetadata& server) {
  std::string text = fmt::format("{} {}\n", Printable(server.name), Printable(server.version));
  if (!server.extensions.empty()) {
    text += fmt::format("  extensions  {}\n",
                        Printable(fmt::format("{}", fmt::join(server.extensions, ", "))));
  }
  return text;
}

std::string ToText(const char* title, const std::vector<TensorMetadata>& tensors) {
  size_t width = 0;
  for (const TensorMetadata& tensor : tensors) width = std::max(width, tensor.name.size());
  std::string text;
  for (const TensorMetadata& tensor : tensors) {
    text += fmt::format("  {:<10}  {:<{}}  {}\n", title, Printable(tensor.name), width,
                        Printable(TypeName(tensor.datatype, tensor.shape)));
    title = "";
  }
  return text;
}

std::string ToText(const ModelMetadata& model) {
  std::string text = fmt::format("{}\n  versions    {}\n  platform    {}\n", Printable(model.name),
                                 Printable(fmt::format("{}", fmt::join(model.versions, ", "))),
                                 Printable(model.platform));
  text += ToText("inputs", model.inputs) + ToText("outputs", model.outputs);
  for (const auto& [name, value] : model.properties) {
    text += fmt::format("  {:<10}  {}\n", Printable(name), Printable(value));
  }
  return text;
}

Json ToJson(const ServerMetadata& server) {
  return {{"name", server.name}, {"version", server.version}, {"extensions", server.extensions}};
}

Json ToJson(const std::vector<TensorMetadata>& tensors) {
  Json list = Json::array();
  for (const TensorMetadata& tensor : tensors) {
    list.push_back({{"name", tensor.name}, {"datatype", tensor.datatype}, {"shape", tensor.shape}});
  }
  return list;
}

Json ToJson(const ModelMetadata& model) {
  return {{"name", model.name},
          {"versions", model.versions},
          {"platform", model.platform},
          {"inputs", ToJson(model.inputs)},
          {"outputs", ToJson(model.outputs)},
          {"properties", model.properties}};
}

template <typename Metadata>
void Print(const Metadata& metadata, bool json, std::ostream& out) {
  if (json) {
    // A name that is not UTF-8 is shown as well as it goes instead of throwing.
    out << ToJson(metadata).dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else {
    out << ToText(metadata);
  }
}

}  // namespace

absl::Status RunMetadata(const MetadataOptions& options, const Client& client, std::ostream& out) {
  if (options.model.empty()) {
    RECTIFIER_ASSIGN_OR_RETURN(const ServerMetadata server, client.GetServerMetadata());
    Print(server, options.json, out);
  } else {
    RECTIFIER_ASSIGN_OR_RETURN(const ModelMetadata model,
                               client.GetModelMetadata(options.model, options.version));
    Print(model, options.json, out);
  }
  return absl::OkStatus();
}

}  // namespace rectifier::client::cli
