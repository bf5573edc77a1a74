#include "client/cpp/src/codec.h"

#include <fmt/format.h>

#include <utility>

namespace rectifier::client {
namespace {

template <typename Tensors>
std::vector<TensorMetadata> DecodeTensors(const Tensors& tensors) {
  std::vector<TensorMetadata> result;
  for (const auto& tensor : tensors) {
    result.push_back(
        {tensor.name(), tensor.datatype(), {tensor.shape().begin(), tensor.shape().end()}});
  }
  return result;
}

}  // namespace

absl::StatusOr<inference::ModelInferRequest> Encode(InferRequest request) {
  inference::ModelInferRequest message;
  message.set_model_name(std::move(request.model_name));
  message.set_model_version(std::move(request.model_version));
  message.set_id(std::move(request.id));
  for (Tensor& tensor : request.inputs) {
    const absl::Status status = tensor.Check();
    if (!status.ok()) return status;
    auto* input = message.add_inputs();
    input->set_name(std::move(tensor.name));
    input->set_datatype(std::move(tensor.datatype));
    input->mutable_shape()->Assign(tensor.shape.begin(), tensor.shape.end());
    message.add_raw_input_contents(std::move(tensor.bytes));
  }
  for (std::string& output : request.outputs) message.add_outputs()->set_name(std::move(output));
  return message;
}

absl::StatusOr<InferResponse> Decode(inference::ModelInferResponse response) {
  if (response.raw_output_contents_size() != response.outputs_size()) {
    return absl::InternalError(fmt::format("the server sent {} outputs with {} raw contents",
                                           response.outputs_size(),
                                           response.raw_output_contents_size()));
  }
  InferResponse result{std::move(*response.mutable_model_name()),
                       std::move(*response.mutable_model_version()),
                       std::move(*response.mutable_id()),
                       {}};
  for (int i = 0; i < response.outputs_size(); ++i) {
    auto& output = *response.mutable_outputs(i);
    Tensor tensor{std::move(*output.mutable_name()),
                  std::move(*output.mutable_datatype()),
                  {output.shape().begin(), output.shape().end()},
                  std::move(*response.mutable_raw_output_contents(i))};
    const absl::Status status = tensor.Check();
    if (!status.ok()) {
      return absl::InternalError(
          fmt::format("the server's answer: {}", std::string(status.message())));
    }
    result.outputs.push_back(std::move(tensor));
  }
  return result;
}

ServerMetadata Decode(const inference::ServerMetadataResponse& response) {
  return {response.name(),
          response.version(),
          {response.extensions().begin(), response.extensions().end()}};
}

ModelMetadata Decode(const inference::ModelMetadataResponse& response) {
  return {response.name(),
          {response.versions().begin(), response.versions().end()},
          response.platform(),
          DecodeTensors(response.inputs()),
          DecodeTensors(response.outputs()),
          {response.properties().begin(), response.properties().end()}};
}

}  // namespace rectifier::client
