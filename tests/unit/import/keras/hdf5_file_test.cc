#include "server/import/keras/hdf5_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/import/keras/hdf5_testing.h"

namespace rectifier {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Optional;

TEST(Hdf5FileTest, AttributesAreStringsOfEitherKind) {
  for (const bool newest : {false, true}) {
    Hdf5Builder builder(newest);
    builder.Group("g")
        .Strings("g", "variable", {"one", "", "three"})
        .String("g", "single", "alone")
        .FixedStrings("g", "fixed", 5, {"one", "three"})
        .FixedStrings("g", "spaces", 5, {"one", ""}, H5T_STR_SPACEPAD)
        .String("/", "of_root", "yes");
    OpenedHdf5 file(builder);
    EXPECT_THAT(file.Strings("g", "variable"), Optional(ElementsAre("one", "", "three")));
    EXPECT_THAT(file.Strings("g", "single"), Optional(ElementsAre("alone")));
    EXPECT_THAT(file.Strings("g", "fixed"), Optional(ElementsAre("one", "three")));
    EXPECT_THAT(file.Strings("g", "spaces"), Optional(ElementsAre("one", "")));
    EXPECT_THAT(file.Strings("", "of_root"), Optional(ElementsAre("yes")));
    EXPECT_EQ(file.Strings("g", "missing"), std::nullopt);
  }
}

TEST(Hdf5FileTest, AnEmptyAttributeOfAnyTypeIsAnEmptyList) {
  // Keras writes the names of a layer without weights as an empty list of numbers.
  const Hdf5Id number = Hdf5Builder::Made(H5Tcopy(H5T_IEEE_F64LE), H5Tclose);
  OpenedHdf5 file(Hdf5Builder().Attribute("/", "weight_names", number, {0}, nullptr));
  EXPECT_THAT(file.Strings("", "weight_names"), Optional(IsEmpty()));
}

TEST(Hdf5FileTest, AnAttributeOfNumbersIsNoText) {
  const Hdf5Id number = Hdf5Builder::Made(H5Tcopy(H5T_NATIVE_INT), H5Tclose);
  const int value = 1;
  OpenedHdf5 file(Hdf5Builder().Attribute("/", "layer_names", number, {}, &value));
  EXPECT_EQ(StatusText(file->Strings("", "layer_names")),
            "INVALID_ARGUMENT: m.h5: attribute layer_names: is no text");
}

TEST(Hdf5FileTest, NamesAreSortedAndKnownByTheirKind) {
  OpenedHdf5 file(Hdf5Builder().Group("b").Floats("a", {1}, {1}).Group("c/d"));
  EXPECT_THAT(file->Names("").value(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(file->Names("c").value(), ElementsAre("d"));
  EXPECT_THAT(file->Names("b").value(), IsEmpty());
  EXPECT_TRUE(file->IsDataset("a") && !file->IsGroup("a"));
  EXPECT_TRUE(file->IsGroup("c/d") && !file->IsDataset("c/d"));
  EXPECT_FALSE(file->IsGroup("e") || file->IsDataset("e"));
}

TEST(Hdf5FileTest, LinksToElsewhereAreRefusedByNameAndNotFollowed) {
  const auto soft = [](hid_t file) { return H5Lcreate_soft("/y", file, "x", 0, 0); };
  const auto external = [](hid_t file) {
    return H5Lcreate_external("other.h5", "/y", file, "x", H5P_DEFAULT, H5P_DEFAULT);
  };
  const auto user_defined = [](hid_t file) {
    H5L_class_t type = {};
    type.version = H5L_LINK_CLASS_T_VERS;
    type.id = static_cast<H5L_type_t>(200);
    type.trav_func = [](const char*, hid_t, const void*, size_t, hid_t, hid_t) -> hid_t {
      ADD_FAILURE() << "was followed";
      return -1;
    };
    Hdf5Builder::Do(H5Lregister(&type));
    return H5Lcreate_ud(file, "x", type.id, nullptr, 0, H5P_DEFAULT, H5P_DEFAULT);
  };
  for (herr_t (*link)(hid_t) : {+soft, +external, +user_defined}) {
    for (const bool newest : {false, true}) {
      Hdf5Builder builder(newest);
      builder.Group("y").Group("z");
      Hdf5Builder::Do(link(builder.file()));
      OpenedHdf5 file(builder);
      const std::string refused =
          "INVALID_ARGUMENT: m.h5: 'x' is a link to elsewhere, which is not followed";
      EXPECT_EQ(StatusText(file->Names("")), refused);
      EXPECT_EQ(StatusText(file->Follow("", "x")), refused);
      EXPECT_EQ(StatusText(file->Follow("", "x/w")), refused);
      EXPECT_THAT(file->Follow("", "z").value(), Optional(std::string("z")));
    }
  }
}

TEST(Hdf5FileTest, ANameThatWouldBeAPathIsRefused) {
  Hdf5Builder builder;
  builder.Group("g").Floats("g_x", {1}, {1});
  Hdf5Builder::Do(
      H5Lcreate_external("other.h5", "/y", builder.file(), "g/x", H5P_DEFAULT, H5P_DEFAULT));
  std::string bytes = builder.Bytes();
  ASSERT_NE(bytes.find("g_x"), std::string::npos);
  bytes[bytes.find("g_x") + 1] = '/';
  EXPECT_EQ(StatusText(OpenedHdf5(bytes)->Names("")),
            "INVALID_ARGUMENT: m.h5: 'g/x' is no name of a link");
}

TEST(Hdf5FileTest, PathsAreFollowedPartByPart) {
  OpenedHdf5 file(Hdf5Builder().Floats("a/b/c", {1}, {1}));
  EXPECT_THAT(file->Follow("", "a/b/c").value(), Optional(std::string("a/b/c")));
  EXPECT_THAT(file->Follow("a", "/b//c/").value(), Optional(std::string("a/b/c")));
  EXPECT_EQ(file->Follow("a", "c").value(), std::nullopt);
  EXPECT_EQ(file->Follow("", "a/b/c/d").value(), std::nullopt);
  EXPECT_EQ(file->Follow("a", "../a").value(), std::nullopt);
  EXPECT_EQ(file->Follow("a", "./b").value(), std::nullopt);
}

TEST(Hdf5FileTest, TheNumberOfNamesIsLimitedOverAllGroups) {
  ImportLimits limits;
  limits.max_nodes = 4;
  OpenedHdf5 file(Hdf5Builder().Group("a").Group("b").Group("c"), limits);
  EXPECT_TRUE(file->Names("").ok());
  EXPECT_EQ(StatusText(file->Names("")),
            "RESOURCE_EXHAUSTED: m.h5: has more than 4 groups and datasets");
}

TEST(Hdf5FileTest, BytesThatAreNoHdf5FileAreRefused) {
  const std::string refused = "INVALID_ARGUMENT: m.h5: is cut short or no HDF5 file";
  EXPECT_EQ(StatusText(OpenedHdf5(std::string(1000, 'x')).status()), refused);
  EXPECT_EQ(StatusText(OpenedHdf5(std::string("\x89HDF\r\n\x1a\n", 8)).status()), refused);
  EXPECT_EQ(StatusText(OpenedHdf5(std::string()).status()), "INVALID_ARGUMENT: m.h5: is empty");
}

TEST(Hdf5FileTest, TheBytesAreUsedInPlace) {
  // What changes in them after the file was opened is what is read.
  const std::vector<float> values = {1, 2, 3, 4};
  std::string bytes = Hdf5Builder().Floats("x", {4}, values).Bytes();
  const ImportLimits limits;
  auto file = Hdf5File::Open("m.h5", std::as_bytes(std::span(bytes)), limits);
  ASSERT_TRUE(file.ok());
  const size_t at = bytes.find(std::string(reinterpret_cast<const char*>(values.data()), 16));
  ASSERT_NE(at, std::string::npos);
  bytes.replace(at, 4, std::string(4, '\0'));
  EXPECT_EQ(file->Dataset("x")->data<float>()[0], 0);
}

}  // namespace
}  // namespace rectifier
