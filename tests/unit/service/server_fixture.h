#pragma once

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/inference.grpc.pb.h"
#include "server/core/status.h"
#include "server/service/grpc_server.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/service/fakes.h"

namespace rectifier {

inline std::string FloatBytes(std::vector<float> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

inline inference::ModelInferRequest DoublingRequest(const std::string& model = "doubler") {
  inference::ModelInferRequest request;
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
class ServerTest : public ::testing::Test {
 protected:
  ServerTest() : doubler_(std::make_shared<FakeServable>("doubler", "2", clock_)) {
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

  ~ServerTest() override {
    doubler_->Release();
    server_.reset();
  }

  void StartServer() {
    auto server = GrpcServer::Start(options_, registry_, observer_, clock_);
    ASSERT_EQ(server.status(), absl::OkStatus());
    server_ = *std::move(server);
    Connect("127.0.0.1:" + std::to_string(server_->port()));
  }

  // What the test calls from now on, over a channel of its own, not one of gRPC's shared ones.
  void Connect(const std::string& target) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    channel_ = grpc::CreateCustomChannel(target, grpc::InsecureChannelCredentials(), arguments);
    stub_ = inference::GRPCInferenceService::NewStub(channel_);
    health_ = grpc::health::v1::Health::NewStub(channel_);
  }

  grpc::Status Infer(const inference::ModelInferRequest& request,
                     inference::ModelInferResponse& response) {
    grpc::ClientContext context;
    return stub_->ModelInfer(&context, request, &response);
  }

  grpc::Status Infer(const inference::ModelInferRequest& request) {
    inference::ModelInferResponse response;
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

  grpc::health::v1::HealthCheckResponse::ServingStatus CheckHealth(const std::string& service) {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = health_->Check(&context, request, &response);
    if (status.error_code() == grpc::StatusCode::NOT_FOUND) {
      return grpc::health::v1::HealthCheckResponse::SERVICE_UNKNOWN;
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
  RecordingObserver observer_;
  ModelRegistry registry_{&observer_};
  GrpcServer::Options options_;
  std::unique_ptr<GrpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub_;
  std::unique_ptr<grpc::health::v1::Health::Stub> health_;
};

// A Watch stream of a test: the next status that comes, or UNKNOWN when the stream is over.
class WatchStream {
 public:
  WatchStream(grpc::health::v1::Health::Stub& stub, const std::string& service) {
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    reader_ = stub.Watch(&context_, request);
  }
  grpc::health::v1::HealthCheckResponse::ServingStatus Next() {
    grpc::health::v1::HealthCheckResponse response;
    return reader_->Read(&response) ? response.status()
                                    : grpc::health::v1::HealthCheckResponse::UNKNOWN;
  }
  grpc::Status Finish() { return reader_->Finish(); }
  void Cancel() { context_.TryCancel(); }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<grpc::health::v1::HealthCheckResponse>> reader_;
};

}  // namespace rectifier
