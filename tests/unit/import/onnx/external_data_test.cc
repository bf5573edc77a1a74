#include "server/import/onnx/external_data.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "server/import/onnx/onnx_importer.h"
#include "tests/unit/import/onnx/import_testing.h"
#include "tests/unit/import/temporary_folder.h"

namespace rectifier {
namespace {

// y = x + w, where w is two floats of another file.
std::string Model(const std::string& location, const std::string& offset = "",
                  const std::string& length = "") {
  OnnxBuilder model = XToY(13, {2});
  onnx::TensorProto w;
  w.set_data_type(onnx::TensorProto::FLOAT);
  w.add_dims(2);
  w.set_data_location(onnx::TensorProto::EXTERNAL);
  const auto add = [&](const char* key, const std::string& value) {
    if (value.empty()) return;
    auto& entry = *w.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  };
  add("location", location);
  add("offset", offset);
  add("length", length);
  return model.Initializer("w", w).Node("Add", {"x", "w"}, {"y"}).Bytes();
}

std::string Floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

class ExternalDataTest : public testing::Test {
 protected:
  // How the import of `model`, in the folder, ends.
  std::string Import(const std::string& model) {
    folder_.Write("v/model.onnx", model);
    const auto graph = OnnxImporter().Import(folder_.path() / "v/model.onnx", {});
    if (!graph.ok()) {
      return absl::StatusCodeToString(graph.status().code()) + ": " +
             std::string(Message(graph.status()));
    }
    const auto data = graph->constant(graph->nodes()[0].inputs[1])->data<float>();
    return fmt::format("{}", fmt::join(data, ", "));
  }

  const TemporaryFolder folder_;
};

TEST_F(ExternalDataTest, ReadsAFileBesideTheModel) {
  folder_.Write("v/weights.bin", Floats({1, 2, 3}));
  EXPECT_EQ(Import(Model("weights.bin")), "1, 2");
  EXPECT_EQ(Import(Model("weights.bin", "4", "8")), "2, 3");
}

TEST_F(ExternalDataTest, ReadsAFileInAFolderBelow) {
  folder_.Write("v/data/weights.bin", Floats({1, 2}));
  EXPECT_EQ(Import(Model("data/weights.bin")), "1, 2");
  EXPECT_EQ(Import(Model("data/../data/weights.bin")), "1, 2");
}

// As Kubernetes mounts a ConfigMap.
TEST_F(ExternalDataTest, FollowsASymbolicLinkThatStaysInside) {
  folder_.Write("v/..data/weights.bin", Floats({1, 2}));
  std::filesystem::create_symlink("..data/weights.bin", folder_.path() / "v/weights.bin");
  EXPECT_EQ(Import(Model("weights.bin")), "1, 2");
}

TEST_F(ExternalDataTest, RefusesEveryWayOut) {
  folder_.Write("v/model.onnx", "");
  folder_.Write("secret", Floats({1, 2}));
  std::filesystem::create_symlink(folder_.path() / "secret", folder_.path() / "v/absolute");
  std::filesystem::create_symlink("../secret", folder_.path() / "v/relative");
  std::filesystem::create_directory_symlink("..", folder_.path() / "v/up");
  for (const std::string& location :
       {std::string("../secret"), (folder_.path() / "secret").string(), std::string("absolute"),
        std::string("relative"), std::string("up/secret"), std::string("a/../../secret")}) {
    folder_.Write("v/a/b", "");
    EXPECT_EQ(Import(Model(location)),
              fmt::format("INVALID_ARGUMENT: w (initializer): external data: {} leads out of the "
                          "model's folder",
                          location));
  }
}

TEST_F(ExternalDataTest, RefusesWhatIsNoRegularFile) {
  folder_.Write("v/model.onnx", "");
  ASSERT_EQ(mkfifo((folder_.path() / "v/pipe").c_str(), 0600), 0);
  std::filesystem::create_directory(folder_.path() / "v/folder");
  for (const char* location : {"pipe", "folder"}) {
    EXPECT_EQ(Import(Model(location)),
              fmt::format("INVALID_ARGUMENT: w (initializer): external data: {} is not a regular "
                          "file",
                          location));
  }
  EXPECT_EQ(Import(Model("nothing")),
            "NOT_FOUND: w (initializer): external data: nothing does not exist");
}

TEST_F(ExternalDataTest, RefusesMoreThanTheFileHas) {
  folder_.Write("v/weights.bin", Floats({1, 2}));
  EXPECT_EQ(Import(Model("weights.bin", "4")),
            "INVALID_ARGUMENT: w (initializer): external data: 8 bytes from 4 on are not in "
            "weights.bin, which has 8");
  EXPECT_EQ(Import(Model("weights.bin", "9223372036854775807")),
            "INVALID_ARGUMENT: w (initializer): external data: 8 bytes from 9223372036854775807 on "
            "are not in weights.bin, which has 8");
  EXPECT_EQ(Import(Model("weights.bin", "-4")),
            "INVALID_ARGUMENT: w (initializer): external data: offset is no number: -4");
  EXPECT_EQ(Import(Model("weights.bin", "0", "4")),
            "INVALID_ARGUMENT: w (initializer): external data: expected 8 bytes, got a length of "
            "4");
  EXPECT_EQ(Import(Model("")), "INVALID_ARGUMENT: w (initializer): external data: has no location");
}

TEST(ExternalDataOfBytesTest, AModelThatIsNoFileHasNone) {
  EXPECT_EQ(
      ImportedText(Model("weights.bin")),
      "INVALID_ARGUMENT: w (initializer): external data: the model is not a file beside which "
      "it could be");
}

}  // namespace
}  // namespace rectifier
