#pragma once

#include <string_view>

#include "server/import/keras/keras_file.h"
#include "server/import/model_importer.h"

namespace rectifier {

// Networks that Keras 2 or 3 saved whole, with their weights: one importer for .keras files, and
// one for .h5 files. The layers and operations that are understood are listed in layer_table.cc and
// operations.cc; others are refused by name, and code in a file is never run.
//
// The file itself is parsed in another process, see parser_process.h.
class KerasImporter final : public ModelImporter {
 public:
  explicit KerasImporter(KerasFormat format) : format_(format) {}

  std::string_view format() const override { return is_zip() ? "keras" : "keras_h5"; }
  std::string_view extension() const override { return is_zip() ? ".keras" : ".h5"; }
  std::string_view file_name() const override { return is_zip() ? "model.keras" : "model.h5"; }

  absl::StatusOr<Graph> Import(const std::filesystem::path& file, const ImportLimits& limits,
                               const NodeFolder& fold) const override;

 private:
  bool is_zip() const { return format_ == KerasFormat::kKeras; }

  KerasFormat format_;
};

}  // namespace rectifier
