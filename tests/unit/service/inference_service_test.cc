#include "server/service/inference_service.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/service/server_fixture.h"

namespace rectifier {
namespace {

using inference::GRPCInferenceService;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

using InferenceServiceTest = ServerTest;

TEST_F(InferenceServiceTest, IsLiveAtOnceAndReadyWhenItIsTold) {
  StartServer();
  grpc::ClientContext context;
  inference::ServerLiveResponse live;
  ASSERT_TRUE(stub_->ServerLive(&context, {}, &live).ok());
  EXPECT_TRUE(live.live());
  EXPECT_FALSE(IsReady());
  server_->SetServing(true);
  EXPECT_TRUE(IsReady());
}

TEST_F(InferenceServiceTest, ServerMetadataNamesWhatRuns) {
  StartServer();
  grpc::ClientContext context;
  inference::ServerMetadataResponse response;
  ASSERT_TRUE(stub_->ServerMetadata(&context, {}, &response).ok());
  EXPECT_EQ(response.name(), "rectifier");
  EXPECT_EQ(response.version(), "1.2.3");
  EXPECT_THAT(response.extensions(),
              ElementsAre("model_configuration", "schedule_policy", "statistics"));
}

TEST_F(InferenceServiceTest, ModelReadyIsFalseForAModelThatIsKnownButNotReady) {
  StartServer();
  const auto ready = [&](const std::string& name, const std::string& version, bool* answer) {
    grpc::ClientContext context;
    inference::ModelReadyRequest request;
    request.set_name(name);
    request.set_version(version);
    inference::ModelReadyResponse response;
    const grpc::Status status = stub_->ModelReady(&context, request, &response);
    *answer = response.ready();
    return status.error_code();
  };
  bool answer = false;
  EXPECT_EQ(ready("doubler", "", &answer), grpc::StatusCode::OK);
  EXPECT_TRUE(answer);
  EXPECT_EQ(ready("doubler", "1", &answer), grpc::StatusCode::OK);
  EXPECT_TRUE(answer);
  EXPECT_EQ(ready("loading", "", &answer), grpc::StatusCode::OK);
  EXPECT_FALSE(answer);
  EXPECT_EQ(ready("broken", "", &answer), grpc::StatusCode::OK);
  EXPECT_FALSE(answer);
  EXPECT_EQ(ready("nobody", "", &answer), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ready("doubler", "3", &answer), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(ready("../doubler", "", &answer), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(InferenceServiceTest, ModelMetadataDescribesTheSignature) {
  StartServer();
  grpc::ClientContext context;
  inference::ModelMetadataRequest request;
  request.set_name("doubler");
  inference::ModelMetadataResponse response;
  ASSERT_TRUE(stub_->ModelMetadata(&context, request, &response).ok());
  EXPECT_EQ(response.name(), "doubler");
  EXPECT_THAT(response.versions(), ElementsAre("1", "2"));
  EXPECT_EQ(response.platform(), "onnx");
  ASSERT_EQ(response.inputs_size(), 1);
  EXPECT_EQ(response.inputs(0).name(), "x");
  EXPECT_EQ(response.inputs(0).datatype(), "FP32");
  EXPECT_THAT(response.inputs(0).shape(), ElementsAre(-1, 3));
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_EQ(response.outputs(1).name(), "sum");
  EXPECT_THAT(response.outputs(1).shape(), ElementsAre(-1));
}

TEST_F(InferenceServiceTest, ModelConfigDescribesASampleAndTheBatch) {
  StartServer();
  grpc::ClientContext context;
  inference::ModelConfigRequest request;
  request.set_name("doubler");
  inference::ModelConfigResponse response;
  ASSERT_TRUE(stub_->ModelConfig(&context, request, &response).ok());
  const inference::ModelConfig& config = response.config();
  EXPECT_EQ(config.name(), "doubler");
  EXPECT_EQ(config.platform(), "onnx");
  EXPECT_EQ(config.backend(), "rectifier");
  EXPECT_EQ(config.max_batch_size(), 4);
  EXPECT_EQ(config.instance_group(0).count(), 1);
  EXPECT_EQ(config.dynamic_batching().priority_levels(), 3u);
  EXPECT_EQ(config.dynamic_batching().default_priority_level(), 2u);
  ASSERT_EQ(config.input_size(), 1);
  EXPECT_EQ(config.input(0).name(), "x");
  EXPECT_EQ(config.input(0).data_type(), inference::TYPE_FP32);
  EXPECT_THAT(config.input(0).dims(), ElementsAre(3));
  ASSERT_EQ(config.output_size(), 2);
  EXPECT_EQ(config.output(1).name(), "sum");
  EXPECT_THAT(config.output(1).dims(), ElementsAre());
}

TEST_F(InferenceServiceTest, ModelConfigHasAllDimensionsOfAModelWithoutABatch) {
  ModelSignature signature = DoublingSignature(0);
  signature.inputs[0].type = {DType::kBFloat16, Shape{2, 3}};
  registry_.Set({"fixed", "1", ModelState::kReady, absl::OkStatus(),
                 std::make_shared<FakeServable>("fixed", "1", clock_, signature)});
  StartServer();
  grpc::ClientContext context;
  inference::ModelConfigRequest request;
  request.set_name("fixed");
  inference::ModelConfigResponse response;
  ASSERT_TRUE(stub_->ModelConfig(&context, request, &response).ok());
  EXPECT_EQ(response.config().max_batch_size(), 0);
  EXPECT_FALSE(response.config().has_dynamic_batching());
  EXPECT_EQ(response.config().input(0).data_type(), inference::TYPE_BF16);
  EXPECT_THAT(response.config().input(0).dims(), ElementsAre(2, 3));
}

TEST_F(InferenceServiceTest, ModelConfigOfWhatCannotAnswerSaysWhy) {
  StartServer();
  const auto code = [&](const std::string& name) {
    grpc::ClientContext context;
    inference::ModelConfigRequest request;
    request.set_name(name);
    inference::ModelConfigResponse response;
    return stub_->ModelConfig(&context, request, &response).error_code();
  };
  EXPECT_EQ(code("nobody"), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(code("loading"), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(code("broken"), grpc::StatusCode::FAILED_PRECONDITION);
}

class ModelStatisticsTest : public ServerTest {
 protected:
  grpc::Status Ask(const std::string& name, const std::string& version) {
    grpc::ClientContext context;
    inference::ModelStatisticsRequest request;
    request.set_name(name);
    request.set_version(version);
    return stub_->ModelStatistics(&context, request, &response_);
  }
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& model : response_.model_stats()) {
      names.push_back(model.name() + "/" + model.version());
    }
    return names;
  }

  inference::ModelStatisticsResponse response_;
};

TEST_F(ModelStatisticsTest, AreThoseOfTheVersionsThatWereAskedFor) {
  StartServer();
  ASSERT_TRUE(Ask("", "").ok());
  EXPECT_THAT(Names(), ElementsAre("doubler/1", "doubler/2"));
  ASSERT_TRUE(Ask("doubler", "").ok());
  EXPECT_THAT(Names(), ElementsAre("doubler/1", "doubler/2"));
  ASSERT_TRUE(Ask("doubler", "1").ok());
  EXPECT_THAT(Names(), ElementsAre("doubler/1"));
  EXPECT_EQ(Ask("nobody", "").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Ask("doubler", "9").error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Ask("broken", "").error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(Ask("", "1").error_code(), grpc::StatusCode::INVALID_ARGUMENT);
}

TEST_F(ModelStatisticsTest, SayWhatTheServableCounted) {
  using std::chrono::nanoseconds;
  InferenceStatistics counted;
  counted.last_inference = clock_.Now();
  counted.samples = 7;
  counted.executions = 2;
  counted.success = {3, nanoseconds(100)};
  counted.fail = {1, nanoseconds(5)};
  counted.queue = {3, nanoseconds(10)};
  counted.input = {3, nanoseconds(20)};
  counted.compute = {3, nanoseconds(30)};
  counted.output = {3, nanoseconds(40)};
  counted.runs[4] = {{2, nanoseconds(1)}, {2, nanoseconds(2)}, {2, nanoseconds(3)}};
  counted.runs[1].compute = {1, nanoseconds(9)};
  doubler_->set_statistics(counted);
  StartServer();
  ASSERT_TRUE(Ask("doubler", "2").ok());
  const inference::ModelStatistics& model = response_.model_stats(0);
  EXPECT_GT(model.last_inference(), 1'600'000'000'000);
  EXPECT_EQ(model.inference_count(), 7);
  EXPECT_EQ(model.execution_count(), 2);
  const auto text = [](const inference::StatisticDuration& duration) {
    return fmt::format("{} in {} ns", duration.count(), duration.ns());
  };
  const inference::InferStatistics& requests = model.inference_stats();
  EXPECT_EQ(text(requests.success()), "3 in 100 ns");
  EXPECT_EQ(text(requests.fail()), "1 in 5 ns");
  EXPECT_EQ(text(requests.queue()), "3 in 10 ns");
  EXPECT_EQ(text(requests.compute_input()), "3 in 20 ns");
  EXPECT_EQ(text(requests.compute_infer()), "3 in 30 ns");
  EXPECT_EQ(text(requests.compute_output()), "3 in 40 ns");
  ASSERT_EQ(model.batch_stats_size(), 2);
  EXPECT_EQ(model.batch_stats(0).batch_size(), 1);
  EXPECT_EQ(text(model.batch_stats(0).compute_infer()), "1 in 9 ns");
  EXPECT_EQ(model.batch_stats(1).batch_size(), 4);
  EXPECT_EQ(text(model.batch_stats(1).compute_input()), "2 in 1 ns");
  EXPECT_EQ(text(model.batch_stats(1).compute_output()), "2 in 3 ns");
}

TEST_F(ModelStatisticsTest, HaveNoLastInferenceBeforeTheFirst) {
  StartServer();
  ASSERT_TRUE(Ask("doubler", "1").ok());
  EXPECT_EQ(response_.model_stats(0).last_inference(), 0);
  EXPECT_EQ(response_.model_stats(0).inference_stats().success().count(), 0);
}

class RepositoryIndexTest : public ServerTest {
 protected:
  grpc::Status Index(const std::string& repository, bool ready) {
    grpc::ClientContext context;
    inference::RepositoryIndexRequest request;
    request.set_repository_name(repository);
    request.set_ready(ready);
    inference::RepositoryIndexResponse response;
    grpc::Status status = stub_->RepositoryIndex(&context, request, &response);
    for (const auto& model : response.models()) {
      lines_.push_back(
          fmt::format("{}/{} {} {}", model.name(), model.version(), model.state(), model.reason()));
    }
    return status;
  }

  std::vector<std::string> lines_;
};

TEST_F(RepositoryIndexTest, ListsEveryVersionWithItsStateAndReason) {
  registry_.Set(
      {"leaking", "1", ModelState::kUnavailable, absl::InternalError("/srv/secret"), nullptr});
  StartServer();
  ASSERT_TRUE(Index("", /*ready=*/false).ok());
  EXPECT_THAT(lines_,
              ElementsAre(AllOf(HasSubstr("broken/1 UNAVAILABLE"), HasSubstr("conv_3 (Conv)")),
                          "doubler/1 READY ", "doubler/2 READY ",
                          AllOf(HasSubstr("leaking/1 UNAVAILABLE"), Not(HasSubstr("secret"))),
                          "loading/1 LOADING "));
}

TEST_F(RepositoryIndexTest, ListsOnlyWhatIsReadyWhenThatIsAsked) {
  StartServer();
  ASSERT_TRUE(Index("", /*ready=*/true).ok());
  EXPECT_THAT(lines_, ElementsAre("doubler/1 READY ", "doubler/2 READY "));
}

TEST_F(RepositoryIndexTest, RefusesARepositoryThatItHasNoNameFor) {
  StartServer();
  const grpc::Status status = Index("other", /*ready=*/false);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("'other'"));
}

TEST_F(InferenceServiceTest, AnswersRawToARawRequest) {
  StartServer();
  ModelInferResponse response;
  const grpc::Status status = Infer(DoublingRequest(), response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.model_name(), "doubler");
  EXPECT_EQ(response.model_version(), "2");
  EXPECT_EQ(response.id(), "id-1");
  EXPECT_THAT(response.raw_output_contents(),
              ElementsAre(FloatBytes({2, 4, 6, 8, 10, 12}), FloatBytes({6, 15})));
  EXPECT_THAT(observer_.WaitForLines(2), ElementsAre("start doubler/2", "finish doubler/2 OK run"));
}

TEST_F(InferenceServiceTest, AnswersTypedToATypedRequest) {
  StartServer();
  ModelInferRequest request = DoublingRequest();
  request.clear_raw_input_contents();
  for (const float value : {1.F, 2.F, 3.F, 4.F, 5.F, 6.F}) {
    request.mutable_inputs(0)->mutable_contents()->add_fp32_contents(value);
  }
  ModelInferResponse response;
  ASSERT_TRUE(Infer(request, response).ok());
  EXPECT_EQ(response.raw_output_contents_size(), 0);
  EXPECT_THAT(response.outputs(0).contents().fp32_contents(), ElementsAre(2, 4, 6, 8, 10, 12));
  EXPECT_THAT(response.outputs(1).contents().fp32_contents(), ElementsAre(6, 15));
}

TEST_F(InferenceServiceTest, AnswersWithTheRequestedOutputsOfTheRequestedVersion) {
  StartServer();
  ModelInferRequest request = DoublingRequest();
  request.set_model_version("1");
  request.add_outputs()->set_name("sum");
  ModelInferResponse response;
  ASSERT_TRUE(Infer(request, response).ok());
  EXPECT_EQ(response.model_version(), "1");
  ASSERT_EQ(response.outputs_size(), 1);
  EXPECT_EQ(response.outputs(0).name(), "sum");
  EXPECT_THAT(response.raw_output_contents(), ElementsAre(FloatBytes({6, 15})));
}

TEST_F(InferenceServiceTest, RunsALargeRequestThatComesInManyPieces) {
  const auto wide = std::make_shared<FakeServable>("wide", "1", clock_, DoublingSignature(1 << 20));
  registry_.Set({"wide", "1", ModelState::kReady, absl::OkStatus(), wide});
  StartServer();
  constexpr size_t kRows = 300'000;
  std::vector<float> values(3 * kRows);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 1000);
  ModelInferRequest request = DoublingRequest("wide");
  request.mutable_inputs(0)->set_shape(0, kRows);
  request.set_raw_input_contents(0, FloatBytes(values));
  grpc::ClientContext context;
  ModelInferResponse response;
  request.add_outputs()->set_name("double");
  // The reply is longer than what a client takes by default.
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  const auto stub = GRPCInferenceService::NewStub(
      grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                grpc::InsecureChannelCredentials(), arguments));
  const grpc::Status status = stub->ModelInfer(&context, request, &response);
  ASSERT_TRUE(status.ok()) << status.error_message();
  for (float& value : values) value *= 2;
  EXPECT_EQ(response.raw_output_contents(0), FloatBytes(values));
}

TEST_F(InferenceServiceTest, RefusesWhatItCannotRunWithTheCodeThatTellsWhy) {
  StartServer();
  EXPECT_EQ(Infer(DoublingRequest("nobody")).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(Infer(DoublingRequest("no/body")).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(Infer(DoublingRequest("loading")).error_code(), grpc::StatusCode::UNAVAILABLE);
  const grpc::Status broken = Infer(DoublingRequest("broken"));
  EXPECT_EQ(broken.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_THAT(broken.error_message(), HasSubstr("model.onnx: conv_3 (Conv): expected rank 4"));
  ModelInferRequest wrong = DoublingRequest();
  wrong.mutable_inputs(0)->set_shape(1, 4);
  const grpc::Status refused = Infer(wrong);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(refused.error_message(), "input 'x': expected shape [?, 3], got [2, 4]");
  EXPECT_EQ(doubler_->executed(), 0);
  EXPECT_THAT(observer_.WaitForLines(8),
              ElementsAre("reject NOT_FOUND", "reject INVALID_ARGUMENT", "start loading/1",
                          "finish loading/1 UNAVAILABLE", "start broken/1",
                          "finish broken/1 FAILED_PRECONDITION", "start doubler/2",
                          "finish doubler/2 INVALID_ARGUMENT"));
}

TEST_F(InferenceServiceTest, TellsBugsOfAModelToNobodyButTheLog) {
  doubler_->set_done_status(absl::InternalError("secret at 0x7ffe"));
  StartServer();
  const grpc::Status status = Infer(DoublingRequest());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), HasSubstr("internal error "));
  EXPECT_THAT(status.error_message(), Not(HasSubstr("secret")));
}

// What the server says of trying again: milliseconds to wait, "-1" for never, "" for nothing.
std::string Pushback(const grpc::ClientContext& context) {
  const auto& trailers = context.GetServerTrailingMetadata();
  const auto found = trailers.find("grpc-retry-pushback-ms");
  return found == trailers.end() ? "" : std::string(found->second.data(), found->second.size());
}

TEST_F(InferenceServiceTest, AReplyThatIsTooLargeIsRefusedAndNotToBeTriedAgain) {
  const ModelInferRequest request = DoublingRequest();
  options_.max_message_bytes = static_cast<int64_t>(request.ByteSizeLong());
  StartServer();
  grpc::ClientContext context;
  ModelInferResponse response;
  const grpc::Status status = stub_->ModelInfer(&context, request, &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_THAT(status.error_message(), HasSubstr("outputs: the reply would have more than"));
  EXPECT_EQ(Pushback(context), "-1");
  EXPECT_THAT(observer_.WaitForLines(2),
              ElementsAre("start doubler/2", "finish doubler/2 RESOURCE_EXHAUSTED run"));
}

TEST_F(InferenceServiceTest, AFullQueueAnswersWithAPushback) {
  doubler_->set_submit_status(WithRetryAfter(absl::ResourceExhaustedError("the queue is full"),
                                             std::chrono::microseconds(6500)));
  StartServer();
  grpc::ClientContext context;
  ModelInferResponse response;
  const grpc::Status status = stub_->ModelInfer(&context, DoublingRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(Pushback(context), "7");
  EXPECT_THAT(observer_.WaitForLines(2),
              ElementsAre("start doubler/2", "finish doubler/2 RESOURCE_EXHAUSTED"));
}

TEST_F(InferenceServiceTest, RefusesAReplyThatTheUnsentOnesLeaveNoRoomForAndTakesItLater) {
  // The doubles and sums of two rows are 32 bytes.
  options_.max_unsent_bytes = 40;
  doubler_->Hold();
  StartServer();
  auto first = std::async(std::launch::async, [&] { return Infer(DoublingRequest()); });
  doubler_->WaitForQueued(1);
  grpc::ClientContext context;
  ModelInferResponse response;
  const grpc::Status refused = stub_->ModelInfer(&context, DoublingRequest(), &response);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(refused.error_message(),
            "replies: 32 bytes wait to be sent, 32 more do not fit into 40");
  EXPECT_EQ(Pushback(context), "100");
  EXPECT_EQ(server_->Load().unsent_reply_bytes, 32);
  EXPECT_EQ(server_->Load().max_unsent_reply_bytes, 40);
  EXPECT_EQ(server_->Load().replies_refused, 1);
  doubler_->Release();
  EXPECT_TRUE(first.get().ok());
  // The call's memory is freed a moment after its client has the reply.
  while (!Infer(DoublingRequest()).ok()) std::this_thread::yield();
}

TEST_F(InferenceServiceTest, HonoursTheTimeoutAndThePriorityOfARequest) {
  doubler_->Hold();
  StartServer();
  ModelInferRequest request = DoublingRequest();
  (*request.mutable_parameters())["timeout"].set_int64_param(2'000'000);
  (*request.mutable_parameters())["priority"].set_uint64_param(3);
  auto call = std::async(std::launch::async, [&] { return Infer(request); });
  doubler_->WaitForQueued(1);
  doubler_->LookAtOldest([&](const InferenceRequest& queued) {
    EXPECT_EQ(queued.deadline, clock_.Now() + std::chrono::seconds(2));
    EXPECT_EQ(queued.priority, 3);
  });
  clock_.Advance(std::chrono::seconds(2));
  doubler_->Release();
  EXPECT_EQ(call.get().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
}

TEST_F(InferenceServiceTest, RefusesATimeoutOrAPriorityThatIsNone) {
  StartServer();
  for (const char* name : {"timeout", "priority"}) {
    ModelInferRequest request = DoublingRequest();
    inference::InferParameter& parameter = (*request.mutable_parameters())[name];
    parameter.set_int64_param(-1);
    EXPECT_EQ(Infer(request).error_message(),
              fmt::format("parameter '{}': expected a number of at least 0, got -1", name));
    parameter.set_string_param("soon");
    EXPECT_EQ(Infer(request).error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    parameter.set_uint64_param(UINT64_MAX);
    EXPECT_TRUE(Infer(request).ok());
  }
}

TEST_F(InferenceServiceTest, BytesThatAreNoMessageAreAnInvalidArgumentToEveryMethod) {
  StartServer();
  for (const char* method :
       {"/inference.GRPCInferenceService/ServerLive", "/inference.GRPCInferenceService/ServerReady",
        "/inference.GRPCInferenceService/ModelReady",
        "/inference.GRPCInferenceService/ServerMetadata",
        "/inference.GRPCInferenceService/ModelMetadata",
        "/inference.GRPCInferenceService/ModelConfig",
        "/inference.GRPCInferenceService/ModelStatistics",
        "/inference.GRPCInferenceService/RepositoryIndex",
        "/inference.GRPCInferenceService/ModelInfer", "/grpc.health.v1.Health/Check"}) {
    // A field cut short; a group; text that is not UTF-8.
    EXPECT_EQ(SendBytes(method, "\x0A\x05").error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << method;
    EXPECT_EQ(SendBytes(method, "\x7B\x7C").error_code(), grpc::StatusCode::INVALID_ARGUMENT)
        << method;
  }
  const grpc::Status not_text =
      SendBytes("/inference.GRPCInferenceService/ModelInfer", "\x0A\x01\xFF");
  EXPECT_EQ(not_text.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(not_text.error_message(), HasSubstr("ModelInferRequest: "));
  std::string empty_inputs;
  for (int i = 0; i < 2'000'000; ++i) empty_inputs += std::string("\x2A\x00", 2);
  EXPECT_THAT(SendBytes("/inference.GRPCInferenceService/ModelInfer", empty_inputs).error_message(),
              HasSubstr("inputs[64]: byte"));
}

TEST_F(InferenceServiceTest, ACancelledRequestIsNotRun) {
  StartServer();
  doubler_->Hold();
  grpc::ClientContext context;
  std::promise<grpc::Status> done;
  const ModelInferRequest request = DoublingRequest();
  ModelInferResponse response;
  stub_->async()->ModelInfer(&context, &request, &response,
                             [&](grpc::Status status) { done.set_value(std::move(status)); });
  doubler_->WaitForQueued(1);
  std::function<bool()> cancelled;
  doubler_->LookAtOldest([&](const InferenceRequest& queued) { cancelled = queued.cancelled; });
  EXPECT_FALSE(cancelled());
  context.TryCancel();
  EXPECT_EQ(done.get_future().get().error_code(), grpc::StatusCode::CANCELLED);
  while (!cancelled()) std::this_thread::yield();
  doubler_->Release();
  EXPECT_THAT(observer_.WaitForLines(2),
              ElementsAre("start doubler/2", "finish doubler/2 CANCELLED"));
  EXPECT_EQ(doubler_->executed(), 0);
}

TEST_F(InferenceServiceTest, AnExpiredRequestIsNotRun) {
  StartServer();
  doubler_->Hold();
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
  std::promise<grpc::Status> done;
  const ModelInferRequest request = DoublingRequest();
  ModelInferResponse response;
  stub_->async()->ModelInfer(&context, &request, &response,
                             [&](grpc::Status status) { done.set_value(std::move(status)); });
  doubler_->WaitForQueued(1);
  clock_.Advance(std::chrono::hours(2));
  doubler_->Release();
  EXPECT_EQ(done.get_future().get().error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  EXPECT_EQ(doubler_->executed(), 0);
}

TEST_F(InferenceServiceTest, DeadlinesBecomeTimesOfTheServersClock) {
  StartServer();
  doubler_->Hold();
  const auto deadline_of = [&](grpc::ClientContext& context) {
    std::promise<void> done;
    const ModelInferRequest request = DoublingRequest();
    ModelInferResponse response;
    stub_->async()->ModelInfer(&context, &request, &response,
                               [&](const grpc::Status&) { done.set_value(); });
    doubler_->WaitForQueued(1);
    TimePoint deadline;
    doubler_->LookAtOldest([&](const InferenceRequest& queued) { deadline = queued.deadline; });
    doubler_->Release();
    done.get_future().wait();
    doubler_->Hold();
    return deadline;
  };
  const TimePoint before = clock_.Now();
  grpc::ClientContext hour;
  hour.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
  const TimePoint deadline = deadline_of(hour);
  EXPECT_GT(deadline, before + std::chrono::minutes(59));
  EXPECT_LT(deadline, clock_.Now() + std::chrono::minutes(61));
  grpc::ClientContext none;
  EXPECT_EQ(deadline_of(none), TimePoint::max());
}

TEST_F(InferenceServiceTest, AReplacedVersionServesOnForThoseWhoHaveIt) {
  StartServer();
  doubler_->Hold();
  grpc::ClientContext context;
  std::promise<grpc::Status> done;
  const ModelInferRequest request = DoublingRequest();
  ModelInferResponse response;
  stub_->async()->ModelInfer(&context, &request, &response,
                             [&](grpc::Status status) { done.set_value(std::move(status)); });
  doubler_->WaitForQueued(1);
  registry_.Set({"doubler", "2", ModelState::kReady, absl::OkStatus(),
                 std::make_shared<FakeServable>("doubler", "2", clock_)});
  EXPECT_TRUE(Infer(DoublingRequest()).ok());
  doubler_->Release();
  EXPECT_TRUE(done.get_future().get().ok());
}

}  // namespace
}  // namespace rectifier
