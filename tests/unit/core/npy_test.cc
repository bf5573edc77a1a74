#include "server/core/npy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <string>
#include <vector>

#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class NpyTest : public ::testing::Test {
 protected:
  NpyTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    path_ = std::filesystem::path(::testing::TempDir()) / (std::string(test->name()) + ".npy");
  }
  ~NpyTest() override { std::filesystem::remove(path_); }

  void WriteBytes(const std::string& bytes) {
    std::ofstream(path_, std::ios::binary | std::ios::trunc) << bytes;
  }
  std::string ReadBytes() {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // A file of format 1.0 with this header and data.
  void WriteFile(const std::string& header, const std::string& data) {
    WriteBytes(File(1, header, data));
  }
  static std::string File(int major, const std::string& header, const std::string& data) {
    std::string bytes("\x93NUMPY", 6);
    bytes += static_cast<char>(major);
    bytes += '\0';
    for (int i = 0; i < (major == 1 ? 2 : 4); ++i) {
      bytes += static_cast<char>(header.size() >> (8 * i) & 0xff);
    }
    return bytes + header + data;
  }
  std::string ReadError() { return StatusText(ReadNpy(path_)); }

  std::filesystem::path path_;
};

constexpr char kFloats[] = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n";

TEST_F(NpyTest, EveryElementTypeButBfloat16ReadsBack) {
  for (const DType dtype : {DType::kBool, DType::kUInt8, DType::kUInt16, DType::kUInt32,
                            DType::kUInt64, DType::kInt8, DType::kInt16, DType::kInt32,
                            DType::kInt64, DType::kFloat16, DType::kFloat32, DType::kFloat64}) {
    auto tensor = Tensor::Allocate({dtype, {2, 3}});
    ASSERT_TRUE(tensor.ok());
    for (size_t i = 0; i < tensor->bytes().size(); ++i) {
      tensor->bytes()[i] = static_cast<std::byte>(i % 2);
    }
    ASSERT_TRUE(WriteNpy(path_, tensor->view()).ok());
    const auto read = ReadNpy(path_);
    ASSERT_TRUE(read.ok()) << StatusText(read);
    EXPECT_EQ(read->type(), tensor->type());
    EXPECT_TRUE(std::equal(read->bytes().begin(), read->bytes().end(), tensor->bytes().begin()));
  }
}

TEST_F(NpyTest, ShapesOfEveryRankReadBack) {
  for (const Shape& shape : {Shape{}, Shape{3}, Shape{0}, Shape{2, 0, 3}, Shape{1, 2, 3, 4},
                             Shape{1, 1, 1, 2, 1, 1, 1, 1}}) {
    auto tensor = Tensor::Allocate({DType::kUInt8, shape});
    ASSERT_TRUE(WriteNpy(path_, tensor->view()).ok());
    const auto read = ReadNpy(path_);
    ASSERT_TRUE(read.ok()) << StatusText(read);
    EXPECT_EQ(read->shape(), shape);
  }
}

TEST_F(NpyTest, WritesTheFileThatNumpyWrites) {
  ASSERT_TRUE(WriteNpy(path_, Tensor::From<float>({2}, std::vector<float>{1, 2}).view()).ok());
  const std::string bytes = ReadBytes();
  EXPECT_THAT(bytes, StartsWith(std::string("\x93NUMPY\x01\x00\x76\x00", 10)));
  EXPECT_THAT(bytes, HasSubstr("{'descr': '<f4', 'fortran_order': False, 'shape': (2, ), }"));
  EXPECT_EQ(bytes[127], '\n');
  EXPECT_EQ(bytes.size(), 128 + 8u);
}

TEST_F(NpyTest, ReadsVersions2And3) {
  for (const int major : {2, 3}) {
    WriteBytes(File(major, kFloats, std::string("\0\0\x80\x3f\0\0\0\x40", 8)));
    const auto read = ReadNpy(path_);
    ASSERT_TRUE(read.ok()) << StatusText(read);
    EXPECT_THAT(read->data<float>(), ElementsAre(1, 2));
  }
}

TEST_F(NpyTest, RefusesVersionsItDoesNotKnow) {
  for (const int major : {0, 4, 255}) {
    WriteBytes(File(major, kFloats, std::string(8, '\0')));
    EXPECT_THAT(ReadError(), StartsWith("INVALID_ARGUMENT: " + path_.string())) << major;
  }
}

TEST_F(NpyTest, AMissingFileIsNotFound) {
  EXPECT_EQ(ReadError(), "NOT_FOUND: " + path_.string() + ": cannot be opened");
}

TEST_F(NpyTest, RefusesFilesOfAnotherKind) {
  for (const std::string& bytes : {std::string(), std::string("\x93NUM"), std::string(100, 'x')}) {
    WriteBytes(bytes);
    EXPECT_EQ(ReadError(), "INVALID_ARGUMENT: " + path_.string() + ": not a .npy file");
  }
}

TEST_F(NpyTest, RefusesAFileCutAnywhere) {
  const std::string whole = File(1, kFloats, std::string(8, '\0'));
  for (size_t length = 0; length < whole.size(); ++length) {
    WriteBytes(whole.substr(0, length));
    ASSERT_THAT(ReadError(), StartsWith("INVALID_ARGUMENT: " + path_.string())) << length;
  }
}

TEST_F(NpyTest, RefusesDataOfAnotherSizeThanTheHeaderSays) {
  WriteFile(kFloats, std::string(12, '\0'));
  EXPECT_THAT(ReadError(), EndsWith("expected 8 bytes of data for shape [2], got 12"));
  WriteFile(kFloats, std::string(4, '\0'));
  EXPECT_THAT(ReadError(), EndsWith("expected 8 bytes of data for shape [2], got 4"));
}

TEST_F(NpyTest, AllocatesNothingForASizeThatTheFileDoesNotHave) {
  WriteFile("{'descr': '<f4', 'fortran_order': False, 'shape': (1000000000000, 1000), }\n", "");
  EXPECT_THAT(ReadError(), HasSubstr("expected 4000000000000000 bytes"));
}

TEST_F(NpyTest, RefusesShapesThatOverflow) {
  WriteFile("{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999999999, 99999), }\n",
            "");
  EXPECT_THAT(ReadError(), HasSubstr("more elements than can be counted"));
}

struct BadHeader {
  const char* header;
  const char* message;
};

TEST_F(NpyTest, RefusesHeadersItCannotRead) {
  const BadHeader cases[] = {
      {"", "the npy header cannot be read"},
      {"{}", "the npy header cannot be read"},
      {"{'descr': '<f4', 'fortran_order': False, }", "the npy header cannot be read"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2,", "the npy header cannot be read"},
      {"{'descr': '<f4', 'fortran_order': True, 'shape': (2,), }",
       "expected C order, got Fortran order"},
      {"{'descr': '>f4', 'fortran_order': False, 'shape': (2,), }",
       "element type '>f4' is not supported"},
      {"{'descr': '|O', 'fortran_order': False, 'shape': (2,), }",
       "element type '|O' is not supported"},
      {"{'descr': '<c8', 'fortran_order': False, 'shape': (2,), }",
       "element type '<c8' is not supported"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-2,), }", "'-2' is not a dimension"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (2.5,), }", "'2.5' is not a dimension"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1 2,), }", "is not a dimension"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999999999999,), }",
       "'9999999999999999999' is not a dimension"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }",
       "more than 8 dimensions"},
  };
  for (const BadHeader& c : cases) {
    WriteFile(c.header, std::string(48, '\0'));
    EXPECT_THAT(ReadError(), StartsWith("INVALID_ARGUMENT: " + path_.string())) << c.header;
    EXPECT_THAT(ReadError(), HasSubstr(c.message)) << c.header;
  }
}

TEST_F(NpyTest, RefusesAHeaderLengthBeyondTheFile) {
  std::string bytes = File(2, kFloats, "");
  bytes[11] = '\x7f';  // the top byte of the length
  WriteBytes(bytes);
  EXPECT_THAT(ReadError(), HasSubstr("the npy header is damaged"));
}

TEST_F(NpyTest, ReadsBoolsOtherThan0And1AsTrue) {
  WriteFile("{'descr': '|b1', 'fortran_order': False, 'shape': (3,), }\n",
            std::string("\0\1\2", 3));
  const auto read = ReadNpy(path_);
  ASSERT_TRUE(read.ok()) << StatusText(read);
  EXPECT_THAT(read->data<bool>(), ElementsAre(false, true, true));
}

TEST_F(NpyTest, RefusesToWriteBfloat16) {
  const auto tensor = Tensor::Allocate({DType::kBFloat16, {1}});
  EXPECT_EQ(StatusText(WriteNpy(path_, tensor->view())),
            "INVALID_ARGUMENT: " + path_.string() + ": element type bf16 has no .npy form");
}

TEST_F(NpyTest, WritingToAMissingFolderFails) {
  const Tensor tensor = Tensor::Scalar(1);
  EXPECT_THAT(StatusText(WriteNpy(path_ / "missing" / "x.npy", tensor.view())),
              HasSubstr("cannot be written"));
}

}  // namespace
}  // namespace rectifier
