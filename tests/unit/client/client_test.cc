#include "rectifier/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <vector>

#include "tests/unit/client/fake_inference_server.h"
#include "tests/unit/client/test_certificate.h"

namespace rectifier::client {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using testing::FakeInferenceServer;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Retries that cost no time.
ClientOptions QuickRetries() {
  ClientOptions options;
  options.retry.initial_backoff = milliseconds(1);
  options.retry.max_backoff = milliseconds(2);
  return options;
}

Client ConnectTo(const std::string& target, const ClientOptions& options = QuickRetries()) {
  auto client = Client::Connect(target, options);
  EXPECT_TRUE(client.ok()) << client.status();
  return *std::move(client);
}

InferRequest PictureRequest(std::vector<float> pixels = {0, 0, 1, 0}) {
  InferRequest request;
  request.model_name = "brightest";
  request.id = "seven";
  const auto pictures = static_cast<int64_t>(pixels.size() / 4);
  request.inputs.push_back(Tensor::From<float>("image", {pictures, 1, 2, 2}, pixels));
  return request;
}

std::string Message(const absl::Status& status) { return std::string(status.message()); }

// Nothing listens there: the port was just given back.
std::string UnusedTarget() { return FakeInferenceServer().target(); }

TEST(ClientTest, InferReturnsTheOutputsAndEchoesTheId) {
  FakeInferenceServer server;
  const auto response = ConnectTo(server.target()).Infer(PictureRequest());
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->model_name, "brightest");
  EXPECT_EQ(response->model_version, "3");
  EXPECT_EQ(response->id, "seven");
  ASSERT_EQ(response->outputs.size(), 1U);
  const Tensor* logits = response->Find("logits");
  ASSERT_NE(logits, nullptr);
  EXPECT_THAT(logits->shape, ElementsAre(1, 4));
  EXPECT_THAT(*logits->Values<float>(), ElementsAre(0, 0, 10, 0));
  EXPECT_EQ(response->Find("other"), nullptr);
}

TEST(ClientTest, InferAsyncCallsBackOnceForEachOfManyRequests) {
  FakeInferenceServer server;
  const Client client = ConnectTo(server.target());
  std::vector<std::promise<absl::StatusOr<InferResponse>>> promises(50);
  for (size_t i = 0; i < promises.size(); ++i) {
    client.InferAsync(PictureRequest({static_cast<float>(i), 0, 0, 0}),
                      [&promises, i](absl::StatusOr<InferResponse> response) {
                        promises[i].set_value(std::move(response));
                      });
  }
  for (size_t i = 0; i < promises.size(); ++i) {
    const auto response = promises[i].get_future().get();
    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->outputs[0].Values<float>()->at(0), 10.0F * static_cast<float>(i));
  }
}

TEST(ClientTest, DestroyingTheClientCancelsItsCallsAndWaitsForTheirCallbacks) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  std::promise<void> arrived;
  FakeInferenceServer server;
  server.set_before_infer([&](auto&, auto&, auto&) {
    arrived.set_value();
    released.wait();
    return grpc::Status::OK;
  });
  std::optional<absl::Status> result;  // not guarded: the destructor orders it
  {
    const Client client = ConnectTo(server.target());
    client.InferAsync(PictureRequest(), [&](const auto& response) { result = response.status(); });
    arrived.get_future().wait();
  }
  release.set_value();
  ASSERT_TRUE(result.has_value());
  EXPECT_EQ(result->code(), absl::StatusCode::kCancelled);
}

// gRPC's callback threads would join themselves, were one of them to release the last channel.
TEST(ClientTest, TheClientOutlastsACallbackThatHasSaidThatItIsDone) {
  FakeInferenceServer server;
  std::promise<absl::Status> done;
  std::promise<void> client_is_gone;
  {
    const Client client = ConnectTo(server.target());
    client.InferAsync(PictureRequest(), [&](const auto& response) {
      done.set_value(response.status());
      EXPECT_EQ(client_is_gone.get_future().wait_for(milliseconds(50)),
                std::future_status::timeout);
    });
    EXPECT_TRUE(done.get_future().get().ok());
  }
  client_is_gone.set_value();
}

TEST(ClientTest, AWrongTensorIsRefusedBeforeItIsSent) {
  FakeInferenceServer server;
  const Client client = ConnectTo(server.target());
  InferRequest request = PictureRequest();
  request.inputs[0].bytes.pop_back();
  EXPECT_EQ(Message(client.Infer(request).status()),
            "tensor 'image': FP32 [1,1,2,2] takes 16 bytes, got 15");
  absl::Status status;
  client.InferAsync(request, [&](const auto& response) { status = response.status(); });
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(server.infer_calls(), 0);
}

TEST(ClientTest, TheServersErrorsComeAsTheyAre) {
  FakeInferenceServer server;
  const Client client = ConnectTo(server.target());
  InferRequest unknown = PictureRequest();
  unknown.model_name = "nobody";
  EXPECT_EQ(client.Infer(unknown).status(), absl::NotFoundError("model 'nobody': unknown"));
  InferRequest wrong = PictureRequest();
  wrong.inputs[0].shape = {1, 4};
  EXPECT_EQ(client.Infer(wrong).status(),
            absl::InvalidArgumentError("image: expected FP32 [-1,1,2,2]"));
  EXPECT_EQ(client.GetModelMetadata("nobody").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(client.IsModelReady("nobody").status().code(), absl::StatusCode::kNotFound);
}

TEST(ClientTest, AnUnreachableServerIsUnavailableAndNamed) {
  const std::string target = UnusedTarget();
  const Client client = ConnectTo(target);
  const absl::Status status = client.Infer(PictureRequest()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(Message(status), StartsWith(target + ": cannot be reached: "));
  EXPECT_EQ(client.IsServerReady().status().code(), absl::StatusCode::kUnavailable);
}

TEST(ClientTest, ACallEndsAtItsDeadline) {
  std::promise<void> release;
  const std::shared_future<void> released = release.get_future().share();
  FakeInferenceServer server;
  server.set_before_infer([released](auto&, auto&, auto&) {
    released.wait();
    return grpc::Status::OK;
  });
  const Client client = ConnectTo(server.target());
  const absl::Status sync = client.Infer(PictureRequest(), milliseconds(50)).status();
  EXPECT_EQ(sync.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_THAT(Message(sync), StartsWith(server.target() + ": "));

  std::promise<absl::Status> done;
  client.InferAsync(
      PictureRequest(), [&](const auto& response) { done.set_value(response.status()); },
      milliseconds(50));
  EXPECT_EQ(done.get_future().get().code(), absl::StatusCode::kDeadlineExceeded);
  release.set_value();
}

TEST(ClientTest, TheDefaultTimeoutIsTheOptions) {
  std::promise<void> release;
  FakeInferenceServer server;
  server.set_before_infer([&](auto&, auto&, auto&) {
    release.get_future().wait();
    return grpc::Status::OK;
  });
  ClientOptions options;
  options.default_timeout = milliseconds(50);
  EXPECT_EQ(ConnectTo(server.target(), options).Infer(PictureRequest()).status().code(),
            absl::StatusCode::kDeadlineExceeded);
  release.set_value();
}

TEST(ClientTest, ATimeoutOfAThousandYearsIsJustLong) {
  FakeInferenceServer server;
  const auto response =
      ConnectTo(server.target()).Infer(PictureRequest(), std::chrono::hours(24 * 365'000));
  EXPECT_TRUE(response.ok()) << response.status();
}

// Fails the first `times` calls.
FakeInferenceServer::Hook FailFirst(int times, grpc::StatusCode code, const char* pushback) {
  auto left = std::make_shared<std::atomic<int>>(times);
  return [=](grpc::ServerContext& context, auto&, auto&) {
    if ((*left)-- <= 0) return grpc::Status::OK;
    if (pushback != nullptr) context.AddTrailingMetadata("grpc-retry-pushback-ms", pushback);
    return grpc::Status(code, "not now");
  };
}

TEST(ClientTest, UnavailableIsTriedAgain) {
  FakeInferenceServer server;
  server.set_before_infer(FailFirst(2, grpc::StatusCode::UNAVAILABLE, nullptr));
  const auto response = ConnectTo(server.target()).Infer(PictureRequest());
  EXPECT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(server.infer_calls(), 3);
}

TEST(ClientTest, AFullQueueIsTriedAgainAfterThePushbackThatTheServerNames) {
  FakeInferenceServer server;
  server.set_before_infer(FailFirst(1, grpc::StatusCode::RESOURCE_EXHAUSTED, "1"));
  ClientOptions options;  // whose own backoff is longer than the deadline
  options.retry.initial_backoff = options.retry.max_backoff = std::chrono::hours(1);
  const auto response = ConnectTo(server.target(), options).Infer(PictureRequest());
  EXPECT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(server.infer_calls(), 2);
}

TEST(ClientTest, ANegativePushbackMeansDoNotRetry) {
  FakeInferenceServer server;
  server.set_before_infer(FailFirst(1, grpc::StatusCode::RESOURCE_EXHAUSTED, "-1"));
  const auto response = ConnectTo(server.target()).Infer(PictureRequest());
  EXPECT_EQ(response.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(server.infer_calls(), 1);
}

TEST(ClientTest, ARequestAboveGrpcsDefaultRetryBufferIsTriedAgainToo) {
  FakeInferenceServer server;
  server.set_before_infer(FailFirst(1, grpc::StatusCode::UNAVAILABLE, nullptr));
  const auto response =
      ConnectTo(server.target()).Infer(PictureRequest(std::vector<float>(1 << 20)));
  EXPECT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(server.infer_calls(), 2);
}

TEST(ClientTest, OtherErrorsAreNotTriedAgain) {
  FakeInferenceServer server;
  server.set_before_infer(FailFirst(1, grpc::StatusCode::INTERNAL, nullptr));
  EXPECT_EQ(ConnectTo(server.target()).Infer(PictureRequest()).status(),
            absl::InternalError("not now"));
  EXPECT_EQ(server.infer_calls(), 1);
}

TEST(ClientTest, OneAttemptMeansNoRetry) {
  FakeInferenceServer server;
  server.set_before_infer(FailFirst(1, grpc::StatusCode::UNAVAILABLE, nullptr));
  ClientOptions options;
  options.retry.max_attempts = 1;
  const auto status = ConnectTo(server.target(), options).Infer(PictureRequest()).status();
  EXPECT_EQ(Message(status), server.target() + ": not now");
  EXPECT_EQ(server.infer_calls(), 1);
}

TEST(ClientTest, RequestsAboveTheMessageLimitAreRefused) {
  FakeInferenceServer server;
  ClientOptions options = QuickRetries();
  options.max_message_bytes = 100;
  const auto status =
      ConnectTo(server.target(), options).Infer(PictureRequest(std::vector<float>(400))).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(server.infer_calls(), 0);
}

TEST(ClientTest, AnAnswerThatBreaksTheProtocolIsInternal) {
  FakeInferenceServer server;
  server.set_after_infer([](auto&, auto&, inference::ModelInferResponse& response) {
    response.clear_raw_output_contents();
    return grpc::Status::OK;
  });
  const Client client = ConnectTo(server.target());
  EXPECT_EQ(client.Infer(PictureRequest()).status(),
            absl::InternalError("the server sent 1 outputs with 0 raw contents"));
}

TEST(ClientTest, AnAnswerWhoseBytesAreNotItsShapesIsInternal) {
  FakeInferenceServer server;
  server.set_after_infer([](auto&, auto&, inference::ModelInferResponse& response) {
    response.mutable_raw_output_contents(0)->resize(3);
    return grpc::Status::OK;
  });
  EXPECT_EQ(ConnectTo(server.target()).Infer(PictureRequest()).status(),
            absl::InternalError(
                "the server's answer: tensor 'logits': FP32 [1,4] takes 16 bytes, got 3"));
}

TEST(ClientTest, MetadataIsDecoded) {
  FakeInferenceServer server;
  const Client client = ConnectTo(server.target());
  const auto metadata = client.GetServerMetadata();
  ASSERT_TRUE(metadata.ok()) << metadata.status();
  EXPECT_EQ(metadata->name, "fake");
  EXPECT_EQ(metadata->version, "1.2");
  EXPECT_THAT(metadata->extensions, ElementsAre("statistics"));
  const auto model = client.GetModelMetadata("brightest");
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_THAT(model->versions, ElementsAre("3"));
  EXPECT_EQ(model->inputs.at(0).name, "image");
  EXPECT_EQ(model->inputs.at(0).datatype, "FP32");
  EXPECT_THAT(model->inputs.at(0).shape, ElementsAre(-1, 1, 2, 2));
  EXPECT_EQ(model->outputs.at(0).name, "logits");
  EXPECT_EQ(model->properties.at("origin"), "test");
}

TEST(ClientTest, WaitUntilReadyAsksUntilTheAnswerIsYes) {
  FakeInferenceServer server;
  const Client client = ConnectTo(server.target());
  server.set_not_ready(2);
  EXPECT_FALSE(*client.IsServerReady());
  EXPECT_TRUE(client.WaitUntilReady(std::chrono::seconds(30)).ok());
  server.set_not_ready(1);
  EXPECT_TRUE(client.WaitUntilReady(std::chrono::seconds(30), "brightest").ok());
}

TEST(ClientTest, WaitUntilReadyEndsWithTheLastReason) {
  FakeInferenceServer server;
  server.set_not_ready(1'000'000);
  const Client client = ConnectTo(server.target());
  ASSERT_FALSE(*client.IsServerReady());  // connected
  EXPECT_EQ(client.WaitUntilReady(milliseconds(300), "brightest"),
            absl::DeadlineExceededError("not ready within 300 ms: " + server.target() +
                                        ": the model is not"));
  EXPECT_EQ(client.WaitUntilReady(milliseconds(300), "nobody"),
            absl::DeadlineExceededError("not ready within 300 ms: model 'nobody': unknown"));
}

TEST(ClientTest, CallsGoOnlyToReplicasThatServe) {
  FakeInferenceServer draining;
  FakeInferenceServer serving;
  draining.set_serving(false);
  const Client client = ConnectTo("ipv4:" + draining.target() + "," + serving.target());
  for (int i = 0; i < 20; ++i) {
    const auto response = client.Infer(PictureRequest());
    EXPECT_TRUE(response.ok()) << response.status();
  }
  EXPECT_EQ(draining.infer_calls(), 0);
  EXPECT_EQ(serving.infer_calls(), 20);
}

TEST(ClientTest, WithoutWatchingHealthADrainingServerIsStillCalled) {
  FakeInferenceServer draining;
  draining.set_serving(false);
  ClientOptions options;
  options.watch_health = false;
  EXPECT_TRUE(ConnectTo(draining.target(), options).Infer(PictureRequest()).ok());
}

TEST(ClientTest, TlsCarriesTheClientsCertificateAndToken) {
  grpc::SslServerCredentialsOptions credentials(
      GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  credentials.pem_root_certs = testing::kCertificate;
  credentials.pem_key_cert_pairs.push_back({testing::kPrivateKey, testing::kCertificate});
  FakeInferenceServer server(grpc::SslServerCredentials(credentials));
  std::promise<std::string> authorization;
  server.set_before_infer([&](grpc::ServerContext& context, auto&, auto&) {
    const auto found = context.client_metadata().find("authorization");
    authorization.set_value(found == context.client_metadata().end()
                                ? ""
                                : std::string(found->second.data(), found->second.size()));
    return grpc::Status::OK;
  });
  ClientOptions options = QuickRetries();
  options.tls.emplace();
  options.tls->root_certificates = testing::kCertificate;
  options.watch_health = false;
  EXPECT_EQ(ConnectTo(server.target(), options).Infer(PictureRequest()).status().code(),
            absl::StatusCode::kUnavailable)
      << "without a certificate of its own";

  options.tls->certificate_chain = testing::kCertificate;
  options.tls->private_key = testing::kPrivateKey;
  options.bearer_token = "secret";
  const auto response = ConnectTo(server.target(), options).Infer(PictureRequest());
  EXPECT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(authorization.get_future().get(), "Bearer secret");
}

TEST(ClientTest, OptionsThatContradictThemselvesAreRefused) {
  const auto refuses = [](const auto& change, const char* message) {
    ClientOptions options;
    change(options);
    const auto client = Client::Connect("127.0.0.1:1", options);
    EXPECT_EQ(client.status().code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(Message(client.status()), HasSubstr(message));
  };
  refuses([](ClientOptions& o) { o.bearer_token = "x"; }, "over TLS only");
  refuses([](ClientOptions& o) { o.retry.max_attempts = 6; }, "max_attempts must be 1 to 5");
  refuses([](ClientOptions& o) { o.retry.max_backoff = milliseconds(1); }, "initial_backoff");
  refuses([](ClientOptions& o) { o.default_timeout = milliseconds(0); }, "default_timeout");
  refuses([](ClientOptions& o) { o.max_message_bytes = int64_t{1} << 31; }, "max_message_bytes");
  refuses([](ClientOptions& o) { o.tls = TlsOptions{"", "certificate", ""}; }, "come together");
  EXPECT_FALSE(Client::Connect("").ok());
}

}  // namespace
}  // namespace rectifier::client
