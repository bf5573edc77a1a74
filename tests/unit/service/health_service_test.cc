#include "server/service/health_service.h"

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

using grpc::health::v1::HealthCheckResponse;

using HealthServiceTest = ServerTest;

TEST_F(HealthServiceTest, HealthKnowsTheServerAndEachModel) {
  StartServer();
  EXPECT_EQ(CheckHealth(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(CheckHealth("doubler"), HealthCheckResponse::NOT_SERVING) << "the registry knows it";
  EXPECT_EQ(CheckHealth("later"), HealthCheckResponse::SERVICE_UNKNOWN);
  server_->SetServing(true);
  server_->SetModelHealth("doubler", true);
  server_->SetModelHealth("later", false);
  EXPECT_EQ(CheckHealth(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(CheckHealth("doubler"), HealthCheckResponse::SERVING);
  EXPECT_EQ(CheckHealth("later"), HealthCheckResponse::NOT_SERVING);
  server_->SetServing(false);
  EXPECT_EQ(CheckHealth(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(CheckHealth("doubler"), HealthCheckResponse::SERVING);
}

TEST_F(HealthServiceTest, AWatchSeesEveryChange) {
  StartServer();
  WatchStream model(*health_, "later");
  WatchStream server(*health_, "");
  EXPECT_EQ(model.Next(), HealthCheckResponse::SERVICE_UNKNOWN);
  EXPECT_EQ(server.Next(), HealthCheckResponse::NOT_SERVING);
  server_->SetModelHealth("later", true);
  EXPECT_EQ(model.Next(), HealthCheckResponse::SERVING);
  server_->SetModelHealth("later", false);
  EXPECT_EQ(model.Next(), HealthCheckResponse::NOT_SERVING);
  server_->SetServing(true);
  EXPECT_EQ(server.Next(), HealthCheckResponse::SERVING);
}

TEST_F(HealthServiceTest, AWatchThatIsCancelledEnds) {
  StartServer();
  WatchStream watch(*health_, "");
  EXPECT_EQ(watch.Next(), HealthCheckResponse::NOT_SERVING);
  watch.Cancel();
  EXPECT_EQ(watch.Finish().error_code(), grpc::StatusCode::CANCELLED);
  server_->SetServing(true);
  EXPECT_EQ(CheckHealth(""), HealthCheckResponse::SERVING);
}

}  // namespace
}  // namespace rectifier
