#include "server/import/importers.h"

#include <gtest/gtest.h>

#include <array>

#include "server/core/status.h"
#include "tests/unit/import/temporary_folder.h"

namespace rectifier {
namespace {

class OtherImporter final : public ModelImporter {
 public:
  std::string_view format() const override { return "other"; }
  std::string_view extension() const override { return ".other"; }
  std::string_view file_name() const override { return "model.other"; }
  absl::StatusOr<Graph> Import(const std::filesystem::path&, const ImportLimits&,
                               const NodeFolder&) const override {
    return Graph();
  }
};

std::string Found(const absl::StatusOr<ModelFile>& found) {
  if (found.ok()) {
    return std::string(found->importer->format()) + " " + found->file.filename().string();
  }
  return absl::StatusCodeToString(found.status().code()) + ": " +
         std::string(Message(found.status()));
}

TEST(ImportersTest, FileIsReadByTheImporterOfItsExtension) {
  const TemporaryFolder folder;
  folder.Write("net.onnx", "x");
  folder.Write("net.txt", "x");
  folder.Write("net.keras", "x");
  folder.Write("net.h5", "x");
  EXPECT_EQ(Found(FindModelFile(folder.path() / "net.onnx")), "onnx net.onnx");
  EXPECT_EQ(Found(FindModelFile(folder.path() / "net.keras")), "keras net.keras");
  EXPECT_EQ(Found(FindModelFile(folder.path() / "net.h5")), "keras_h5 net.h5");
  EXPECT_EQ(Found(FindModelFile(folder.path() / "net.txt")),
            "INVALID_ARGUMENT: net.txt: is not a model file by its extension (one of .onnx, "
            ".keras, .h5)");
  EXPECT_EQ(Found(FindModelFile(folder.path() / "none.onnx")),
            "NOT_FOUND: none.onnx: does not exist");
}

TEST(ImportersTest, FolderHoldsOneModelFile) {
  const OtherImporter other;
  const std::array<const ModelImporter*, 2> importers = {Importers()[0], &other};
  const TemporaryFolder folder;
  folder.Write("1/notes.txt", "x");
  EXPECT_EQ(Found(FindModelFile(folder.path() / "1", importers)),
            "NOT_FOUND: 1: holds no model file (one of model.onnx, model.other)");
  folder.Write("1/model.other", "x");
  EXPECT_EQ(Found(FindModelFile(folder.path() / "1", importers)), "other model.other");
  EXPECT_EQ(Found(FindModelFile(folder.path() / "1/", importers)), "other model.other");
  folder.Write("1/model.onnx", "x");
  EXPECT_EQ(Found(FindModelFile(folder.path() / "1/", importers)),
            "INVALID_ARGUMENT: 1: holds more than one model file: model.onnx, model.other");
}

TEST(ImportersTest, FolderWithFilesOfTwoFormatsIsRefused) {
  const TemporaryFolder folder;
  folder.Write("1/model.onnx", "x");
  folder.Write("1/model.keras", "x");
  folder.Write("1/model.h5", "x");
  EXPECT_EQ(Found(FindModelFile(folder.path() / "1")),
            "INVALID_ARGUMENT: 1: holds more than one model file: model.onnx, model.keras, "
            "model.h5");
}

TEST(ImportersTest, NoTwoImportersReadTheSameFiles) {
  for (const ModelImporter* a : Importers()) {
    for (const ModelImporter* b : Importers()) {
      if (a == b) continue;
      EXPECT_NE(a->format(), b->format());
      EXPECT_NE(a->extension(), b->extension());
      EXPECT_NE(a->file_name(), b->file_name());
    }
    EXPECT_TRUE(a->file_name().ends_with(a->extension())) << a->format();
  }
}

}  // namespace
}  // namespace rectifier
