#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "proto/inference.grpc.pb.h"
#include "server/core/clock.h"
#include "server/models/registry.h"
#include "server/service/byte_budget.h"
#include "server/service/infer_stream.h"
#include "server/service/inference.h"
#include "server/service/request_observer.h"
#include "server/service/service_load.h"

namespace rectifier {

namespace internal {

// The service's methods as raw bytes, through gRPC's callback API.
using inference::GRPCInferenceService;
using RawInferenceService = GRPCInferenceService::WithRawCallbackMethod_ServerLive<
    GRPCInferenceService::WithRawCallbackMethod_ServerReady<
        GRPCInferenceService::WithRawCallbackMethod_ModelReady<
            GRPCInferenceService::WithRawCallbackMethod_ServerMetadata<
                GRPCInferenceService::WithRawCallbackMethod_ModelMetadata<
                    GRPCInferenceService::WithRawCallbackMethod_ModelConfig<
                        GRPCInferenceService::WithRawCallbackMethod_ModelStatistics<
                            GRPCInferenceService::WithRawCallbackMethod_RepositoryIndex<
                                GRPCInferenceService::WithRawCallbackMethod_ModelInfer<
                                    GRPCInferenceService::WithRawCallbackMethod_ModelStreamInfer<
                                        GRPCInferenceService::Service>>>>>>>>>>;

}  // namespace internal

// The Open Inference Protocol on top of a registry.
//
// Threading: gRPC calls the methods from its own threads, several at a time; none of them blocks.
// Lifetime: outlives the grpc::Server that it is registered with, and so do the collaborators.
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

  grpc::ServerUnaryReactor* ServerLive(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ServerReady(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ModelReady(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ServerMetadata(grpc::CallbackServerContext* context,
                                           const grpc::ByteBuffer* request,
                                           grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ModelMetadata(grpc::CallbackServerContext* context,
                                          const grpc::ByteBuffer* request,
                                          grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ModelConfig(grpc::CallbackServerContext* context,
                                        const grpc::ByteBuffer* request,
                                        grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ModelStatistics(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* RepositoryIndex(grpc::CallbackServerContext* context,
                                            const grpc::ByteBuffer* request,
                                            grpc::ByteBuffer* response) override;
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* request,
                                       grpc::ByteBuffer* response) override;
  grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ModelStreamInfer(
      grpc::CallbackServerContext* context) override;

 private:
  Inference::Collaborators Collaborators();

  const Options options_;
  const ModelRegistry& registry_;
  RequestObserver& observer_;
  const Clock& clock_;
  ByteBudget reply_budget_;
  ByteBudget slice_budget_;
  InferStreams streams_;
  std::atomic<bool> ready_ = false;
};

}  // namespace rectifier
