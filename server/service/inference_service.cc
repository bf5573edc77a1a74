#include "server/service/inference_service.h"

#include <chrono>
#include <utility>
#include <vector>

#include "server/core/status.h"
#include "server/models/config/describe_model.h"
#include "server/service/client_text.h"
#include "server/service/infer_call.h"
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

void Fill(const DurationSum& sum, inference::StatisticDuration& duration) {
  duration.set_count(sum.count);
  duration.set_ns(static_cast<uint64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(sum.total).count()));
}

// `now` is the same moment on the server's clock and on the wall's.
void Fill(const InferenceStatistics& statistics, TimePoint now,
          std::chrono::system_clock::time_point wall_now, inference::ModelStatistics& reply) {
  if (statistics.last_inference != TimePoint{}) {
    const auto last = wall_now.time_since_epoch() - (now - statistics.last_inference);
    reply.set_last_inference(
        static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::milliseconds>(last).count()));
  }
  reply.set_inference_count(statistics.samples);
  reply.set_execution_count(statistics.executions);
  inference::InferStatistics& requests = *reply.mutable_inference_stats();
  Fill(statistics.success, *requests.mutable_success());
  Fill(statistics.fail, *requests.mutable_fail());
  Fill(statistics.queue, *requests.mutable_queue());
  Fill(statistics.input, *requests.mutable_compute_input());
  Fill(statistics.compute, *requests.mutable_compute_infer());
  Fill(statistics.output, *requests.mutable_compute_output());
  for (const auto& [samples, runs] : statistics.runs) {
    inference::InferBatchStatistics& batch = *reply.add_batch_stats();
    batch.set_batch_size(static_cast<uint64_t>(samples));
    Fill(runs.input, *batch.mutable_compute_input());
    Fill(runs.compute, *batch.mutable_compute_infer());
    Fill(runs.output, *batch.mutable_compute_output());
  }
}

}  // namespace

template <typename Request, typename Response, typename Base>
void InferenceService::Add(UnaryRequest<Base> request, const WireMessage& wire) {
  methods_.push_back(AnsweredBy<Request, Response>(
      *this, request, wire,
      [this](const Request& asked, Response& reply) { return Answer(asked, reply); }));
}

InferenceService::InferenceService(const Options& options, const ModelRegistry& registry,
                                   RequestObserver& observer, const Clock& clock)
    : options_(options),
      registry_(registry),
      clock_(clock),
      reply_budget_(options.max_unsent_bytes),
      slice_budget_(options.max_slice_bytes),
      collaborators_{
          registry,      observer,          clock, reply_budget_, options.max_reply_bytes,
          slice_budget_, options.access_log},
      accept_infer_(UnaryMethod(*this, &InferenceService::RequestModelInfer)),
      streams_({[this](auto... arguments) { RequestModelStreamInfer(arguments...); },
                collaborators_, options.max_reply_bytes}) {
  Add<inference::ServerLiveRequest, inference::ServerLiveResponse>(
      &InferenceService::RequestServerLive, kEmptyWire);
  Add<inference::ServerReadyRequest, inference::ServerReadyResponse>(
      &InferenceService::RequestServerReady, kEmptyWire);
  Add<inference::ModelReadyRequest, inference::ModelReadyResponse>(
      &InferenceService::RequestModelReady, kModelNameWire);
  Add<inference::ServerMetadataRequest, inference::ServerMetadataResponse>(
      &InferenceService::RequestServerMetadata, kEmptyWire);
  Add<inference::ModelMetadataRequest, inference::ModelMetadataResponse>(
      &InferenceService::RequestModelMetadata, kModelNameWire);
  Add<inference::ModelConfigRequest, inference::ModelConfigResponse>(
      &InferenceService::RequestModelConfig, kModelNameWire);
  Add<inference::ModelStatisticsRequest, inference::ModelStatisticsResponse>(
      &InferenceService::RequestModelStatistics, kModelNameWire);
  Add<inference::RepositoryIndexRequest, inference::RepositoryIndexResponse>(
      &InferenceService::RequestRepositoryIndex, kRepositoryIndexWire);
}

void InferenceService::TakeCalls(EventLoop& loop) {
  for (const AnsweredMethod& method : methods_) AnswerCalls(loop, method);
  TakeInferCalls(loop, accept_infer_, collaborators_);
  streams_.TakeCalls(loop);
}

absl::Status InferenceService::Answer(const inference::ServerLiveRequest& /*asked*/,
                                      inference::ServerLiveResponse& reply) {
  reply.set_live(true);
  return absl::OkStatus();
}

absl::Status InferenceService::Answer(const inference::ServerReadyRequest& /*asked*/,
                                      inference::ServerReadyResponse& reply) {
  reply.set_ready(ready_);
  return absl::OkStatus();
}

absl::Status InferenceService::Answer(const inference::ModelReadyRequest& asked,
                                      inference::ModelReadyResponse& reply) {
  RECTIFIER_ASSIGN_OR_RETURN(const ModelVersion version,
                             registry_.Lookup(asked.name(), asked.version()));
  reply.set_ready(version.state == ModelState::kReady);
  return absl::OkStatus();
}

absl::Status InferenceService::Answer(const inference::ServerMetadataRequest& /*asked*/,
                                      inference::ServerMetadataResponse& reply) {
  reply.set_name("rectifier");
  reply.set_version(options_.server_version);
  reply.add_extensions("model_configuration");
  reply.add_extensions("schedule_policy");  // the parameters timeout and priority
  reply.add_extensions("statistics");
  return absl::OkStatus();
}

absl::Status InferenceService::Answer(const inference::ModelMetadataRequest& asked,
                                      inference::ModelMetadataResponse& reply) {
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
}

absl::Status InferenceService::Answer(const inference::ModelConfigRequest& asked,
                                      inference::ModelConfigResponse& reply) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::shared_ptr<Servable> servable,
                             registry_.Find(asked.name(), asked.version()));
  *reply.mutable_config() =
      DescribeModel(servable->name(), servable->signature(), servable->batching());
  return absl::OkStatus();
}

absl::Status InferenceService::Answer(const inference::ModelStatisticsRequest& asked,
                                      inference::ModelStatisticsResponse& reply) {
  // A version that was asked for by name is there, or the answer says why not.
  if (!asked.name().empty() || !asked.version().empty()) {
    RECTIFIER_RETURN_IF_ERROR(registry_.Find(asked.name(), asked.version()).status());
  }
  const TimePoint now = clock_.Now();
  const auto wall_now = std::chrono::system_clock::now();
  for (const ModelVersion& version : registry_.List()) {
    if (version.servable == nullptr) continue;
    if (!asked.name().empty() && asked.name() != version.name) continue;
    if (!asked.version().empty() && asked.version() != version.version) continue;
    inference::ModelStatistics& statistics = *reply.add_model_stats();
    statistics.set_name(version.name);
    statistics.set_version(version.version);
    Fill(version.servable->Statistics(), now, wall_now, statistics);
  }
  return absl::OkStatus();
}

absl::Status InferenceService::Answer(const inference::RepositoryIndexRequest& asked,
                                      inference::RepositoryIndexResponse& reply) {
  if (!asked.repository_name().empty()) {
    return InvalidArgument("repository_name",
                           "expected none, as the server has one repository, got {}",
                           ClientText(asked.repository_name()));
  }
  for (const ModelVersion& version : registry_.List()) {
    if (asked.ready() && version.state != ModelState::kReady) continue;
    inference::RepositoryIndexResponse::ModelIndex& index = *reply.add_models();
    index.set_name(version.name);
    index.set_version(version.version);
    index.set_state(std::string(Name(version.state)));
    if (version.state != ModelState::kUnavailable) continue;
    index.set_reason(std::string(Message(ModelRegistry::ServableOf(version).status())));
  }
  return absl::OkStatus();
}

}  // namespace rectifier
