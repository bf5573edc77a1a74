#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "proto/inference.grpc.pb.h"
#include "server/core/clock.h"
#include "server/models/registry.h"
#include "server/service/byte_budget.h"
#include "server/service/event_loop.h"
#include "server/service/infer_stream.h"
#include "server/service/inference.h"
#include "server/service/request_observer.h"
#include "server/service/service_load.h"
#include "server/service/unary_call.h"
#include "server/service/wire_scan.h"

namespace rectifier {

namespace internal {

// The service's methods as raw bytes, for calls that are taken from a completion queue.
using inference::GRPCInferenceService;
using RawInferenceService = GRPCInferenceService::WithRawMethod_ServerLive<
    GRPCInferenceService::WithRawMethod_ServerReady<GRPCInferenceService::WithRawMethod_ModelReady<
        GRPCInferenceService::WithRawMethod_ServerMetadata<
            GRPCInferenceService::WithRawMethod_ModelMetadata<
                GRPCInferenceService::WithRawMethod_ModelConfig<
                    GRPCInferenceService::WithRawMethod_ModelStatistics<
                        GRPCInferenceService::WithRawMethod_RepositoryIndex<
                            GRPCInferenceService::WithRawMethod_ModelInfer<
                                GRPCInferenceService::WithRawMethod_ModelStreamInfer<
                                    GRPCInferenceService::Service>>>>>>>>>>;

}  // namespace internal

// The Open Inference Protocol on top of a registry.
//
// Threading: safe from any thread; calls are taken on the loop's.
// Lifetime: outlives the grpc::Server that it is registered with and the loop, and so do the
// collaborators.
class InferenceService final : public internal::RawInferenceService {
 public:
  struct Options {
    std::string server_version;
    int64_t max_reply_bytes = int64_t{64} << 20;    // of one reply
    int64_t max_unsent_bytes = int64_t{256} << 20;  // of all that are not sent yet
    // What requests that wait may keep of the memory that gRPC receives into; more is copied.
    int64_t max_slice_bytes = int64_t{256} << 20;
    AccessLog* access_log = nullptr;  // null: none
  };

  InferenceService(const Options& options, const ModelRegistry& registry, RequestObserver& observer,
                   const Clock& clock);

  // Takes calls from now on, until the server stops.
  void TakeCalls(EventLoop& loop);

  // What ServerReady answers; false at first.
  void SetReady(bool ready) { ready_ = ready; }

  // Streams of requests would otherwise last until their clients end them.
  void EndStreams() { streams_.EndAll(); }

  ServiceLoad Load() const {
    return {.unsent_reply_bytes = reply_budget_.used(),
            .max_unsent_reply_bytes = reply_budget_.bytes(),
            .replies_refused = reply_budget_.refused(),
            .open_streams = streams_.open()};
  }

 private:
  // A method that is answered at once, by the Answer() below.
  template <typename Request, typename Response, typename Base>
  void Add(UnaryRequest<Base> request, const WireMessage& wire);

  absl::Status Answer(const inference::ServerLiveRequest& asked,
                      inference::ServerLiveResponse& reply);
  absl::Status Answer(const inference::ServerReadyRequest& asked,
                      inference::ServerReadyResponse& reply);
  absl::Status Answer(const inference::ModelReadyRequest& asked,
                      inference::ModelReadyResponse& reply);
  absl::Status Answer(const inference::ServerMetadataRequest& asked,
                      inference::ServerMetadataResponse& reply);
  absl::Status Answer(const inference::ModelMetadataRequest& asked,
                      inference::ModelMetadataResponse& reply);
  absl::Status Answer(const inference::ModelConfigRequest& asked,
                      inference::ModelConfigResponse& reply);
  absl::Status Answer(const inference::ModelStatisticsRequest& asked,
                      inference::ModelStatisticsResponse& reply);
  absl::Status Answer(const inference::RepositoryIndexRequest& asked,
                      inference::RepositoryIndexResponse& reply);

  const Options options_;
  const ModelRegistry& registry_;
  const Clock& clock_;
  ByteBudget reply_budget_;
  ByteBudget slice_budget_;
  const Inference::Collaborators collaborators_;
  const AcceptUnary accept_infer_;
  InferStreams streams_;
  std::vector<AnsweredMethod> methods_;
  std::atomic<bool> ready_ = false;
};

}  // namespace rectifier
