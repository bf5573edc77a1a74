// What becomes of calls on a connection that reaches its maximum age.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <thread>

#include "tests/unit/service/server_fixture.h"

namespace rectifier {
namespace {

using grpc::health::v1::HealthCheckResponse;
using inference::ModelStreamInferResponse;

// One call of ModelStreamInfer.
class InferCall {
 public:
  explicit InferCall(inference::GRPCInferenceService::Stub& stub)
      : stream_(stub.ModelStreamInfer(&context_)) {}

  // Whether a request that is sent now is answered.
  bool Infer() {
    ModelStreamInferResponse response;
    return stream_->Write(DoublingRequest()) && stream_->Read(&response) &&
           response.error_message().empty();
  }
  void WaitForEnd() {
    ModelStreamInferResponse response;
    while (stream_->Read(&response)) {
    }
  }
  grpc::Status HalfCloseAndFinish() {
    stream_->WritesDone();
    return stream_->Finish();
  }
  grpc::Status Finish() { return stream_->Finish(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<inference::ModelInferRequest, ModelStreamInferResponse>>
      stream_;
};

enum class Transport { kTcp, kUnixSocket };

class ConnectionAgeTest : public ServerTest, public ::testing::WithParamInterface<Transport> {
 public:
  ConnectionAgeTest() {
    std::string name = std::filesystem::temp_directory_path() / "rectifier-age-XXXXXX";
    folder_ = mkdtemp(name.data());
    options_.max_connection_age = std::chrono::milliseconds(20);
    options_.connection_grace = std::chrono::hours(1);
  }
  ~ConnectionAgeTest() override { std::filesystem::remove_all(folder_); }

 protected:
  void Start() {
    if (GetParam() == Transport::kUnixSocket) options_.unix_socket = folder_ / "grpc.sock";
    StartServer();
    if (GetParam() == Transport::kUnixSocket) Connect("unix:" + options_.unix_socket);
    server_->SetServing(true);
  }

  // Where the connection comes of age before a call has had its first answer, another is tried.
  std::unique_ptr<InferCall> OpenStream() {
    std::unique_ptr<InferCall> call;
    do {
      call = std::make_unique<InferCall>(*stub_);
    } while (!call->Infer());
    return call;
  }
  std::unique_ptr<WatchStream> OpenWatch() {
    std::unique_ptr<WatchStream> watch;
    do {
      watch = std::make_unique<WatchStream>(*health_, "");
    } while (watch->Next() != HealthCheckResponse::SERVING);
    return watch;
  }

  // Returns once the client has been told that the connection takes no new calls.
  void WaitForAge() const {
    while (channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY) {
      std::this_thread::yield();
    }
  }

  std::filesystem::path folder_;
};

TEST_P(ConnectionAgeTest, AStreamGoesOnWhileNewCallsGetAnotherConnection) {
  Start();
  const auto stream = OpenStream();
  for (int connections = 0; connections < 3; ++connections) {
    WaitForAge();
    EXPECT_TRUE(Infer(DoublingRequest()).ok());
    EXPECT_TRUE(stream->Infer());
  }
  EXPECT_TRUE(stream->HalfCloseAndFinish().ok());
}

TEST_P(ConnectionAgeTest, AWatchGoesOnAndSeesWhatChanges) {
  Start();
  const auto watch = OpenWatch();
  WaitForAge();
  server_->SetServing(false);
  EXPECT_EQ(watch->Next(), HealthCheckResponse::NOT_SERVING);
  server_->SetServing(true);
  EXPECT_EQ(watch->Next(), HealthCheckResponse::SERVING);
}

TEST_P(ConnectionAgeTest, NoCallIsLost) {
  Start();
  for (int connections = 0; connections < 5; ++connections) {
    do {
      const grpc::Status status = Infer(DoublingRequest());
      EXPECT_TRUE(status.ok()) << status.error_message();
    } while (channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY);
  }
}

TEST_P(ConnectionAgeTest, ACallThatIsRunningIsAnswered) {
  doubler_->Hold();
  Start();
  InferCall stream(*stub_);
  auto answered = std::async(std::launch::async, [&] { return stream.Infer(); });
  doubler_->WaitForQueued(1);
  WaitForAge();
  doubler_->Release();
  EXPECT_TRUE(answered.get());
}

TEST_P(ConnectionAgeTest, WhatOutlastsTheGraceIsEndedAsUnavailableAndCanBeOpenedAgain) {
  options_.connection_grace = std::chrono::milliseconds(20);
  Start();
  for (int i = 0; i < 2; ++i) {
    const auto stream = OpenStream();
    stream->WaitForEnd();
    EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
    const auto watch = OpenWatch();
    EXPECT_EQ(watch->Next(), HealthCheckResponse::UNKNOWN);
    EXPECT_EQ(watch->Finish().error_code(), grpc::StatusCode::UNAVAILABLE);
  }
}

INSTANTIATE_TEST_SUITE_P(Transports, ConnectionAgeTest,
                         ::testing::Values(Transport::kTcp, Transport::kUnixSocket),
                         [](const auto& instance) {
                           return instance.param == Transport::kTcp ? "Tcp" : "UnixSocket";
                         });

}  // namespace
}  // namespace rectifier
