#include "server/service/inference_service.h"

#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/service/infer_call.h"
#include "server/service/unary.h"
#include "server/service/wire_messages.h"

namespace rectifier {
namespace {

using TensorMetadata = inference::ModelMetadataResponse::TensorMetadata;

void Describe(const TensorSpec& spec, TensorMetadata& metadata) {
  metadata.set_name(spec.name);
  metadata.set_datatype(std::string(ProtocolName(spec.type.dtype)));
  static_assert(kDynamicDim == -1, "the protocol's own mark");
  for (const int64_t dim : spec.type.shape.dims()) metadata.add_shape(dim);
}

}  // namespace

InferenceService::InferenceService(const Options& options, const ModelRegistry& registry,
                                   RequestObserver& observer, const Clock& clock)
    : options_(options), registry_(registry), observer_(observer), clock_(clock) {}

grpc::ServerUnaryReactor* InferenceService::ServerLive(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return AnswerUnary<inference::ServerLiveRequest, inference::ServerLiveResponse>(
      *context, kEmptyWire, *request, *response, [](const auto&, auto& reply) {
        reply.set_live(true);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* InferenceService::ServerReady(grpc::CallbackServerContext* context,
                                                        const grpc::ByteBuffer* request,
                                                        grpc::ByteBuffer* response) {
  return AnswerUnary<inference::ServerReadyRequest, inference::ServerReadyResponse>(
      *context, kEmptyWire, *request, *response, [this](const auto&, auto& reply) {
        reply.set_ready(ready_);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* InferenceService::ModelReady(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  return AnswerUnary<inference::ModelReadyRequest, inference::ModelReadyResponse>(
      *context, kModelNameWire, *request, *response,
      [this](const auto& asked, auto& reply) -> absl::Status {
        RECTIFIER_ASSIGN_OR_RETURN(const ModelVersion version,
                                   registry_.Lookup(asked.name(), asked.version()));
        reply.set_ready(version.state == ModelState::kReady);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* InferenceService::ServerMetadata(grpc::CallbackServerContext* context,
                                                           const grpc::ByteBuffer* request,
                                                           grpc::ByteBuffer* response) {
  return AnswerUnary<inference::ServerMetadataRequest, inference::ServerMetadataResponse>(
      *context, kEmptyWire, *request, *response, [this](const auto&, auto& reply) {
        reply.set_name("rectifier");
        reply.set_version(options_.server_version);
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* InferenceService::ModelMetadata(grpc::CallbackServerContext* context,
                                                          const grpc::ByteBuffer* request,
                                                          grpc::ByteBuffer* response) {
  return AnswerUnary<inference::ModelMetadataRequest, inference::ModelMetadataResponse>(
      *context, kModelNameWire, *request, *response,
      [this](const auto& asked, auto& reply) -> absl::Status {
        RECTIFIER_ASSIGN_OR_RETURN(const std::shared_ptr<Servable> servable,
                                   registry_.Find(asked.name(), asked.version()));
        reply.set_name(servable->name());
        for (const ModelVersion& version : registry_.List()) {
          if (version.name == servable->name() && version.state == ModelState::kReady) {
            reply.add_versions(version.version);
          }
        }
        const ModelSignature& signature = servable->signature();
        reply.set_platform(signature.platform);
        for (const TensorSpec& input : signature.inputs) Describe(input, *reply.add_inputs());
        for (const TensorSpec& output : signature.outputs) Describe(output, *reply.add_outputs());
        return absl::OkStatus();
      });
}

grpc::ServerUnaryReactor* InferenceService::ModelInfer(grpc::CallbackServerContext* context,
                                                       const grpc::ByteBuffer* request,
                                                       grpc::ByteBuffer* response) {
  auto* call =
      new InferCall({registry_, observer_, clock_, options_.max_reply_bytes}, *context, *response);
  call->Start(*request);
  return call;
}

}  // namespace rectifier
