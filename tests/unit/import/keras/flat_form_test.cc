#include "server/import/keras/flat_form.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>

#include "server/core/file_descriptor.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_testing.h"

namespace rectifier {
namespace {

using testing::AnyOf;
using testing::HasSubstr;
using testing::StartsWith;

const std::string kMark = "keras-1\n";

class Pipe {
 public:
  Pipe() {
    std::array<int, 2> ends{};
    RECTIFIER_CHECK(pipe(ends.data()) == 0);
    from_ = FileDescriptor(ends[0]);
    to_ = FileDescriptor(ends[1]);
  }

  int from() const { return from_.get(); }
  int to() const { return to_.get(); }
  void CloseTo() { to_ = FileDescriptor(); }

 private:
  FileDescriptor from_;
  FileDescriptor to_;
};

// What is read from a pipe into which another thread puts `bytes`.
absl::StatusOr<KerasFile> Read(const std::string& bytes, const ImportLimits& limits = {}) {
  Pipe pipe;
  std::thread writer([&] {
    size_t done = 0;
    while (done < bytes.size()) {
      const ssize_t put = write(pipe.to(), bytes.data() + done, bytes.size() - done);
      if (put <= 0) break;
      done += static_cast<size_t>(put);
    }
    pipe.CloseTo();
  });
  const FakeClock clock;
  auto file = ReadFlatForm(pipe.from(), limits, clock.Now() + std::chrono::hours(1), clock);
  // What was not read, so that the writer comes to its end.
  std::array<char, 4096> rest{};
  while (read(pipe.from(), rest.data(), rest.size()) > 0) {
  }
  writer.join();
  return file;
}

std::string Written(const absl::StatusOr<KerasFile>& file) {
  Pipe pipe;
  bool written = false;
  std::thread writer([&] {
    written = WriteFlatForm(pipe.to(), file);
    pipe.CloseTo();
  });
  std::string bytes;
  std::array<char, 4096> some{};
  for (ssize_t got = 0; (got = read(pipe.from(), some.data(), some.size())) > 0;) {
    bytes.append(some.data(), static_cast<size_t>(got));
  }
  writer.join();
  EXPECT_TRUE(written);
  return bytes;
}

KerasFile SmallFile() {
  KerasFile file;
  file.format = KerasFormat::kHdf5;
  file.config = R"({"class_name": "Sequential", "config": {}})";
  file.keras_version = "2.15.0";
  file.backend = "tensorflow";
  file.groups.resize(2);
  file.groups[0].path = "dense";
  const std::vector<float> kernel = {1, 2, 3, 4, 5, 6};
  const std::vector<int64_t> count = {-7};
  file.groups[0].weights.push_back({"kernel:0", Tensor::From<float>(Shape{2, 3}, kernel)});
  file.groups[0].weights.push_back({"count", Tensor::From<int64_t>(Shape{}, count)});
  file.groups[1].path = "other";
  file.groups[1].weights.push_back({"bias", Tensor::From<float>(Shape{6}, kernel)});
  return file;
}

// An answer with this header and what follows it.
std::string Answer(const std::string& header, const std::string& elements = "") {
  const uint64_t length = header.size();
  std::string bytes = kMark;
  bytes.append(reinterpret_cast<const char*>(&length), sizeof(length));
  return bytes + header + elements;
}

// The header of one weight, which has `dims` and, if given, other members.
std::string Header(const std::string& dims, const std::string& dtype = "\"f32\"") {
  return R"({"config": "{}", "keras_version": "3", "backend": "", "h5": false, "groups": )"
         R"([{"path": "p", "weights": [{"name": "0", "dtype": )" +
         dtype + R"(, "dims": )" + dims + "}]}]}";
}

std::string Text(const absl::StatusOr<KerasFile>& file) { return StatusText(file); }

TEST(FlatFormTest, AFileIsReadAsItWasWritten) {
  const auto file = Read(Written(SmallFile()));
  ASSERT_TRUE(file.ok()) << Text(file);
  EXPECT_EQ(file->format, KerasFormat::kHdf5);
  EXPECT_EQ(file->config, SmallFile().config);
  EXPECT_EQ(file->keras_version, "2.15.0");
  EXPECT_EQ(file->backend, "tensorflow");
  ASSERT_EQ(file->groups.size(), 2U);
  EXPECT_EQ(file->groups[0].path, "dense");
  EXPECT_EQ(file->groups[1].path, "other");
  ASSERT_EQ(file->groups[0].weights.size(), 2U);
  const KerasWeight& kernel = file->groups[0].weights[0];
  EXPECT_EQ(kernel.name, "kernel:0");
  EXPECT_EQ(kernel.tensor.shape(), (Shape{2, 3}));
  EXPECT_THAT(kernel.tensor.data<float>(), testing::ElementsAre(1, 2, 3, 4, 5, 6));
  const KerasWeight& count = file->groups[0].weights[1];
  EXPECT_EQ(count.tensor.shape(), Shape());
  EXPECT_THAT(count.tensor.data<int64_t>(), testing::ElementsAre(-7));
  EXPECT_EQ(file->groups[1].weights[0].tensor.data<float>()[5], 6);
}

TEST(FlatFormTest, WeightsLargerThanAPipeArriveWhole) {
  std::vector<float> values(1 << 20);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i);
  KerasFile file;
  file.groups.push_back({"p", {}});
  file.groups[0].weights.push_back({"0", Tensor::From<float>(Shape{1 << 20}, values)});
  const auto read = Read(Written(std::move(file)));
  ASSERT_TRUE(read.ok()) << Text(read);
  EXPECT_EQ(read->format, KerasFormat::kKeras);
  EXPECT_THAT(read->groups[0].weights[0].tensor.data<float>(), testing::ElementsAreArray(values));
}

TEST(FlatFormTest, TextThatIsNoUtf8IsReplaced) {
  KerasFile file = SmallFile();
  file.groups[0].path = "a\xff";
  const auto read = Read(Written(std::move(file)));
  ASSERT_TRUE(read.ok()) << Text(read);
  EXPECT_EQ(read->groups[0].path, "a\xef\xbf\xbd");
}

TEST(FlatFormTest, ErrorsKeepTheirCodeIfItIsOneOfAFile) {
  EXPECT_EQ(Text(Read(Written(absl::InvalidArgumentError("m.h5: is wrong")))),
            "INVALID_ARGUMENT: m.h5: is wrong");
  EXPECT_EQ(Text(Read(Written(absl::UnimplementedError("x")))), "UNIMPLEMENTED: x");
  EXPECT_EQ(Text(Read(Written(absl::ResourceExhaustedError("x")))), "RESOURCE_EXHAUSTED: x");
  EXPECT_EQ(Text(Read(Written(absl::FailedPreconditionError("x")))), "FAILED_PRECONDITION: x");
  EXPECT_EQ(Text(Read(Written(absl::UnavailableError("x")))), "INVALID_ARGUMENT: x");
  EXPECT_EQ(Text(Read(Answer(R"({"error": {"code": 0, "message": "x"}})"))), "INVALID_ARGUMENT: x");
  EXPECT_EQ(Text(Read(Answer(R"({"error": {"message": "x"}})"))), "INVALID_ARGUMENT: x");
}

TEST(FlatFormTest, AnErrorIsPrintableAndOfBoundedLength) {
  EXPECT_EQ(Text(Read(Written(absl::InvalidArgumentError("a\n\x1b[31mb")))),
            "INVALID_ARGUMENT: a??[31mb");
  EXPECT_LT(Text(Read(Written(absl::InvalidArgumentError(std::string(1 << 20, 'a'))))).size(),
            2000U);
}

TEST(FlatFormTest, AnAnswerThatEndsTooEarlyIsAnError) {
  const std::string bytes = Written(SmallFile());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(Text(Read(bytes.substr(0, size))), "DATA_LOSS: the parser's answer is cut short")
        << size;
  }
}

TEST(FlatFormTest, WhatIsNoAnswerIsMalformed) {
  EXPECT_EQ(Text(Read(std::string(1000, 'x'))),
            "DATA_LOSS: the parser's answer is malformed: mark");
  EXPECT_EQ(Text(Read(kMark + std::string(8, '\xff'))),
            "DATA_LOSS: the parser's answer is malformed: length");
  for (const std::string header : {"", "{", "nonsense", "\xff\xfe", "{} {}"}) {
    EXPECT_EQ(Text(Read(Answer(header))),
              "DATA_LOSS: the parser's answer is malformed: header: is not JSON")
        << header;
  }
  EXPECT_THAT(Text(Read(Answer(std::string(100, '[') + std::string(100, ']')))),
              HasSubstr("malformed: header: its JSON is nested more than 64 deep"));
}

TEST(FlatFormTest, EveryMemberOfTheHeaderIsNeeded) {
  // Taken away, or of another type, one after the other.
  const nlohmann::json whole = nlohmann::json::parse(Header("[1]"));
  ASSERT_TRUE(Read(Answer(whole.dump(), "1234")).ok());
  for (const char* member :
       {"/config", "/keras_version", "/backend", "/groups", "/groups/0/path", "/groups/0/weights",
        "/groups/0/weights/0/name", "/groups/0/weights/0/dtype", "/groups/0/weights/0/dims"}) {
    for (const char* other : {"null", "1", "{\"a\": 1}", "true"}) {
      nlohmann::json header = whole;
      header[nlohmann::json::json_pointer(member)] = nlohmann::json::parse(other);
      EXPECT_THAT(Text(Read(Answer(header.dump(), "1234"))),
                  StartsWith("DATA_LOSS: the parser's answer is malformed: "))
          << header;
    }
  }
  for (const char* other : {"1", "\"text\"", "[]", "[[]]", "null"}) {
    EXPECT_THAT(Text(Read(Answer(other))), StartsWith("DATA_LOSS: ")) << other;
  }
}

TEST(FlatFormTest, DimensionsAndTypesThatNoWeightHasAreMalformed) {
  for (const char* dims : {"[0]", "[-1]", "[1.5]", "[\"1\"]", "[[1]]", "[18446744073709551615]",
                           "[9223372036854775807, 2]", "[4294967296, 4294967296, 4294967296]",
                           "[1, 1, 1, 1, 1, 1, 1, 1, 1]"}) {
    EXPECT_EQ(Text(Read(Answer(Header(dims), "1234"))),
              "DATA_LOSS: the parser's answer is malformed: dims")
        << dims;
  }
  for (const char* dtype : {"\"bool\"", "\"f64\"", "\"i32\"", "\"\"", "\"F32\""}) {
    EXPECT_EQ(Text(Read(Answer(Header("[1]", dtype), "12345678"))),
              "DATA_LOSS: the parser's answer is malformed: dtype")
        << dtype;
  }
}

TEST(FlatFormTest, WeightsAboveTheLimitAreRefusedBeforeTheyAreAllocated) {
  EXPECT_EQ(Text(Read(Answer(Header("[1073741825]")))),
            "RESOURCE_EXHAUSTED: model: its weights take more than 4294967296 bytes");
  ImportLimits limits;
  limits.max_constant_bytes = 55;  // of 56
  EXPECT_THAT(Text(Read(Written(SmallFile()), limits)), StartsWith("RESOURCE_EXHAUSTED: "));
  limits.max_constant_bytes = 56;
  EXPECT_EQ(Text(Read(Written(SmallFile()), limits)), "OK");
}

TEST(FlatFormTest, TheNumberOfWeightsIsLimited) {
  ImportLimits limits;
  limits.max_initializers = 2;  // of 3
  EXPECT_EQ(Text(Read(Written(SmallFile()), limits)),
            "RESOURCE_EXHAUSTED: model: has more than 2 weights");
}

TEST(FlatFormTest, AHeaderOfVeryManyValuesIsMalformed) {
  ImportLimits limits;
  limits.max_entries = 10;
  EXPECT_THAT(Text(Read(Written(SmallFile()), limits)), HasSubstr("malformed: header: its JSON has "
                                                                  "more than 10 values"));
}

TEST(FlatFormTest, ChangedBytesGiveAnErrorOrAFile) {
  const std::string bytes = Written(SmallFile());
  int files = 0;
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 0x15);
    const auto file = Read(changed);
    if (file.ok()) ++files;
    EXPECT_THAT(Text(file),
                AnyOf("OK", StartsWith("DATA_LOSS: "), StartsWith("RESOURCE_EXHAUSTED: ")))
        << i;
  }
  EXPECT_GE(files, 56);  // at least the elements
}

TEST(FlatFormTest, AnAnswerThatIsNotThereInTimeIsLate) {
  const std::string bytes = Written(SmallFile());
  for (const size_t size : {size_t{0}, size_t{10}, bytes.size() - 1}) {
    Pipe pipe;
    ASSERT_EQ(write(pipe.to(), bytes.data(), size), static_cast<ssize_t>(size));
    const Clock& clock = SteadyClock();
    const auto file =
        ReadFlatForm(pipe.from(), {}, clock.Now() + std::chrono::milliseconds(20), clock);
    EXPECT_EQ(Text(file), "DEADLINE_EXCEEDED: the parser is late") << size;
  }
}

TEST(FlatFormTest, WhatCannotBeWrittenIsTold) {
  const FileDescriptor read_only(open("/dev/null", O_RDONLY));
  EXPECT_FALSE(WriteFlatForm(read_only.get(), SmallFile()));
  EXPECT_FALSE(WriteFlatForm(read_only.get(), absl::InvalidArgumentError("x")));
}

}  // namespace
}  // namespace rectifier
