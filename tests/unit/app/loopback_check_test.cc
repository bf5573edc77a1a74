#include "server/app/loopback_check.h"

#include <gtest/gtest.h>

#include <chrono>

#include "server/metrics/metrics.h"
#include "server/models/registry.h"
#include "server/service/grpc_server.h"
#include "tests/support/fake_clock.h"

namespace rectifier {
namespace {

using std::chrono::milliseconds;

class LoopbackCheckTest : public testing::Test {
 protected:
  void StartServer() {
    GrpcServer::Options options;
    options.host = "127.0.0.1";
    options.port = 0;
    auto server = GrpcServer::Start(options, registry_, metrics_, clock_);
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  FakeClock clock_;
  Metrics metrics_{{"1.0", "3.2", "avx2"}};
  ModelRegistry registry_;
  std::unique_ptr<GrpcServer> server_;
};

TEST_F(LoopbackCheckTest, AServerThatListensOnAnyAddressIsReachedThroughLoopback) {
  StartServer();
  EXPECT_TRUE(LoopbackCheck("0.0.0.0", server_->port(), clock_).Answers());
}

TEST_F(LoopbackCheckTest, WhatItFoundIsKeptForASecond) {
  StartServer();
  LoopbackCheck check("127.0.0.1", server_->port(), clock_);
  EXPECT_TRUE(check.Answers());
  server_.reset();
  clock_.Advance(milliseconds(999));
  EXPECT_TRUE(check.Answers());
  clock_.Advance(milliseconds(1));
  EXPECT_FALSE(check.Answers());
}

}  // namespace
}  // namespace rectifier
