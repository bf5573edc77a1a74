#include "tests/unit/client/fake_inference_server.h"

#include <grpcpp/ext/health_check_service_server_builder_option.h>
#include <grpcpp/health_check_service_interface.h>

#include <chrono>
#include <cstring>
#include <vector>

namespace rectifier::client::testing {

using grpc::ServerContext;
using grpc::Status;
using grpc::StatusCode;

class FakeInferenceServer::Service final : public inference::GRPCInferenceService::Service {
 public:
  explicit Service(FakeInferenceServer& server) : server_(server) {}

  Status ServerReady(ServerContext*, const inference::ServerReadyRequest*,
                     inference::ServerReadyResponse* response) override {
    response->set_ready(server_.not_ready_-- <= 0);
    return Status::OK;
  }

  Status ModelReady(ServerContext*, const inference::ModelReadyRequest* request,
                    inference::ModelReadyResponse* response) override {
    if (Status status = CheckName(request->name()); !status.ok()) return status;
    response->set_ready(server_.not_ready_-- <= 0);
    return Status::OK;
  }

  Status ServerMetadata(ServerContext*, const inference::ServerMetadataRequest*,
                        inference::ServerMetadataResponse* response) override {
    response->set_name("fake");
    response->set_version("1.2");
    response->add_extensions("statistics");
    return Status::OK;
  }

  Status ModelMetadata(ServerContext*, const inference::ModelMetadataRequest* request,
                       inference::ModelMetadataResponse* response) override {
    if (Status status = CheckName(request->name()); !status.ok()) return status;
    response->set_name("brightest");
    response->add_versions("3");
    response->set_platform("onnx");
    auto* input = response->add_inputs();
    input->set_name("image");
    input->set_datatype("FP32");
    for (const int64_t dim : {-1, 1, 2, 2}) input->add_shape(dim);
    auto* output = response->add_outputs();
    output->set_name("logits");
    output->set_datatype("FP32");
    for (const int64_t dim : {-1, 4}) output->add_shape(dim);
    (*response->mutable_properties())["origin"] = "test";
    return Status::OK;
  }

  Status ModelInfer(ServerContext* context, const inference::ModelInferRequest* request,
                    inference::ModelInferResponse* response) override {
    ++server_.infer_calls_;
    if (Status status = server_.Call(server_.before_infer_, *context, *request, *response);
        !status.ok()) {
      return status;
    }
    if (Status status = CheckName(request->model_name()); !status.ok()) return status;
    if (request->inputs_size() != 1 || request->raw_input_contents_size() != 1 ||
        request->inputs(0).contents().fp32_contents_size() != 0) {
      return {StatusCode::INVALID_ARGUMENT, "expected one raw input"};
    }
    const auto& input = request->inputs(0);
    const std::string& raw = request->raw_input_contents(0);
    if (input.name() != "image" || input.datatype() != "FP32" || input.shape_size() != 4 ||
        input.shape(1) != 1 || input.shape(2) != 2 || input.shape(3) != 2) {
      return {StatusCode::INVALID_ARGUMENT, "image: expected FP32 [-1,1,2,2]"};
    }
    std::vector<float> values(raw.size() / sizeof(float));
    std::memcpy(values.data(), raw.data(), raw.size());
    for (float& value : values) value *= 10;

    response->set_model_name(request->model_name());
    response->set_model_version("3");
    response->set_id(request->id());
    auto* output = response->add_outputs();
    output->set_name("logits");
    output->set_datatype("FP32");
    output->add_shape(input.shape(0));
    output->add_shape(4);
    response->add_raw_output_contents(values.data(), values.size() * sizeof(float));
    return server_.Call(server_.after_infer_, *context, *request, *response);
  }

 private:
  static Status CheckName(const std::string& name) {
    if (name == "brightest") return Status::OK;
    return {StatusCode::NOT_FOUND, "model '" + name + "': unknown"};
  }

  FakeInferenceServer& server_;
};

Status FakeInferenceServer::Call(const Hook& hook, ServerContext& context,
                                 const inference::ModelInferRequest& request,
                                 inference::ModelInferResponse& response) {
  Hook current;
  {
    const std::lock_guard lock(mutex_);
    current = hook;
  }
  return current ? current(context, request, response) : Status::OK;
}

FakeInferenceServer::FakeInferenceServer(std::shared_ptr<grpc::ServerCredentials> credentials) {
  grpc::EnableDefaultHealthCheckService(true);
  service_ = std::make_unique<Service>(*this);
  grpc::ServerBuilder builder;
  builder.SetMaxReceiveMessageSize(16 << 20);
  builder.AddListeningPort("127.0.0.1:0", std::move(credentials), &port_);
  builder.RegisterService(service_.get());
  server_ = builder.BuildAndStart();
}

FakeInferenceServer::~FakeInferenceServer() { server_->Shutdown(std::chrono::system_clock::now()); }

void FakeInferenceServer::set_serving(bool serving) {
  server_->GetHealthCheckService()->SetServingStatus(serving);
}

}  // namespace rectifier::client::testing
