#include "server/service/grpc_server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/support/latch_counter.h"
#include "tests/unit/service/server_fixture.h"

namespace rectifier {
namespace {

using grpc::health::v1::HealthCheckResponse;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

using GrpcServerTest = ServerTest;

TEST_F(GrpcServerTest, AMethodThatIsNotServedIsUnimplemented) {
  StartServer();
  EXPECT_EQ(SendBytes("/inference.GRPCInferenceService/RepositoryModelLoad", "").error_code(),
            grpc::StatusCode::UNIMPLEMENTED);
}

TEST_F(GrpcServerTest, AMessageAboveTheLimitIsResourceExhausted) {
  options_.max_message_bytes = 1024;
  StartServer();
  ModelInferRequest request = DoublingRequest();
  request.set_id(std::string(2000, 'x'));
  EXPECT_EQ(Infer(request).error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
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

TEST_F(GrpcServerTest, RequestsAreGatheredForWhoRunsThem) {
  LatchCounter run;
  options_.run_gathered = [&] {
    run.Add();
    return true;
  };
  StartServer();
  doubler_->Hold();
  std::thread client([&] { EXPECT_TRUE(Infer(DoublingRequest()).ok()); });
  doubler_->WaitForQueued(1);
  doubler_->LookAtOldest([](const InferenceRequest& request) { EXPECT_TRUE(request.gathered); });
  run.WaitFor(1);
  doubler_->Release();
  client.join();
}

TEST_F(GrpcServerTest, WithoutAnybodyWhoRunsThemNoRequestsAreGathered) {
  StartServer();
  doubler_->Hold();
  std::thread client([&] { EXPECT_TRUE(Infer(DoublingRequest()).ok()); });
  doubler_->WaitForQueued(1);
  doubler_->LookAtOldest([](const InferenceRequest& request) { EXPECT_FALSE(request.gathered); });
  doubler_->Release();
  client.join();
}

TEST_F(GrpcServerTest, ManyThreadsReceiveRequestsOfManyClients) {
  constexpr int kClients = 8;
  constexpr int kRequests = 100;
  options_.event_threads = 4;
  StartServer();
  std::vector<std::thread> clients;
  std::atomic<int> answered = 0;
  for (int client = 0; client < kClients; ++client) {
    clients.emplace_back([&] {
      for (int i = 0; i < kRequests; ++i) {
        ModelInferResponse response;
        if (Infer(DoublingRequest(), response).ok() && response.id() == "id-1") ++answered;
        if (i % 10 == 0) {
          EXPECT_EQ(CheckHealth(""), HealthCheckResponse::NOT_SERVING);
        }
      }
    });
  }
  for (std::thread& client : clients) client.join();
  EXPECT_EQ(answered, kClients * kRequests);
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

TEST_F(GrpcServerTest, AServerThatNeverWasServingHasNoLameDuck) {
  options_.wait = [](Duration) {
    ADD_FAILURE() << "waited for clients that were never told to come";
  };
  StartServer();
  server_->SetServing(false);
  server_->Drain();
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
