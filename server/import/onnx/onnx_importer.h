#pragma once

#include <string_view>

#include "server/import/model_importer.h"

namespace rectifier {

// ONNX: an onnx.proto ModelProto, with its weights inside or in files beside it. The operators and
// operator sets that are understood are listed in spellings.cc.
class OnnxImporter final : public ModelImporter {
 public:
  std::string_view format() const override { return "onnx"; }
  std::string_view extension() const override { return ".onnx"; }
  std::string_view file_name() const override { return "model.onnx"; }

  absl::StatusOr<Graph> Import(const std::filesystem::path& file, const ImportLimits& limits,
                               const NodeFolder& fold = {}) const override;
};

// The same for a file's bytes; `place` stands for the file in messages.
absl::StatusOr<Graph> ImportOnnx(std::string_view place, std::string_view bytes,
                                 const ImportLimits& limits, const NodeFolder& fold = {});

}  // namespace rectifier
