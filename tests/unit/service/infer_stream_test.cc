#include "server/service/infer_stream.h"

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/service/server_fixture.h"

namespace rectifier {
namespace {

using inference::ModelInferRequest;
using inference::ModelStreamInferResponse;
using ::testing::HasSubstr;

class InferStreamTest : public ServerTest {
 protected:
  using Stream = grpc::ClientReaderWriter<ModelInferRequest, ModelStreamInferResponse>;

  void Open() {
    StartServer();
    stream_ = stub_->ModelStreamInfer(&context_);
  }

  // A request for twice `value`; its id says which it is.
  static ModelInferRequest Request(float value) {
    ModelInferRequest request = DoublingRequest();
    request.set_id(std::to_string(static_cast<int>(value)));
    request.mutable_inputs(0)->set_shape(0, 1);
    request.set_raw_input_contents(0, FloatBytes({value, value, value}));
    return request;
  }

  ModelStreamInferResponse Read() {
    ModelStreamInferResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    return response;
  }

  grpc::ClientContext context_;
  std::unique_ptr<Stream> stream_;
};

TEST_F(InferStreamTest, AnswersEachRequestAndEndsWhenTheClientHasNoMore) {
  Open();
  for (const float value : {1.F, 2.F}) {
    ASSERT_TRUE(stream_->Write(Request(value)));
    const ModelStreamInferResponse response = Read();
    EXPECT_EQ(response.error_message(), "");
    const inference::ModelInferResponse& reply = response.infer_response();
    EXPECT_EQ(reply.model_name(), "doubler");
    EXPECT_EQ(reply.model_version(), "2");
    EXPECT_EQ(reply.id(), std::to_string(static_cast<int>(value)));
    EXPECT_EQ(reply.raw_output_contents(0), FloatBytes({2 * value, 2 * value, 2 * value}));
    EXPECT_TRUE(reply.parameters().at("triton_final_response").bool_param());
  }
  ASSERT_TRUE(stream_->WritesDone());
  ModelStreamInferResponse none;
  EXPECT_FALSE(stream_->Read(&none));
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(InferStreamTest, IsCountedWhileItIsOpen) {
  Open();
  ASSERT_TRUE(stream_->Write(Request(1)));
  Read();
  EXPECT_EQ(server_->Load().open_streams, 1);
  ASSERT_TRUE(stream_->WritesDone());
  EXPECT_TRUE(stream_->Finish().ok());
  // The client may hear of the end before the server has let go of the stream.
  while (server_->Load().open_streams > 0) std::this_thread::yield();
}

TEST_F(InferStreamTest, TellsWhatIsWrongWithARequestInItsReplyAndGoesOn) {
  Open();
  ModelInferRequest wrong = Request(1);
  wrong.mutable_inputs(0)->set_datatype("INT8");
  ASSERT_TRUE(stream_->Write(wrong));
  ModelInferRequest unknown = Request(2);
  unknown.set_model_name("nobody");
  ASSERT_TRUE(stream_->Write(unknown));
  ASSERT_TRUE(stream_->Write(Request(3)));
  const ModelStreamInferResponse first = Read();
  EXPECT_EQ(first.error_message(), "input 'x': expected datatype FP32, got 'INT8'");
  EXPECT_EQ(first.infer_response().id(), "1");
  EXPECT_EQ(first.infer_response().model_name(), "doubler");
  const ModelStreamInferResponse second = Read();
  EXPECT_EQ(second.error_message(), "model 'nobody': not found");
  EXPECT_EQ(second.infer_response().id(), "2");
  EXPECT_EQ(Read().infer_response().id(), "3");
  stream_->WritesDone();
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(InferStreamTest, HasManyInFlightAndAnswersInTheirOrder) {
  // Version 1 has a worker of its own, which is done with its requests before that of version 2.
  doubler_->Hold();
  Open();
  for (int i = 0; i < 20; ++i) {
    ModelInferRequest request = Request(static_cast<float>(i));
    if (i % 2 == 1) request.set_model_version("1");
    ASSERT_TRUE(stream_->Write(request));
  }
  stream_->WritesDone();
  doubler_->WaitForQueued(10);
  doubler_->Release();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Read().infer_response().id(), std::to_string(i));
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(InferStreamTest, ReadsNoMoreWhileItsRequestsAreUnanswered) {
  doubler_->Hold();
  Open();
  constexpr size_t kRequests = 3 * InferStream::kMaxInFlight;
  auto writes = std::async(std::launch::async, [&] {
    for (size_t i = 0; i < kRequests; ++i) {
      if (!stream_->Write(Request(static_cast<float>(i)))) return false;
    }
    return stream_->WritesDone();
  });
  doubler_->WaitForQueued(InferStream::kMaxInFlight);
  // Other calls are served meanwhile, so the stream had its chance to read on.
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(IsReady());
  EXPECT_EQ(doubler_->queued(), InferStream::kMaxInFlight);
  doubler_->Release();
  for (size_t i = 0; i < kRequests; ++i) EXPECT_EQ(Read().infer_response().id(), std::to_string(i));
  EXPECT_TRUE(writes.get());
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(InferStreamTest, ReadsNoMoreWhileItHoldsTheBytesOfALargeMessage) {
  const ModelInferRequest request = Request(1);
  constexpr size_t kHeld = 4;
  options_.max_message_bytes = static_cast<int64_t>(kHeld * request.ByteSizeLong());
  doubler_->Hold();
  Open();
  auto writes = std::async(std::launch::async, [&] {
    for (int i = 0; i < 20; ++i) {
      if (!stream_->Write(request)) return false;
    }
    return stream_->WritesDone();
  });
  doubler_->WaitForQueued(kHeld);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(IsReady());
  EXPECT_EQ(doubler_->queued(), kHeld);
  doubler_->Release();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Read().error_message(), "");
  EXPECT_TRUE(writes.get());
}

TEST_F(InferStreamTest, ARequestThatIsCancelledWithItsStreamIsNotRun) {
  doubler_->Hold();
  Open();
  ASSERT_TRUE(stream_->Write(Request(1)));
  doubler_->WaitForQueued(1);
  context_.TryCancel();
  EXPECT_EQ(stream_->Finish().error_code(), grpc::StatusCode::CANCELLED);
  // The server hears of it a moment after the client.
  bool cancelled = false;
  while (!cancelled) {
    doubler_->LookAtOldest([&](const InferenceRequest& queued) { cancelled = queued.cancelled(); });
    std::this_thread::yield();
  }
  doubler_->Release();
  EXPECT_EQ(observer_.WaitForLines(2)[1], "finish doubler/2 CANCELLED");
  EXPECT_EQ(doubler_->executed(), 0);
}

TEST_F(InferStreamTest, TheDeadlineOfTheCallIsThatOfItsRequests) {
  doubler_->Hold();
  StartServer();
  context_.set_deadline(std::chrono::system_clock::now() + std::chrono::hours(1));
  stream_ = stub_->ModelStreamInfer(&context_);
  ASSERT_TRUE(stream_->Write(Request(1)));
  doubler_->WaitForQueued(1);
  doubler_->LookAtOldest([&](const InferenceRequest& queued) {
    EXPECT_LE(queued.deadline, clock_.Now() + std::chrono::minutes(61));
    EXPECT_GT(queued.deadline, clock_.Now() + std::chrono::minutes(59));
  });
  doubler_->Release();
  EXPECT_EQ(Read().error_message(), "");
}

TEST_F(InferStreamTest, ADrainAnswersWhatItHasReadAndEndsTheStream) {
  doubler_->Hold();
  Open();
  server_->SetServing(true);
  ASSERT_TRUE(stream_->Write(Request(7)));
  doubler_->WaitForQueued(1);
  auto drained = std::async(std::launch::async, [&] { server_->Drain(); });
  doubler_->Release();
  EXPECT_EQ(Read().infer_response().id(), "7");
  ModelStreamInferResponse none;
  EXPECT_FALSE(stream_->Read(&none));
  const grpc::Status status = stream_->Finish();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "the server is shutting down");
  drained.get();
}

TEST_F(InferStreamTest, GoesOnOnAConnectionThatHasReachedItsAge) {
  options_.max_connection_age = std::chrono::milliseconds(20);
  StartServer();
  // Where the connection comes of age before the stream is open, another one is tried.
  std::unique_ptr<grpc::ClientContext> context;
  ModelStreamInferResponse first;
  do {
    stream_.reset();
    context = std::make_unique<grpc::ClientContext>();
    stream_ = stub_->ModelStreamInfer(context.get());
  } while (!stream_->Write(Request(1)) || !stream_->Read(&first));
  EXPECT_EQ(first.infer_response().id(), "1");
  // The connection takes no new calls then; one that comes is given another.
  while (channel_->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY) {
    std::this_thread::yield();
  }
  EXPECT_TRUE(Infer(DoublingRequest()).ok());
  ASSERT_TRUE(stream_->Write(Request(2)));
  EXPECT_EQ(Read().infer_response().id(), "2");
  stream_->WritesDone();
  EXPECT_TRUE(stream_->Finish().ok());
}

TEST_F(InferStreamTest, BytesThatAreNoMessageAreAnErrorOfTheRequestAlone) {
  StartServer();
  grpc::GenericStub stub(channel_);
  grpc::CompletionQueue queue;
  grpc::ClientContext context;
  const auto done = [&] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  auto stream =
      stub.PrepareCall(&context, "/inference.GRPCInferenceService/ModelStreamInfer", &queue);
  stream->StartCall(nullptr);
  ASSERT_TRUE(done());
  for (const std::string& bytes : {std::string("\x0A\x05"), Request(4).SerializeAsString()}) {
    const grpc::Slice slice(bytes);
    stream->Write(grpc::ByteBuffer(&slice, 1), nullptr);
    ASSERT_TRUE(done());
  }
  std::vector<ModelStreamInferResponse> responses;
  for (int i = 0; i < 2; ++i) {
    grpc::ByteBuffer bytes;
    stream->Read(&bytes, nullptr);
    ASSERT_TRUE(done());
    grpc::Slice slice;
    ASSERT_TRUE(bytes.DumpToSingleSlice(&slice).ok());
    ASSERT_TRUE(
        responses.emplace_back().ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
  }
  EXPECT_THAT(responses[0].error_message(), HasSubstr("ModelInferRequest: "));
  EXPECT_EQ(responses[1].infer_response().id(), "4");
  grpc::Status status;
  stream->WritesDone(nullptr);
  ASSERT_TRUE(done());
  stream->Finish(&status, nullptr);
  ASSERT_TRUE(done());
  EXPECT_TRUE(status.ok());
  queue.Shutdown();
  void* tag = nullptr;
  bool ok = false;
  while (queue.Next(&tag, &ok)) {
  }
}

}  // namespace
}  // namespace rectifier
