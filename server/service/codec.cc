#include "server/service/codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/wire_format_lite.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>

#include "server/core/status.h"
#include "server/service/client_text.h"
#include "server/service/tensor_contents.h"

namespace rectifier {
namespace {

using inference::ModelInferRequest;
using Input = ModelInferRequest::InferInputTensor;
using Parameters = google::protobuf::Map<std::string, inference::InferParameter>;

std::string InputPlace(std::string_view name) { return "input " + ClientText(name); }
std::string OutputPlace(std::string_view name) { return "output " + ClientText(name); }

std::optional<size_t> FindSpec(const std::vector<TensorSpec>& specs, std::string_view name) {
  const auto spec =
      std::find_if(specs.begin(), specs.end(), [&](const TensorSpec& s) { return s.name == name; });
  if (spec == specs.end()) return std::nullopt;
  return static_cast<size_t>(spec - specs.begin());
}

// "'a', 'b'"
std::string Names(const std::vector<TensorSpec>& specs) {
  std::string names;
  for (const TensorSpec& spec : specs) {
    if (!names.empty()) names += ", ";
    names += ClientText(spec.name);
  }
  return names;
}

// Parameters that would make the tensor's bytes something else than what the server reads or
// writes; an answer that passed over them would be wrong.
absl::Status CheckParameters(const std::string& place, const Parameters& parameters) {
  for (const char* name : {"shared_memory_region", "classification"}) {
    if (parameters.contains(name)) {
      return InvalidArgument(place, "parameter '{}' is not supported", name);
    }
  }
  return absl::OkStatus();
}

// Raw and typed contents are never mixed.
absl::Status CheckForm(const ModelInferRequest& request, bool raw) {
  if (!raw) return absl::OkStatus();
  for (const Input& input : request.inputs()) {
    if (input.has_contents()) {
      return InvalidArgument(InputPlace(input.name()),
                             "contents and raw_input_contents cannot be used together");
    }
  }
  if (request.raw_input_contents_size() != request.inputs_size()) {
    return InvalidArgument("raw_input_contents", "expected {} entries, one an input, got {}",
                           request.inputs_size(), request.raw_input_contents_size());
  }
  return absl::OkStatus();
}

// Of each input of the signature: its index in the request.
absl::StatusOr<std::vector<int>> MatchInputs(const ModelInferRequest& request,
                                             const ModelSignature& signature) {
  constexpr int kMissing = -1;
  std::vector<int> indices(signature.inputs.size(), kMissing);
  for (int i = 0; i < request.inputs_size(); ++i) {
    const Input& input = request.inputs(i);
    const std::optional<size_t> spec = FindSpec(signature.inputs, input.name());
    if (!spec) {
      return InvalidArgument(InputPlace(input.name()), "unknown; the model's inputs are {}",
                             Names(signature.inputs));
    }
    if (indices[*spec] != kMissing) return InvalidArgument(InputPlace(input.name()), "given twice");
    RECTIFIER_RETURN_IF_ERROR(CheckParameters(InputPlace(input.name()), input.parameters()));
    indices[*spec] = i;
  }
  const auto missing = std::find(indices.begin(), indices.end(), kMissing);
  if (missing != indices.end()) {
    const TensorSpec& spec = signature.inputs[static_cast<size_t>(missing - indices.begin())];
    return InvalidArgument(InputPlace(spec.name), "missing");
  }
  return indices;
}

absl::StatusOr<TensorType> CheckType(const std::string& place, const Input& input,
                                     const TensorSpec& spec) {
  if (input.datatype() != ProtocolName(spec.type.dtype)) {
    return InvalidArgument(place, "expected datatype {}, got {}", ProtocolName(spec.type.dtype),
                           ClientText(input.datatype()));
  }
  if (input.shape_size() != spec.type.shape.rank()) {
    return InvalidArgument(place, "expected shape {}, of {} dimensions, got {} dimensions",
                           spec.type.shape.ToString(), spec.type.shape.rank(), input.shape_size());
  }
  TensorType type{spec.type.dtype, {}};
  for (const int64_t dim : input.shape()) {
    if (dim < 0) return InvalidArgument(place, "dimension {} is {}", type.shape.rank(), dim);
    type.shape.push_back(dim);
  }
  const absl::StatusOr<int64_t> bytes = CheckedByteSize(type);
  if (!bytes.ok()) return At(place, bytes.status());
  if (!Matches(type.shape, spec.type.shape)) {
    return InvalidArgument(place, "expected shape {}, got {}", spec.type.shape.ToString(),
                           type.shape.ToString());
  }
  return type;
}

// `bytes` as a tensor of `type`. They are copied into `copies` when they are not aligned to the
// elements' size.
absl::StatusOr<TensorView> RawTensor(const std::string& place, const TensorType& type,
                                     const std::string& bytes, std::vector<Tensor>& copies) {
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t expected, CheckedByteSize(type));
  if (static_cast<int64_t>(bytes.size()) != expected) {
    return InvalidArgument(place, "expected {} bytes for {} {}, got {}", expected,
                           ProtocolName(type.dtype), type.shape.ToString(), bytes.size());
  }
  if (type.dtype == DType::kBool &&
      std::any_of(bytes.begin(), bytes.end(), [](char c) { return c != 0 && c != 1; })) {
    return InvalidArgument(place, "expected bytes 0 and 1 for BOOL");
  }
  const std::span<const std::byte> view = std::as_bytes(std::span(bytes));
  const auto alignment = static_cast<uintptr_t>(ElementSize(type.dtype));
  if (reinterpret_cast<uintptr_t>(view.data()) % alignment == 0) return TensorView{type, view};
  RECTIFIER_ASSIGN_OR_RETURN(Tensor copy, Tensor::Allocate(type));
  std::memcpy(copy.bytes().data(), view.data(), view.size());
  copies.push_back(std::move(copy));
  return copies.back().view();
}

absl::StatusOr<TensorView> TypedTensor(const std::string& place, const TensorType& type,
                                       const inference::InferTensorContents& contents,
                                       std::vector<Tensor>& converted) {
  const ContentsRow& row = ContentsOf(type.dtype);
  if (row.count == nullptr) {
    return InvalidArgument(place, "{} travels in raw_input_contents only",
                           ProtocolName(type.dtype));
  }
  const std::string_view other = OtherField(contents, row.field);
  if (!other.empty()) {
    return InvalidArgument(place, "expected elements in {}, got {}", row.field, other);
  }
  if (row.count(contents) != type.shape.ElementCount()) {
    return InvalidArgument(place, "expected {} elements in {} for shape {}, got {}",
                           type.shape.ElementCount(), row.field, type.shape.ToString(),
                           row.count(contents));
  }
  RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(type));
  RECTIFIER_RETURN_IF_ERROR(At(place, row.decode(contents, tensor.bytes())));
  converted.push_back(std::move(tensor));
  return converted.back().view();
}

// Samples of the request: dimension 0 of every input of a batched model.
absl::StatusOr<int64_t> CheckSamples(const std::vector<TensorView>& inputs,
                                     const ModelSignature& signature) {
  if (signature.max_batch == 0 || inputs.empty()) return 1;
  const int64_t samples = inputs.front().type.shape[0];
  for (size_t i = 0; i < inputs.size(); ++i) {
    const int64_t here = inputs[i].type.shape[0];
    if (here != samples) {
      return InvalidArgument(InputPlace(signature.inputs[i].name),
                             "expected {} samples, as {} has, got {}", samples,
                             InputPlace(signature.inputs.front().name), here);
    }
  }
  const int64_t most = signature.max_samples > 0 ? signature.max_samples : signature.max_batch;
  if (samples < 1 || samples > most) {
    return InvalidArgument(InputPlace(signature.inputs.front().name),
                           "expected a batch of 1 to {} samples, got {}", most, samples);
  }
  return samples;
}

absl::StatusOr<std::vector<size_t>> MatchOutputs(const ModelInferRequest& request,
                                                 const ModelSignature& signature) {
  std::vector<size_t> indices;
  for (const auto& output : request.outputs()) {
    const std::optional<size_t> spec = FindSpec(signature.outputs, output.name());
    if (!spec) {
      return InvalidArgument(OutputPlace(output.name()), "unknown; the model's outputs are {}",
                             Names(signature.outputs));
    }
    if (std::find(indices.begin(), indices.end(), *spec) != indices.end()) {
      return InvalidArgument(OutputPlace(output.name()), "requested twice");
    }
    RECTIFIER_RETURN_IF_ERROR(CheckParameters(OutputPlace(output.name()), output.parameters()));
    indices.push_back(*spec);
  }
  if (indices.empty()) {
    for (size_t i = 0; i < signature.outputs.size(); ++i) indices.push_back(i);
  }
  return indices;
}

// A slice over the bytes of `holder`, which lives until gRPC has sent them.
template <typename Holder>
grpc::Slice SliceOf(std::unique_ptr<Holder> holder, void* data, size_t size) {
  return grpc::Slice(
      data, size, [](void* held) { delete static_cast<Holder*>(held); }, holder.release());
}

struct HeldTensor {
  Tensor tensor;
  std::shared_ptr<ByteBudget::Share> reserved;
};

struct HeldText {
  std::string text;
  std::shared_ptr<ByteBudget::Share> reserved;
};

}  // namespace

std::string LengthPrefix(int field, uint64_t length) {
  using google::protobuf::internal::WireFormatLite;
  using google::protobuf::io::CodedOutputStream;
  std::array<uint8_t, 16> bytes{};  // a tag has at most 5, a length 10
  uint8_t* end = CodedOutputStream::WriteTagToArray(
      WireFormatLite::MakeTag(field, WireFormatLite::WIRETYPE_LENGTH_DELIMITED), bytes.data());
  end = CodedOutputStream::WriteVarint64ToArray(length, end);
  return {bytes.data(), end};
}

absl::StatusOr<DecodedRequest> DecodeRequest(const ModelInferRequest& request,
                                             const ModelSignature& signature) {
  DecodedRequest decoded;
  decoded.raw = request.raw_input_contents_size() > 0;
  RECTIFIER_RETURN_IF_ERROR(CheckForm(request, decoded.raw));
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<int> indices, MatchInputs(request, signature));
  for (size_t i = 0; i < indices.size(); ++i) {
    const Input& input = request.inputs(indices[i]);
    const std::string place = InputPlace(input.name());
    RECTIFIER_ASSIGN_OR_RETURN(const TensorType type, CheckType(place, input, signature.inputs[i]));
    absl::StatusOr<TensorView> tensor =
        decoded.raw
            ? RawTensor(place, type, request.raw_input_contents(indices[i]), decoded.converted)
            : TypedTensor(place, type, input.contents(), decoded.converted);
    if (!tensor.ok()) return tensor.status();
    decoded.inputs.push_back(*std::move(tensor));
  }
  RECTIFIER_ASSIGN_OR_RETURN(decoded.samples, CheckSamples(decoded.inputs, signature));
  RECTIFIER_ASSIGN_OR_RETURN(decoded.outputs, MatchOutputs(request, signature));
  return decoded;
}

absl::StatusOr<Reply> Reply::Allocate(const ModelSignature& signature,
                                      const DecodedRequest& request,
                                      const std::vector<TensorType>& types, int64_t max_bytes) {
  RECTIFIER_CHECK(types.size() == signature.outputs.size());
  int64_t total = 0;
  for (const size_t i : request.outputs) {
    const absl::StatusOr<int64_t> bytes = CheckedByteSize(types[i]);
    if (!bytes.ok() || __builtin_add_overflow(total, *bytes, &total) || total > max_bytes) {
      return ResourceExhausted(OutputPlace(signature.outputs[i].name),
                               "the outputs would have more than {} bytes", max_bytes);
    }
  }
  Reply reply(signature, request, types, max_bytes);
  for (const size_t i : request.outputs) {
    absl::StatusOr<Tensor> tensor = Tensor::Allocate(types[i]);
    if (!tensor.ok()) return Internal("output", "{}", Message(tensor.status()));
    reply.tensors_[i] = *std::move(tensor);
  }
  return reply;
}

std::vector<MutableTensorView> Reply::outputs() {
  std::vector<MutableTensorView> views;
  for (size_t i = 0; i < types_.size(); ++i) views.push_back({types_[i], tensors_[i].bytes()});
  return views;
}

absl::StatusOr<grpc::ByteBuffer> Reply::Encode(inference::ModelInferResponse header,
                                               ByteBudget::Share reserved) && {
  for (const size_t i : wanted_) {
    auto* output = header.add_outputs();
    output->set_name(signature_->outputs[i].name);
    output->set_datatype(std::string(ProtocolName(tensors_[i].dtype())));
    for (const int64_t dim : tensors_[i].shape().dims()) output->add_shape(dim);
    if (!raw_)
      ContentsOf(tensors_[i].dtype()).encode(tensors_[i].bytes(), *output->mutable_contents());
  }
  const auto refused = [&] {
    return ResourceExhausted("outputs", "the reply would have more than {} bytes", max_bytes_);
  };
  if (header.ByteSizeLong() > static_cast<size_t>(max_bytes_)) return refused();
  const auto share = std::make_shared<ByteBudget::Share>(std::move(reserved));
  auto text = std::make_unique<HeldText>();
  if (!header.SerializeToString(&text->text)) return refused();
  std::vector<grpc::Slice> slices;
  if (!raw_) {
    share->Resize(static_cast<int64_t>(text->text.size()));
    text->reserved = share;
    std::string& held = text->text;
    slices.push_back(SliceOf(std::move(text), held.data(), held.size()));
  } else {
    // What stands between two tensors is short, and copied.
    std::string between = std::move(text->text);
    for (const size_t i : wanted_) {
      auto tensor = std::make_unique<HeldTensor>(HeldTensor{std::move(tensors_[i]), share});
      const std::span<std::byte> bytes = tensor->tensor.bytes();
      between +=
          LengthPrefix(inference::ModelInferResponse::kRawOutputContentsFieldNumber, bytes.size());
      slices.emplace_back(between);
      between.clear();
      slices.push_back(SliceOf(std::move(tensor), bytes.data(), bytes.size()));
    }
    if (!between.empty()) slices.emplace_back(between);
  }
  grpc::ByteBuffer message(slices.data(), slices.size());
  if (message.Length() > static_cast<size_t>(max_bytes_)) return refused();
  return message;
}

}  // namespace rectifier
