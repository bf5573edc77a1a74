#include "server/import/onnx/onnx_importer.h"

#include <google/protobuf/io/coded_stream.h>
#include <onnx/onnx_pb.h>

#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/import/model_file.h"
#include "server/import/onnx/function_inliner.h"
#include "server/import/onnx/graph_reader.h"
#include "server/import/onnx/message_census.h"
#include "server/import/onnx/spellings.h"

namespace rectifier {
namespace {

// The format's own version: 3 is of 2017, 13 of 2025. What later ones added is refused where it is
// met, as an operator or an element type.
constexpr int64_t kNewestIrVersion = 13;

absl::StatusOr<onnx::ModelProto> Parse(std::string_view place, std::string_view bytes,
                                       const ImportLimits& limits) {
  if (bytes.empty()) return InvalidArgument(place, "the file is empty");
  if (static_cast<int64_t>(bytes.size()) > limits.max_file_bytes ||
      bytes.size() > static_cast<size_t>(std::numeric_limits<int>::max())) {
    return ResourceExhausted(place, "has {} bytes, at most {} are allowed", bytes.size(),
                             limits.max_file_bytes);
  }
  RECTIFIER_RETURN_IF_ERROR(TakeCensus(place, bytes, limits));
  google::protobuf::io::CodedInputStream stream(reinterpret_cast<const uint8_t*>(bytes.data()),
                                                static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kMaxMessageDepth);
  onnx::ModelProto model;
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return InvalidArgument(place, "is not an ONNX model");
  }
  return model;
}

// The version of the default domain's operators.
absl::StatusOr<int> CheckVersions(std::string_view place, const onnx::ModelProto& model) {
  const int64_t ir_version = model.ir_version();
  if (!model.has_ir_version() || !model.has_graph()) {
    return InvalidArgument(place, "the file is cut short or not ONNX: it has no {}",
                           model.has_graph() ? "ir_version" : "graph");
  }
  if (ir_version < 1 || ir_version > kNewestIrVersion) {
    return Unimplemented(place, "ir_version {} is not supported (1 to {} are)", ir_version,
                         kNewestIrVersion);
  }
  std::optional<int64_t> opset;
  for (const auto& import : model.opset_import()) {
    if (!import.domain().empty() && import.domain() != "ai.onnx") continue;
    if (opset && *opset != import.version()) {
      return InvalidArgument(place, "imports versions {} and {} of the default operator set",
                             *opset, import.version());
    }
    opset = import.version();
  }
  // Before ir_version 3 there was one operator set, and nothing to import.
  if (!opset && ir_version < 3) opset = 1;
  if (!opset) {
    return InvalidArgument(place, "the file is cut short or wrong: it imports no operator set");
  }
  if (*opset < 1 || *opset > kNewestOpset) {
    return Unimplemented(place,
                         "version {} of the default operator set is not supported (1 to {} are)",
                         *opset, kNewestOpset);
  }
  return static_cast<int>(*opset);
}

absl::StatusOr<Graph> ToGraph(std::string_view place, onnx::ModelProto model,
                              const ImportLimits& limits, const ExternalData& external,
                              const NodeFolder& fold) {
  RECTIFIER_ASSIGN_OR_RETURN(const int opset, CheckVersions(place, model));
  RECTIFIER_RETURN_IF_ERROR(InlineFunctions(model, opset, limits));
  return ReadGraph(place, *model.mutable_graph(), opset, {limits, external, fold});
}

// The file's bytes are gone when this returns, before the weights are copied out of the message.
absl::StatusOr<onnx::ModelProto> ParseFile(std::string_view place,
                                           const std::filesystem::path& file,
                                           const ImportLimits& limits) {
  RECTIFIER_ASSIGN_OR_RETURN(const AlignedBuffer bytes,
                             ReadModelFile(place, file, limits.max_file_bytes));
  return Parse(place, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}, limits);
}

}  // namespace

absl::StatusOr<Graph> ImportOnnx(std::string_view place, std::string_view bytes,
                                 const ImportLimits& limits, const NodeFolder& fold) {
  RECTIFIER_ASSIGN_OR_RETURN(onnx::ModelProto model, Parse(place, bytes, limits));
  return ToGraph(place, std::move(model), limits, ExternalData(), fold);
}

absl::StatusOr<Graph> OnnxImporter::Import(const std::filesystem::path& file,
                                           const ImportLimits& limits,
                                           const NodeFolder& fold) const {
  const std::string place = Printable(file.filename().string());
  RECTIFIER_ASSIGN_OR_RETURN(onnx::ModelProto model, ParseFile(place, file, limits));
  return ToGraph(place, std::move(model), limits, ExternalData::Beside(file), fold);
}

}  // namespace rectifier
