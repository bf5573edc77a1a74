// Batches over real gRPC: the server's own parts put together as `rectifier serve` does, with a
// worker that the test holds and a clock that it moves. Nothing depends on how long anything takes.

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "proto/inference.grpc.pb.h"
#include "server/batching/worker_pool.h"
#include "server/core/mutex.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/metrics/metrics.h"
#include "server/models/model.h"
#include "server/models/registry.h"
#include "server/models/served_model.h"
#include "server/service/grpc_server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/latch_counter.h"

namespace rectifier {
namespace {

using inference::GRPCInferenceService;
using inference::ModelInferRequest;
using inference::ModelInferResponse;
using ::testing::HasSubstr;

constexpr char kModel[] = "digits_prelu";
constexpr size_t kPixels = 64;
using Image = std::array<float, kPixels>;

std::vector<Image> RandomImages(size_t count) {
  std::mt19937 generator(20240607);
  std::uniform_real_distribution<float> pixel(0, 1);
  std::vector<Image> images(count);
  for (Image& image : images) {
    for (float& value : image) value = pixel(generator);
  }
  return images;
}

ModelInferRequest RequestFor(const Image& image) {
  ModelInferRequest request;
  request.set_model_name(kModel);
  auto* input = request.add_inputs();
  input->set_name("image");
  input->set_datatype("FP32");
  for (const int64_t dim : {1, 1, 8, 8}) input->add_shape(dim);
  request.add_raw_input_contents(image.data(), sizeof(image));
  return request;
}

// The value of a sample of Prometheus' text format, named with its labels; -1 when there is none.
double SampleOf(const std::string& text, const std::string& sample) {
  const size_t at = text.find("\n" + sample + " ");
  return at == std::string::npos ? -1 : std::stod(text.substr(at + 1 + sample.size()));
}

// Passes on what happens in a queue, and lets a test wait until so many requests are in it.
class QueueWatcher final : public BatchObserver {
 public:
  explicit QueueWatcher(BatchObserver& next) : next_(next) {}

  void OnQueueDepth(int64_t tasks, int64_t bytes) override {
    next_.OnQueueDepth(tasks, bytes);
    MutexLock lock(mutex_);
    tasks_ = tasks;
    changed_.NotifyAll();
  }
  void OnRefused(Rejection why) override { next_.OnRefused(why); }
  void OnDropped(Rejection why) override { next_.OnDropped(why); }
  void OnBatch(CloseReason reason, Duration predicted, Duration measured) override {
    next_.OnBatch(reason, predicted, measured);
  }
  void OnCost(int64_t size, Duration cost) override { next_.OnCost(size, cost); }

  void WaitForQueued(int64_t tasks) {
    MutexLock lock(mutex_);
    while (tasks_ != tasks) changed_.Wait(mutex_);
  }

 private:
  BatchObserver& next_;
  Mutex mutex_;
  CondVar changed_;
  int64_t tasks_ RECTIFIER_GUARDED_BY(mutex_) = 0;
};

// Passes requests on and keeps what tells whether their clients have gone.
class CancellationWatcher final : public Servable {
 public:
  explicit CancellationWatcher(std::unique_ptr<Servable> next) : next_(std::move(next)) {}

  const std::string& name() const override { return next_->name(); }
  const std::string& version() const override { return next_->version(); }
  const ModelSignature& signature() const override { return next_->signature(); }
  const BatchingOptions& batching() const override { return next_->batching(); }
  absl::StatusOr<std::vector<TensorType>> OutputTypes(
      int64_t samples, std::span<const Shape> input_shapes) const override {
    return next_->OutputTypes(samples, input_shapes);
  }
  absl::Status Submit(InferenceRequest request) override {
    {
      MutexLock lock(mutex_);
      last_cancelled_ = request.cancelled;
    }
    return next_->Submit(std::move(request));
  }
  InferenceStatistics Statistics() const override { return next_->Statistics(); }

  // Returns once the server knows that the client of the last request has gone.
  void WaitUntilLastIsCancelled() {
    std::function<bool()> cancelled;
    {
      MutexLock lock(mutex_);
      cancelled = last_cancelled_;
    }
    while (!cancelled()) std::this_thread::yield();
  }

 private:
  const std::unique_ptr<Servable> next_;
  Mutex mutex_;
  std::function<bool()> last_cancelled_ RECTIFIER_GUARDED_BY(mutex_);
};

// A call that is under way.
struct Call {
  grpc::ClientContext context;
  ModelInferRequest request;
  ModelInferResponse response;
  grpc::Status status;
  LatchCounter done;

  const std::string& logits() const { return response.raw_output_contents(0); }
};

class BatchingTest : public ::testing::Test {
 protected:
  ~BatchingTest() override {
    pool_.Resume();
    server_.reset();
    registry_.Clear();
    served_.reset();
  }

  void StartServer(const BatchingOptions& batching = {}) {
    LoadOptions load;
    load.new_compiler = NewOneDnnCompiler;
    auto model =
        Model::Load(std::filesystem::path(RECTIFIER_SOURCE_DIR) / "examples/models" / kModel / "1",
                    load, clock_);
    ASSERT_EQ(model.status(), absl::OkStatus());
    served_ = std::make_shared<CancellationWatcher>(std::make_unique<ServedModel>(
        kModel, "1", *std::move(model), ServingOptions{.batching = batching},
        ServedModel::Collaborators{pool_, states_, queue_, *observer_, clock_}));
    registry_.Set({kModel, "1", ModelState::kReady, absl::OkStatus(), served_});

    GrpcServer::Options options;
    options.host = "127.0.0.1";
    options.port = 0;
    options.wait = [this](Duration /*lame_duck*/) { draining_.Add(); };
    auto server = GrpcServer::Start(options, registry_, metrics_, clock_);
    ASSERT_EQ(server.status(), absl::OkStatus());
    server_ = *std::move(server);
    server_->SetServing(true);
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
    stub_ = GRPCInferenceService::NewStub(
        grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(server_->port()),
                                  grpc::InsecureChannelCredentials(), arguments));
  }

  std::unique_ptr<Call> Send(const Image& image,
                             std::chrono::hours timeout = std::chrono::hours(24)) {
    auto call = std::make_unique<Call>();
    call->request = RequestFor(image);
    call->context.set_deadline(std::chrono::system_clock::now() + timeout);
    Call& sent = *call;
    stub_->async()->ModelInfer(&sent.context, &sent.request, &sent.response,
                               [&sent](grpc::Status status) {
                                 sent.status = std::move(status);
                                 sent.done.Add();
                               });
    return call;
  }

  // The reply's bytes to an image that is alone in the server.
  std::string InferAlone(const Image& image) {
    const auto call = Send(image);
    call->done.WaitFor(1);
    EXPECT_TRUE(call->status.ok()) << call->status.error_message();
    return call->status.ok() ? call->logits() : "";
  }

  // A metric of the model: Metric("rectifier_batch_samples_count").
  double Metric(const std::string& name, const std::string& before = "",
                const std::string& after = "") {
    return SampleOf(metrics_.TextExposition(),
                    name + "{" + before + "model=\"" + kModel + "\"," + after + "version=\"1\"}");
  }
  double Executions() { return Metric("rectifier_batch_samples_count"); }
  double ExecutionsOfOneSample() {
    return SampleOf(metrics_.TextExposition(),
                    std::string("rectifier_batch_samples_bucket{model=\"") + kModel +
                        "\",version=\"1\",le=\"1\"}");
  }
  double Dropped(const std::string& reason) {
    return Metric("rectifier_queue_dropped_total", "", "reason=\"" + reason + "\",");
  }

  FakeClock clock_;
  Metrics metrics_{{"test", OneDnnVersion(), OneDnnIsa()}};
  std::shared_ptr<ModelObserver> observer_ = metrics_.ObserverFor(kModel, "1");
  QueueWatcher queue_{*observer_};
  ModelRegistry registry_{&metrics_};
  WorkerPool pool_{1, clock_};
  WorkerStates states_{1};
  LatchCounter draining_;
  std::shared_ptr<CancellationWatcher> served_;
  std::unique_ptr<GrpcServer> server_;
  std::unique_ptr<GRPCInferenceService::Stub> stub_;
};

TEST_F(BatchingTest, ConcurrentRequestsShareBatchesAndGetTheBitsThatTheyGetAlone) {
  constexpr size_t kRequests = 64;
  StartServer();
  const std::vector<Image> images = RandomImages(kRequests);
  std::vector<std::string> alone;
  for (const Image& image : images) alone.push_back(InferAlone(image));
  ASSERT_EQ(Executions(), kRequests);
  ASSERT_EQ(ExecutionsOfOneSample(), kRequests);

  pool_.Pause();
  std::vector<std::unique_ptr<Call>> calls;
  for (const Image& image : images) calls.push_back(Send(image));
  queue_.WaitForQueued(kRequests);
  EXPECT_EQ(Metric("rectifier_queue_tasks"), kRequests);
  EXPECT_EQ(Metric("rectifier_inference_requests_in_flight"), kRequests);
  pool_.Resume();

  for (size_t i = 0; i < kRequests; ++i) {
    calls[i]->done.WaitFor(1);
    ASSERT_TRUE(calls[i]->status.ok()) << calls[i]->status.error_message();
    EXPECT_EQ(calls[i]->logits(), alone[i]) << "request " << i;
  }
  // Batches of 32, the default maximum.
  EXPECT_EQ(Executions(), kRequests + 2);
  EXPECT_EQ(ExecutionsOfOneSample(), kRequests);
  EXPECT_EQ(Metric("rectifier_batch_samples_sum"), 2 * kRequests);
  EXPECT_EQ(Metric("rectifier_queue_tasks"), 0);
  EXPECT_EQ(Metric("rectifier_inference_requests_in_flight"), 0);
}

TEST_F(BatchingTest, OddNumberOfRequestsIsRunInTheSizesThatThereAre) {
  constexpr size_t kRequests = 13;
  StartServer();
  const std::vector<Image> images = RandomImages(kRequests);
  std::vector<std::string> alone;
  for (const Image& image : images) alone.push_back(InferAlone(image));

  pool_.Pause();
  std::vector<std::unique_ptr<Call>> calls;
  for (const Image& image : images) calls.push_back(Send(image));
  queue_.WaitForQueued(kRequests);
  pool_.Resume();

  for (size_t i = 0; i < kRequests; ++i) {
    calls[i]->done.WaitFor(1);
    ASSERT_TRUE(calls[i]->status.ok()) << calls[i]->status.error_message();
    EXPECT_EQ(calls[i]->logits(), alone[i]) << "request " << i;
  }
  EXPECT_EQ(Executions(), kRequests + 3) << "13 is 8 + 4 + 1";
}

TEST_F(BatchingTest, FullQueueRefusesTheRestAndServesWhatItTook) {
  constexpr int64_t kRoom = 4;
  BatchingOptions batching;
  batching.max_queue_tasks = kRoom;
  StartServer(batching);
  const std::vector<Image> images = RandomImages(kRoom + 3);

  pool_.Pause();
  std::vector<std::unique_ptr<Call>> taken;
  for (size_t i = 0; i < kRoom; ++i) taken.push_back(Send(images[i]));
  queue_.WaitForQueued(kRoom);
  for (size_t i = kRoom; i < images.size(); ++i) {
    const auto refused = Send(images[i]);
    refused->done.WaitFor(1);
    EXPECT_EQ(refused->status.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
    EXPECT_THAT(refused->status.error_message(), HasSubstr("queue"));
    EXPECT_EQ(refused->context.GetServerTrailingMetadata().count("grpc-retry-pushback-ms"), 1);
  }
  EXPECT_EQ(Metric("rectifier_queue_tasks"), kRoom);
  pool_.Resume();

  for (const auto& call : taken) {
    call->done.WaitFor(1);
    EXPECT_TRUE(call->status.ok()) << call->status.error_message();
  }
  EXPECT_EQ(Metric("rectifier_batch_samples_sum"), kRoom);
  EXPECT_EQ(Metric("rectifier_inference_requests_total", "code=\"resource_exhausted\","), 3);
}

TEST_F(BatchingTest, RequestThatExpiresWhileItWaitsIsNeverRun) {
  StartServer();
  const std::vector<Image> images = RandomImages(2);
  const std::string alone = InferAlone(images[1]);

  pool_.Pause();
  const auto expiring = Send(images[0], std::chrono::hours(1));
  queue_.WaitForQueued(1);
  const auto patient = Send(images[1]);
  queue_.WaitForQueued(2);
  clock_.Advance(std::chrono::hours(2));
  pool_.Resume();

  expiring->done.WaitFor(1);
  EXPECT_EQ(expiring->status.error_code(), grpc::StatusCode::DEADLINE_EXCEEDED);
  patient->done.WaitFor(1);
  ASSERT_TRUE(patient->status.ok()) << patient->status.error_message();
  EXPECT_EQ(patient->logits(), alone);
  EXPECT_EQ(Metric("rectifier_batch_samples_sum"), 2) << "the patient one, alone and later";
  EXPECT_EQ(Dropped("expired"), 1);
}

TEST_F(BatchingTest, RequestThatIsCancelledWhileItWaitsIsNeverRun) {
  StartServer();
  const std::vector<Image> images = RandomImages(2);

  pool_.Pause();
  const auto cancelled = Send(images[0]);
  queue_.WaitForQueued(1);
  cancelled->context.TryCancel();
  cancelled->done.WaitFor(1);
  EXPECT_EQ(cancelled->status.error_code(), grpc::StatusCode::CANCELLED);
  served_->WaitUntilLastIsCancelled();
  const auto patient = Send(images[1]);
  queue_.WaitForQueued(2);
  pool_.Resume();

  patient->done.WaitFor(1);
  EXPECT_TRUE(patient->status.ok()) << patient->status.error_message();
  EXPECT_EQ(Metric("rectifier_batch_samples_sum"), 1);
  EXPECT_EQ(Dropped("cancelled"), 1);
}

TEST_F(BatchingTest, DrainWaitsForTheRequestsThatAreQueued) {
  constexpr size_t kRequests = 8;
  StartServer();
  const std::vector<Image> images = RandomImages(kRequests);
  pool_.Pause();
  std::vector<std::unique_ptr<Call>> calls;
  for (const Image& image : images) calls.push_back(Send(image));
  queue_.WaitForQueued(kRequests);
  std::thread drain([this] { server_->Drain(); });
  draining_.WaitFor(1);
  pool_.Resume();
  drain.join();
  for (const auto& call : calls) {
    call->done.WaitFor(1);
    EXPECT_TRUE(call->status.ok()) << call->status.error_message();
  }
  EXPECT_EQ(Metric("rectifier_batch_samples_sum"), kRequests);
}

}  // namespace
}  // namespace rectifier
