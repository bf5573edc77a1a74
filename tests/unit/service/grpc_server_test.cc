#include "server/service/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/inference.grpc.pb.h"
#include "server/core/status.h"
#include "tests/support/fake_clock.h"
#include "tests/support/latch_counter.h"
#include "tests/unit/service/fakes.h"

namespace rectifier {
namespace {

using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;
using inference::GRPCInferenceService;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string FloatBytes(std::vector<float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

ModelInferRequest DoublingRequest(const std::string& model = "doubler") {
  ModelInferRequest request;
  request.set_model_name(model);
  request.set_id("id-1");
  auto* input = request.add_inputs();
  input->set_name("x");
  input->set_datatype("FP32");
  input->add_shape(2);
  input->add_shape(3);
  request.add_raw_input_contents(FloatBytes({1, 2, 3, 4, 5, 6}));
  return request;
}

// A server over loopback with a model "doubler", versions 1 and 2 ready, one that is "loading" and
// one that is "broken".
class GrpcServerTest : public ::testing::Test {
 protected:
  GrpcServerTest() : doubler_(std::make_shared<FakeServable>("doubler", "2", clock_)) {
    registry_.Set({"doubler", "1", ModelState::kReady, absl::OkStatus(),
                   std::make_shared<FakeServable>("doubler", "1", clock_)});
    registry_.Set({"doubler", "2", ModelState::kReady, absl::OkStatus(), doubler_});
    registry_.Set({"loading", "1", ModelState::kLoading, absl::OkStatus(), nullptr});
    registry_.Set({"broken", "1", ModelState::kUnavailable,
                   absl::InvalidArgumentError("model.onnx: conv_3 (Conv): expected rank 4, got 2"),
                   nullptr});
    options_.host = "127.0.0.1";
    options_.port = 0;
    options_.server_version = "1.2.3";
    options_.lame_duck = Duration::zero();
    // No test is to depend on how long anything takes: what should not wait would hang here.
    options_.drain_timeout = std::chrono::hours(1);
  }

  ~GrpcServerTest() override {
    doubler_->Release();
    server_.reset();
  }

  void StartServer() {
    auto server = GrpcServer::Start(options_, registry_, observer_, clock_);
    ASSERT_EQ(server.status(), absl::OkStatus());
    server_ = *std::move(server);
    // A channel of its own for each test, not one of gRPC's shared ones.
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                         grpc::InsecureChannelCredentials(), arguments);
    stub_ = GRPCInferenceService::NewStub(channel_);
    health_ = Health::NewStub(channel_);
  }

  grpc::Status Infer(const ModelInferRequest& request, ModelInferResponse& response) {
    grpc::ClientContext context;
    return stub_->ModelInfer(&context, request, &response);
  }

  grpc::Status Infer(const ModelInferRequest& request) {
    ModelInferResponse response;
    return Infer(request, response);
  }

  // Sends `bytes` as the request of any unary method.
  grpc::Status SendBytes(const std::string& method, const std::string& bytes) {
    grpc::GenericStub stub(channel_);
    grpc::ClientContext context;
    const grpc::Slice slice(bytes);
    const grpc::ByteBuffer request(&slice, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, method, {}, &request, &response,
                   [&](grpc::Status status) { done.set_value(std::move(status)); });
    return done.get_future().get();
  }

  HealthCheckResponse::ServingStatus CheckHealth(const std::string& service) {
    grpc::ClientContext context;
    HealthCheckRequest request;
    request.set_service(service);
    HealthCheckResponse response;
    const grpc::Status status = health_->Check(&context, request, &response);
    if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
      return HealthCheckResponse::SERVICE_UNKNOWN;
    }
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.status();
  }

  bool IsReady() {
    grpc::ClientContext context;
    inference::ServerReadyResponse response;
    EXPECT_TRUE(stub_->ServerReady(&context, {}, &response).ok());
    return response.ready();
  }

  FakeClock clock_;
  std::shared_ptr<FakeServable> doubler_;
  ModelRegistry registry_;
  RecordingObserver observer_;
  GrpcServer::Options options_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<GRPCInferenceService::Stub> stub_;
  std::unique_ptr<Health::Stub> health_;
};

TEST_F(GrpcServerTest, IsLiveAtOnceAndReadyWhenItIsTold) {
  StartServer();
  grpc::ClientContext context;
  inference::ServerLiveResponse live;
  ASSERT_TRUE(stub_->ServerLive(&context, {}, &live).ok());
  EXPECT_TRUE(live.live());
  EXPECT_FALSE(IsReady());
  server_->SetServing(true);
  EXPECT_TRUE(IsReady());
}

TEST_F(GrpcServerTest, ServerMetadataNamesWhatRuns) {
  StartServer();
  grpc::ClientContext context;
  inference::ServerMetadataResponse response;
  ASSERT_TRUE(stub_->ServerMetadata(&context, {}, &response).ok());
  EXPECT_EQ(response.name(), "rectifier");
  EXPECT_EQ(response.version(), "1.2.3");
  EXPECT_EQ(response.extensions_size(), 0);
}

TEST_F(GrpcServerTest, ModelReadyIsFalseForAModelThatIsKnownButNotReady) {
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

TEST_F(GrpcServerTest, ModelMetadataDescribesTheSignature) {
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

TEST_F(GrpcServerTest, AnswersRawToARawRequest) {
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

TEST_F(GrpcServerTest, AnswersTypedToATypedRequest) {
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

TEST_F(GrpcServerTest, AnswersWithTheRequestedOutputsOfTheRequestedVersion) {
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

TEST_F(GrpcServerTest, RunsALargeRequestThatComesInManyPieces) {
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

TEST_F(GrpcServerTest, RefusesWhatItCannotRunWithTheCodeThatTellsWhy) {
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

TEST_F(GrpcServerTest, TellsBugsOfAModelToNobodyButTheLog) {
  doubler_->set_done_status(absl::InternalError("secret at 0x7ffe"));
  StartServer();
  const grpc::Status status = Infer(DoublingRequest());
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_THAT(status.error_message(), HasSubstr("internal error "));
  EXPECT_THAT(status.error_message(), Not(HasSubstr("secret")));
}

TEST_F(GrpcServerTest, AFullQueueAnswersWithAPushback) {
  doubler_->set_submit_status(absl::ResourceExhaustedError("the queue is full"));
  StartServer();
  grpc::ClientContext context;
  ModelInferResponse response;
  const grpc::Status status = stub_->ModelInfer(&context, DoublingRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(context.GetServerTrailingMetadata().count("grpc-retry-pushback-ms"), 1u);
  EXPECT_THAT(observer_.WaitForLines(2),
              ElementsAre("start doubler/2", "finish doubler/2 RESOURCE_EXHAUSTED"));
}

TEST_F(GrpcServerTest, BytesThatAreNoMessageAreAnInvalidArgumentToEveryMethod) {
  StartServer();
  for (const char* method :
       {"/inference.GRPCInferenceService/ServerLive", "/inference.GRPCInferenceService/ServerReady",
        "/inference.GRPCInferenceService/ModelReady",
        "/inference.GRPCInferenceService/ServerMetadata",
        "/inference.GRPCInferenceService/ModelMetadata",
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

TEST_F(GrpcServerTest, AMethodThatIsNotServedIsUnimplemented) {
  StartServer();
  EXPECT_EQ(SendBytes("/inference.GRPCInferenceService/RepositoryIndex", "").error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServerTest, AMessageAboveTheLimitIsResourceExhausted) {
  options_.max_message_bytes = 1024;
  StartServer();
  ModelInferRequest request = DoublingRequest();
  request.set_id(std::string(2000, 'x'));
  EXPECT_EQ(Infer(request).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(GrpcServerTest, ACancelledRequestIsNotRun) {
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

TEST_F(GrpcServerTest, AnExpiredRequestIsNotRun) {
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

TEST_F(GrpcServerTest, DeadlinesBecomeTimesOfTheServersClock) {
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

TEST_F(GrpcServerTest, AReplacedVersionServesOnForThoseWhoHaveIt) {
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

TEST_F(GrpcServerTest, HealthKnowsTheServerAndEachModel) {
  StartServer();
  EXPECT_EQ(CheckHealth(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(CheckHealth("doubler"), HealthCheckResponse::SERVICE_UNKNOWN);
  server_->SetServing(true);
  server_->SetModelHealth("doubler", true);
  server_->SetModelHealth("loading", false);
  EXPECT_EQ(CheckHealth(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(CheckHealth("doubler"), HealthCheckResponse::SERVING);
  EXPECT_EQ(CheckHealth("loading"), HealthCheckResponse::NOT_SERVING);
  server_->SetServing(false);
  EXPECT_EQ(CheckHealth(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(CheckHealth("doubler"), HealthCheckResponse::SERVING);
}

// A Watch stream of a test: the next status that comes, or UNKNOWN when the stream is over.
class WatchStream {
 public:
  WatchStream(Health::Stub& stub, const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    reader_ = stub.Watch(&context_, request);
  }
  HealthCheckResponse::ServingStatus Next() {
    HealthCheckResponse response;
    return reader_->Read(&response) ? response.status() : HealthCheckResponse::UNKNOWN;
  }
  grpc::Status Finish() { return reader_->Finish(); }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<HealthCheckResponse>> reader_;
};

TEST_F(GrpcServerTest, AWatchSeesEveryChange) {
  StartServer();
  WatchStream model(*health_, "doubler");
  WatchStream server(*health_, "");
  EXPECT_EQ(model.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  EXPECT_EQ(server.Next(), HealthCheckResponse::NOT_SERVING);
  server_->SetModelHealth("doubler", true);
  EXPECT_EQ(model.Next(), HealthCheckResponse::SERVING);
  server_->SetModelHealth("doubler", false);
  EXPECT_EQ(model.Next(), HealthCheckResponse::NOT_SERVING);
  server_->SetServing(true);
  EXPECT_EQ(server.Next(), HealthCheckResponse::SERVING);
}

TEST_F(GrpcServerTest, AWatchThatIsCancelledEnds) {
  StartServer();
  WatchStream watch(*health_, "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  watch.Cancel();
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::CANCELLED);
  server_->SetServing(true);
  EXPECT_EQ(CheckHealth(""), HealthCheckResponse::SERVING);
}

// Sends one request of the reflection protocol and gives the reply's bytes.
std::string Reflect(const std::shared_ptr<grpc::Channel>& channel, const std::string& request) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto next = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  const auto call = stub.PrepareCall(
      &context, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", &queue);
  call->StartCall(nullptr);
  EXPECT_TRUE(next());
  const grpc::Slice slice(request);
  call->Write(grpc::ByteBuffer(&slice, 1), nullptr);
  EXPECT_TRUE(next());
  grpc::ByteBuffer reply;
  call->Read(&reply, nullptr);
  EXPECT_TRUE(next());
  call->WritesDone(nullptr);
  EXPECT_TRUE(next());
  grpc::Status status;
  call->Finish(&status, nullptr);
  EXPECT_TRUE(next());
  EXPECT_TRUE(status.ok()) << status.error_message();
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(reply.Dump(&slices).ok());
  std::string bytes;
  for (const grpc::Slice& piece : slices) bytes.append(piece.begin(), piece.end());
  return bytes;
}

TEST_F(GrpcServerTest, ReflectionListsAndDescribesTheServices) {
  StartServer();
  const std::string list = Reflect(channel_, "\x3A\x01*");  // list_services
  EXPECT_THAT(list, HasSubstr("inference.GRPCInferenceService"));
  EXPECT_THAT(list, HasSubstr("grpc.health.v1.Health"));
  // file_containing_symbol
  EXPECT_THAT(Reflect(channel_, "\x22\x15grpc.health.v1.Health"),
              HasSubstr("grpc/health/v1/health.proto"));
  EXPECT_THAT(Reflect(channel_, "\x22\x1Einference.GRPCInferenceService"),
              HasSubstr("raw_input_contents"));
}

TEST_F(GrpcServerTest, APortThatIsTakenIsAnErrorThatNamesIt) {
  StartServer();
  options_.port = server_->port();
  const absl::Status status = GrpcServer::Start(options_, registry_, observer_, clock_).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(status)),
              HasSubstr("127.0.0.1:" + std::to_string(options_.port)));
}

TEST_F(GrpcServerTest, AHostThatIsNotOneIsAnErrorThatNamesIt) {
  options_.host = "256.0.0.1";
  const absl::Status status = GrpcServer::Start(options_, registry_, observer_, clock_).status();
  EXPECT_THAT(std::string(Message(status)), HasSubstr("256.0.0.1:0"));
}

TEST_F(GrpcServerTest, CallsAreServedDuringTheLameDuckWhileHealthSaysNotServing) {
  LatchCounter drain_began;
  LatchCounter go_on;
  options_.lame_duck = std::chrono::seconds(7);
  options_.wait = [&](Duration wait) {
    EXPECT_EQ(wait, std::chrono::seconds(7));
    drain_began.Add();
    go_on.WaitFor(1);
  };
  StartServer();
  server_->SetServing(true);
  server_->SetModelHealth("doubler", true);
  WatchStream watch(*health_, "doubler");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::SERVING);
  std::thread drain([&] { server_->Drain(); });
  drain_began.WaitFor(1);
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(CheckHealth(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(IsReady());
  // Nothing turns them on again.
  server_->SetServing(true);
  server_->SetModelHealth("doubler", true);
  EXPECT_EQ(CheckHealth(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(CheckHealth("doubler"), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(IsReady());
  EXPECT_TRUE(Infer(DoublingRequest()).ok());
  go_on.Add();
  drain.join();
  EXPECT_EQ(Infer(DoublingRequest()).error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(GrpcServerTest, DrainCompletesTheCallsThatAreRunning) {
  StartServer();
  doubler_->Hold();
  grpc::ClientContext context;
  std::promise<grpc::Status> done;
  const ModelInferRequest request = DoublingRequest();
  ModelInferResponse response;
  stub_->async()->ModelInfer(&context, &request, &response,
                             [&](grpc::Status status) { done.set_value(std::move(status)); });
  doubler_->WaitForQueued(1);
  std::thread drain([&] { server_->Drain(); });
  // The port is closed once the shutdown has begun.
  while (channel_->GetState(false) == GRPC_CHANNEL_READY) std::this_thread::yield();
  doubler_->Release();
  drain.join();
  EXPECT_TRUE(done.get_future().get().ok());
  EXPECT_EQ(response.id(), "id-1");
}

TEST_F(GrpcServerTest, DrainDoesNotWaitForThoseWhoWatch) {
  StartServer();
  WatchStream watch(*health_, "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  server_->Drain();  // an hour, if it did
  EXPECT_EQ(watch.Next(), HealthCheckResponse::UNKNOWN);
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
}

TEST_F(GrpcServerTest, DrainCutsOffWhatOutlastsItsTimeoutAndWaitsForTheWorkers) {
  options_.drain_timeout = Duration::zero();
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
  std::thread drain([&] { server_->Drain(); });
  EXPECT_FALSE(done.get_future().get().ok());
  while (!cancelled()) std::this_thread::yield();
  doubler_->Release();
  drain.join();
  EXPECT_EQ(doubler_->executed(), 0);
  EXPECT_THAT(observer_.WaitForLines(2),
              ElementsAre("start doubler/2", "finish doubler/2 CANCELLED"));
}

TEST_F(GrpcServerTest, DrainsOnceHoweverOftenItIsAskedTo) {
  StartServer();
  std::thread other([&] { server_->Drain(); });
  server_->Drain();
  other.join();
  server_->Drain();
}

}  // namespace
}  // namespace rectifier
