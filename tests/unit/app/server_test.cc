#include "server/app/server.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "proto/inference.grpc.pb.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_testing.h"
#include "tests/unit/import/temporary_folder.h"

namespace rectifier {
namespace {

using grpc::health::v1::HealthCheckResponse;

class ServerTest : public testing::Test {
 protected:
  ServerTest() {
    options_.grpc_port = 0;
    options_.http_port = 0;
    options_.unix_socket = folder_.path() / "grpc.sock";
    options_.lame_duck_ms = 0;
  }

  void Start() {
    auto server = Server::Start(options_, entries_, clock_);
    ASSERT_TRUE(server.ok()) << Message(server.status());
    server_ = *std::move(server);
    channel_ =
        grpc::CreateChannel("unix:" + options_.unix_socket, grpc::InsecureChannelCredentials());
  }

  const TemporaryFolder folder_;
  const FakeClock clock_;
  ServeOptions options_;
  std::vector<RepositoryEntry> entries_ = {{"m", "3", folder_.path() / "m" / "3", {}}};
  std::unique_ptr<Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_F(ServerTest, ModelsAreKnownAsLoadingFromTheFirstCallOn) {
  Start();
  const auto inference = inference::GRPCInferenceService::NewStub(channel_);
  inference::ModelReadyRequest asked;
  asked.set_name("m");
  inference::ModelReadyResponse ready;
  grpc::ClientContext ready_context;
  const grpc::Status answered = inference->ModelReady(&ready_context, asked, &ready);
  EXPECT_TRUE(answered.ok()) << answered.error_message();
  EXPECT_FALSE(ready.ready());

  inference::ModelInferRequest request;
  request.set_model_name("m");
  inference::ModelInferResponse response;
  grpc::ClientContext infer_context;
  EXPECT_EQ(inference->ModelInfer(&infer_context, request, &response).error_code(),
            grpc::StatusCode::UNAVAILABLE);

  const auto health = grpc::health::v1::Health::NewStub(channel_);
  grpc::health::v1::HealthCheckRequest check;
  check.set_service("m");
  HealthCheckResponse serving;
  grpc::ClientContext health_context;
  const grpc::Status checked = health->Check(&health_context, check, &serving);
  EXPECT_TRUE(checked.ok()) << checked.error_message();
  EXPECT_EQ(serving.status(), HealthCheckResponse::NOT_SERVING);
}

}  // namespace
}  // namespace rectifier
