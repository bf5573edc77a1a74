#include "server/import/keras/keras_importer.h"

#include <string>
#include <utility>

#include "server/core/printable.h"
#include "server/core/status.h"
#include "server/import/keras/network_reader.h"
#include "server/import/keras/parser_process.h"

namespace rectifier {

absl::StatusOr<Graph> KerasImporter::Import(const std::filesystem::path& file,
                                            const ImportLimits& limits,
                                            const NodeFolder& fold) const {
  const std::string place = Printable(file.filename().string());
  RECTIFIER_ASSIGN_OR_RETURN(KerasFile parsed, ReadKerasFile(format_, place, file, limits));
  return ReadKerasNetwork(place, std::move(parsed), limits, fold);
}

}  // namespace rectifier
