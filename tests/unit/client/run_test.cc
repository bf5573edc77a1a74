#include "client/cpp/cli/run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>
#include <sstream>

#include "server/core/npy.h"
#include "tests/unit/client/fake_inference_server.h"
#include "tests/unit/client/png_writer.h"
#include "tests/unit/client/temporary_directory.h"

namespace rectifier::client::cli {
namespace {

using testing::FakeInferenceServer;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

// The program but for main(), against the fake server.
class RunTest : public ::testing::Test {
 protected:
  int RunProgram(std::vector<std::string> arguments) {
    out_.str("");
    err_.str("");
    arguments.insert(arguments.end(), {"--server", server_.target()});
    const auto parsed = ParseCommandLine(arguments, out_, err_);
    if (const int* code = std::get_if<int>(&parsed)) return *code;
    return cli::Run(std::get<CommandLine>(parsed), out_, err_);
  }

  // Expects the exit status 1 and one line of error.
  std::string Failure(const std::vector<std::string>& arguments) {
    EXPECT_EQ(RunProgram(arguments), 1);
    std::string error = err_.str();
    EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 1) << error;
    EXPECT_THAT(error, StartsWith("rectifier-client: "));
    return error;
  }

  std::string Output(const std::vector<std::string>& arguments) {
    EXPECT_EQ(RunProgram(arguments), 0) << err_.str();
    EXPECT_THAT(err_.str(), IsEmpty());
    return out_.str();
  }

  // A picture of 2x2 whose pixel `brightest` is white.
  std::string WritePicture(const std::string& name, int brightest) {
    std::array<unsigned char, 4> pixels{};
    pixels[static_cast<size_t>(brightest)] = 255;
    return directory_
        .Write(name, testing::WritePng({.width = 2,
                                        .height = 2,
                                        .rows = {{pixels[0], pixels[1]}, {pixels[2], pixels[3]}}}))
        .string();
  }

  template <typename T>
  std::string WriteArray(const std::string& name, const Shape& shape, std::span<const T> values) {
    const auto path = directory_.path() / name;
    EXPECT_TRUE(WriteNpy(path, rectifier::Tensor::From<T>(shape, values).view()).ok());
    return path.string();
  }

  // 360 pictures: number i's brightest pixel is i % 4, and so is its label.
  std::string WriteManyPictures() {
    std::vector<float> values(size_t{360} * 4);
    std::vector<int64_t> labels(360);
    for (size_t i = 0; i < 360; ++i) {
      labels[i] = static_cast<int64_t>(i % 4);
      values[4 * i + i % 4] = 1;
    }
    WriteArray<int64_t>("labels.npy", {360}, labels);
    return WriteArray<float>("images.npy", {360, 1, 2, 2}, values);
  }
  std::string LabelsFile() const { return (directory_.path() / "labels.npy").string(); }

  testing::TemporaryDirectory directory_;
  FakeInferenceServer server_;
  std::ostringstream out_;
  std::ostringstream err_;
};

TEST_F(RunTest, ReadySaysYesOrFails) {
  EXPECT_EQ(Output({"ready"}), server_.target() + ": the server is ready\n");
  EXPECT_THAT(Output({"ready", "--model", "brightest"}), HasSubstr("model 'brightest' is ready"));
  server_.set_not_ready(1);
  EXPECT_THAT(Failure({"ready"}), HasSubstr("the server is not ready [FAILED_PRECONDITION]"));
  server_.set_not_ready(1);
  EXPECT_THAT(Output({"ready", "--wait", "30"}), HasSubstr("is ready"));
}

TEST_F(RunTest, MetadataIsReadable) {
  EXPECT_EQ(Output({"metadata"}), "fake 1.2\n  extensions  statistics\n");
  EXPECT_EQ(Output({"metadata", "--model", "brightest"}),
            "brightest\n"
            "  versions    3\n"
            "  platform    onnx\n"
            "  inputs      image  FP32 [-1,1,2,2]\n"
            "  outputs     logits  FP32 [-1,4]\n"
            "  origin      test\n");
}

TEST_F(RunTest, MetadataIsJson) {
  EXPECT_THAT(Output({"metadata", "--json"}), HasSubstr("\"version\": \"1.2\""));
  EXPECT_THAT(Output({"metadata", "--model", "brightest", "--json"}),
              HasSubstr("\"name\": \"image\",\n      \"datatype\": \"FP32\""));
}

TEST_F(RunTest, InferPrintsTheOutputs) {
  const std::string input =
      WriteArray<float>("in.npy", {1, 1, 2, 2}, std::array{0.0F, 0.5F, 0.25F, 1.0F});
  EXPECT_EQ(Output({"infer", "--model", "brightest", "--input", "image=" + input}),
            "logits  FP32 [1,4]  0 5 2.5 10\n");
}

TEST_F(RunTest, InferShortensLongOutputs) {
  std::vector<float> values(16);
  values[15] = -1;
  const std::string input = WriteArray<float>("in.npy", {4, 1, 2, 2}, values);
  EXPECT_EQ(Output({"infer", "--model", "brightest", "--input", "image=" + input}),
            "logits  FP32 [4,4]  0 0 0 0 0 0 0 0 0 0 0 0 …  (of 16, -10 to 0)\n");
}

TEST_F(RunTest, InferWritesTheOutputsToADirectory) {
  const std::string input =
      WriteArray<float>("in.npy", {1, 1, 2, 2}, std::array{0.0F, 0.5F, 0.25F, 1.0F});
  const auto out = directory_.path() / "a" / "b";
  Output(
      {"infer", "--model", "brightest", "--input", "image=" + input, "--output-dir", out.string()});
  const auto logits = ReadNpy(out / "logits.npy");
  ASSERT_TRUE(logits.ok()) << logits.status();
  EXPECT_EQ(logits->shape(), (Shape{1, 4}));
  EXPECT_EQ(logits->data<float>()[1], 5);
}

TEST_F(RunTest, ErrorsAreOneLine) {
  const std::string input = WriteArray<float>("in.npy", {1, 4}, std::array<float, 4>{});
  EXPECT_EQ(Failure({"infer", "--model", "nobody", "--input", "image=" + input}),
            "rectifier-client: model 'nobody': unknown [NOT_FOUND]\n");
  EXPECT_EQ(Failure({"infer", "--model", "brightest", "--input", "image=" + input}),
            "rectifier-client: image: expected FP32 [-1,1,2,2] [INVALID_ARGUMENT]\n");
  EXPECT_THAT(Failure({"infer", "--model", "brightest", "--input", "image=/none.npy"}),
              HasSubstr("/none.npy: cannot be opened [NOT_FOUND]"));
  EXPECT_THAT(Failure({"metadata", "--model", "nobody"}), HasSubstr("[NOT_FOUND]"));
  EXPECT_THAT(Failure({"ready", "--token-file", input}), HasSubstr("over TLS only"));
  EXPECT_THAT(Failure({"ready", "--tls-ca", "/none.pem"}), HasSubstr("/none.pem: cannot be read"));
}

TEST_F(RunTest, AnErrorOfSeveralLinesIsPrintedAsOne) {
  server_.set_before_infer([](auto&, auto&, auto&) {
    return grpc::Status(grpc::StatusCode::INTERNAL, "first\nsecond\x1b[31m");
  });
  const std::string input = WriteArray<float>("in.npy", {1, 1, 2, 2}, std::array<float, 4>{});
  EXPECT_EQ(Failure({"infer", "--model", "brightest", "--input", "image=" + input}),
            "rectifier-client: first?second?[31m [INTERNAL]\n");
}

TEST_F(RunTest, AnUnreachableServerIsOneLine) {
  const std::string target = FakeInferenceServer().target();
  std::ostringstream out;
  std::ostringstream err;
  for (const std::vector<std::string>& command :
       {std::vector<std::string>{"ready"}, {"metadata"}, {"classify", "--model", "m", "a.png"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), {"--server", target});
    err.str("");
    const auto parsed = ParseCommandLine(arguments, out, err);
    EXPECT_EQ(cli::Run(std::get<CommandLine>(parsed), out, err), 1);
    EXPECT_THAT(err.str(), MatchesRegex("rectifier-client: 127.0.0.1:[0-9]+: cannot be reached: "
                                        "[^\n]*\\[UNAVAILABLE\\]\n"));
  }
}

TEST_F(RunTest, ClassifyDrawsThePicturesWithTheirPredictions) {
  const std::string output =
      Output({"classify", "--model", "brightest", WritePicture("a_label1.png", 1),
              WritePicture("b_label0.png", 2)});
  EXPECT_THAT(output, StartsWith("    ██   a_label1.png\n"
                                 "         1  100.0 %\n"
                                 "         right\n"
                                 "\n"
                                 "         b_label0.png\n"
                                 "  ██     2  100.0 %\n"
                                 "         WRONG, label 0\n"
                                 "\n"
                                 "2 pictures in "));
  EXPECT_THAT(output, HasSubstr("2 requests"));
  EXPECT_THAT(output, HasSubstr("accuracy 50.00 %: 1 of 2 right\n"));
}

TEST_F(RunTest, ClassifyDrawsAsManyAsAskedForAndNamesTheWrongOnes) {
  const std::vector<std::string> arguments = {"classify",
                                              "--model",
                                              "brightest",
                                              "--show",
                                              "0",
                                              WritePicture("a_label1.png", 1),
                                              WritePicture("b_label0.png", 2)};
  EXPECT_THAT(Output(arguments), StartsWith("b_label0.png  2  100.0 %  WRONG, label 0\n"
                                            "(1 more; "));
  std::vector<std::string> listed = arguments;
  listed.emplace_back("--list");
  EXPECT_THAT(Output(listed), StartsWith("a_label1.png  1  100.0 %  right\n"
                                         "b_label0.png  2  100.0 %  WRONG, label 0\n"
                                         "2 pictures"));
}

TEST_F(RunTest, ClassifySendsEachPictureOfAnArrayByItself) {
  const std::string output =
      Output({"classify", "--model", "brightest", "--images", WriteManyPictures(), "--labels",
              LabelsFile(), "--concurrency", "64", "--min-accuracy", "1", "--show", "0"});
  EXPECT_EQ(server_.infer_calls(), 360);
  EXPECT_THAT(output, HasSubstr("accuracy 100.00 %: 360 of 360 right\n"));
}

TEST_F(RunTest, ClassifySendsBatches) {
  const std::string images = WriteManyPictures();
  const std::vector<std::string> arguments = {"classify",   "--model", "brightest",
                                              "--images",   images,    "--labels",
                                              LabelsFile(), "--show",  "0"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), arguments.begin(), arguments.end());
    return Output(more);
  };
  EXPECT_THAT(with({"--batch-size", "32"}), HasSubstr("360 of 360 right"));
  EXPECT_EQ(server_.infer_calls(), 12);  // the last of 8
  EXPECT_THAT(with({"--batch"}), HasSubstr("360 of 360 right"));
  EXPECT_EQ(server_.infer_calls(), 13);
}

TEST_F(RunTest, ClassifyKeepsAsManyRequestsInFlightAsAskedForAndNoMore) {
  constexpr int kConcurrency = 6;
  std::atomic<int> in_flight = 0;
  std::atomic<int> most = 0;
  std::promise<void> all_there;
  const std::shared_future<void> together = all_there.get_future().share();
  server_.set_before_infer([&](auto&, auto&, auto&) {
    const int now = ++in_flight;
    for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
    }
    if (now == kConcurrency &&
        together.wait_for(std::chrono::seconds(0)) != std::future_status::ready) {
      all_there.set_value();
    }
    together.wait();
    return grpc::Status::OK;
  });
  server_.set_after_infer([&](auto&, auto&, auto&) {
    --in_flight;
    return grpc::Status::OK;
  });
  Output({"classify", "--model", "brightest", "--images", WriteManyPictures(), "--concurrency",
          std::to_string(kConcurrency)});
  EXPECT_EQ(most, kConcurrency);
}

TEST_F(RunTest, ClassifyStopsAtTheFirstError) {
  server_.set_before_infer(
      [](auto&, auto&, auto&) { return grpc::Status(grpc::StatusCode::INTERNAL, "broken"); });
  EXPECT_EQ(Failure({"classify", "--model", "brightest", "--images", WriteManyPictures(),
                     "--concurrency", "2"}),
            "rectifier-client: broken [INTERNAL]\n");
  EXPECT_LE(server_.infer_calls(), 3);
  EXPECT_THAT(out_.str(), IsEmpty());
}

TEST_F(RunTest, ClassifyFailsBelowTheSmallestAccuracy) {
  const std::vector<std::string> arguments = {"classify",
                                              "--model",
                                              "brightest",
                                              "--min-accuracy",
                                              "0.6",
                                              WritePicture("a_label1.png", 1),
                                              WritePicture("b_label0.png", 2)};
  EXPECT_EQ(Failure(arguments),
            "rectifier-client: --min-accuracy: 1 of 2 right is less than 0.6 "
            "[FAILED_PRECONDITION]\n");
  EXPECT_THAT(out_.str(), HasSubstr("accuracy 50.00 %"));
  EXPECT_THAT(Failure({"classify", "--model", "brightest", "--min-accuracy", "0.6",
                       WritePicture("c.png", 1)}),
              HasSubstr("no picture has a label"));
}

TEST_F(RunTest, ClassifyLetsTheServerJudgeTheShapeOfAnArray) {
  const std::string images = WriteArray<float>("x.npy", {1, 1, 3, 3}, std::array<float, 9>{});
  EXPECT_EQ(Failure({"classify", "--model", "brightest", "--images", images}),
            "rectifier-client: image: expected FP32 [-1,1,2,2] [INVALID_ARGUMENT]\n");
}

TEST_F(RunTest, ClassifyResizesPicturesOfAnotherSize) {
  const std::string big =
      directory_
          .Write("big_label3.png",
                 testing::WritePng(
                     {.width = 4,
                      .height = 4,
                      .rows = {{0, 0, 0, 0}, {0, 0, 0, 0}, {0, 0, 255, 255}, {0, 0, 255, 255}}}))
          .string();
  EXPECT_THAT(Output({"classify", "--model", "brightest", big}), HasSubstr("1 of 1 right"));
}

TEST_F(RunTest, ClassifyRefusesAnAnswerOfAnotherBatch) {
  server_.set_after_infer([](auto&, auto&, inference::ModelInferResponse& response) {
    response.mutable_outputs(0)->set_shape(0, 2);
    response.mutable_outputs(0)->set_shape(1, 2);
    return grpc::Status::OK;
  });
  EXPECT_THAT(Failure({"classify", "--model", "brightest", WritePicture("a.png", 0)}),
              HasSubstr("logits: expected scores for 1 pictures, got FP32 [2,2]"));
}

}  // namespace
}  // namespace rectifier::client::cli
