#include "server/service/codec.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "server/core/status.h"
#include "server/service/client_text.h"
#include "server/service/tensor_contents.h"
#include "server/service/wire_encoding.h"

namespace rectifier {
namespace {

using inference::ModelInferRequest;
using Input = ModelInferRequest::InferInputTensor;
using Parameters = google::protobuf::Map<std::string, inference::InferParameter>;

std::string InputPlace(std::string_view name) { return "input " + ClientText(name); }
std::string OutputPlace(std::string_view name) { return "output " + ClientText(name); }

// The tensor's name is put before it by those who know it: no text is made for what is right.
template <typename... Args>
absl::Status Refused(fmt::format_string<Args...> format, Args&&... args) {
  return absl::InvalidArgumentError(fmt::format(format, std::forward<Args>(args)...));
}

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
absl::Status CheckParameters(const Parameters& parameters) {
  if (parameters.empty()) return absl::OkStatus();
  for (const char* name : {"shared_memory_region", "classification"}) {
    if (parameters.contains(name)) {
      return Refused("parameter '{}' is not supported", name);
    }
  }
  return absl::OkStatus();
}

// Raw and typed contents are never mixed.
absl::Status CheckForm(const ParsedRequest& request, bool raw) {
  if (!raw) return absl::OkStatus();
  const auto& inputs = request.header().inputs();
  for (int i = 0; i < inputs.size(); ++i) {
    if (request.contents(i)) {
      return InvalidArgument(InputPlace(inputs[i].name()),
                             "contents and raw_input_contents cannot be used together");
    }
  }
  const size_t entries = request.raw_input_contents().size();
  if (entries != static_cast<size_t>(inputs.size())) {
    return InvalidArgument("raw_input_contents", "expected {} entries, one an input, got {}",
                           inputs.size(), entries);
  }
  return absl::OkStatus();
}

// Of each input of the signature: its index in the request.
using InputIndices = absl::InlinedVector<int, 4>;

absl::StatusOr<InputIndices> MatchInputs(const ModelInferRequest& request,
                                         const ModelSignature& signature) {
  constexpr int kMissing = -1;
  InputIndices indices(signature.inputs.size(), kMissing);
  for (int i = 0; i < request.inputs_size(); ++i) {
    const Input& input = request.inputs(i);
    const std::optional<size_t> spec = FindSpec(signature.inputs, input.name());
    if (!spec) {
      return InvalidArgument(InputPlace(input.name()), "unknown; the model's inputs are {}",
                             Names(signature.inputs));
    }
    if (indices[*spec] != kMissing) return InvalidArgument(InputPlace(input.name()), "given twice");
    if (absl::Status status = CheckParameters(input.parameters()); !status.ok()) {
      return At(InputPlace(input.name()), status);
    }
    indices[*spec] = i;
  }
  const auto missing = std::find(indices.begin(), indices.end(), kMissing);
  if (missing != indices.end()) {
    const TensorSpec& spec = signature.inputs[static_cast<size_t>(missing - indices.begin())];
    return InvalidArgument(InputPlace(spec.name), "missing");
  }
  return indices;
}

absl::StatusOr<TensorType> CheckType(const Input& input, const TensorSpec& spec) {
  if (input.datatype() != ProtocolName(spec.type.dtype)) {
    return Refused("expected datatype {}, got {}", ProtocolName(spec.type.dtype),
                   ClientText(input.datatype()));
  }
  if (input.shape_size() != spec.type.shape.rank()) {
    return Refused("expected shape {}, of {} dimensions, got {} dimensions",
                   spec.type.shape.ToString(), spec.type.shape.rank(), input.shape_size());
  }
  TensorType type{spec.type.dtype, {}};
  for (const int64_t dim : input.shape()) {
    if (dim < 0) return Refused("dimension {} is {}", type.shape.rank(), dim);
    type.shape.push_back(dim);
  }
  const absl::StatusOr<int64_t> bytes = CheckedByteSize(type);
  if (!bytes.ok()) return bytes.status();
  if (!Matches(type.shape, spec.type.shape)) {
    return Refused("expected shape {}, got {}", spec.type.shape.ToString(), type.shape.ToString());
  }
  return type;
}

bool AreBooleans(const ScatteredBytes& bytes) {
  return std::all_of(bytes.pieces().begin(), bytes.pieces().end(), [](ScatteredBytes::Piece piece) {
    return std::all_of(piece.begin(), piece.end(), [](std::byte b) { return b <= std::byte{1}; });
  });
}

absl::StatusOr<ScatteredTensor> RawTensor(const TensorType& type, const ScatteredBytes& bytes) {
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t expected, CheckedByteSize(type));
  if (bytes.size() != static_cast<size_t>(expected)) {
    return Refused("expected {} bytes for {} {}, got {}", expected, ProtocolName(type.dtype),
                   type.shape.ToString(), bytes.size());
  }
  if (type.dtype == DType::kBool && !AreBooleans(bytes)) {
    return Refused("expected bytes 0 and 1 for BOOL");
  }
  return ScatteredTensor(type, bytes);
}

absl::StatusOr<ScatteredTensor> TypedTensor(const TensorType& type,
                                            const std::optional<ScatteredBytes>& given,
                                            std::vector<Tensor>& converted) {
  const ContentsRow& row = ContentsOf(type.dtype);
  if (row.number == 0) {
    return Refused("{} travels in raw_input_contents only", ProtocolName(type.dtype));
  }
  const ScatteredBytes none;
  const ScatteredBytes& contents = given ? *given : none;
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t elements, CountElements(row, contents));
  if (elements != type.shape.ElementCount()) {
    return Refused("expected {} elements in {} for shape {}, got {}", type.shape.ElementCount(),
                   row.field, type.shape.ToString(), elements);
  }
  RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate(type));
  RECTIFIER_RETURN_IF_ERROR(row.decode(contents, tensor.bytes()));
  converted.push_back(std::move(tensor));
  return ScatteredTensor(converted.back().view());
}

// Samples of the request: dimension 0 of every input of a batched model.
absl::StatusOr<int64_t> CheckSamples(const std::vector<ScatteredTensor>& inputs,
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
    if (absl::Status status = CheckParameters(output.parameters()); !status.ok()) {
      return At(OutputPlace(output.name()), status);
    }
    indices.push_back(*spec);
  }
  if (indices.empty()) {
    for (size_t i = 0; i < signature.outputs.size(); ++i) indices.push_back(i);
  }
  return indices;
}

// What a slice of a reply holds until gRPC has sent it.
struct HeldText {
  std::string text;
  ByteBudget::Share reserved;
};

struct HeldOutputs {
  AlignedBuffer memory;
  ByteBudget::Share reserved;
};

grpc::ByteBuffer OneSlice(std::string text, ByteBudget::Share reserved) {
  auto* held = new HeldText{std::move(text), std::move(reserved)};
  const grpc::Slice slice(
      held->text.data(), held->text.size(), [](void* h) { delete static_cast<HeldText*>(h); },
      held);
  return {&slice, 1};
}

// A slice over `bytes` of `outputs`, which lives until gRPC has sent it.
grpc::Slice SliceOf(const std::shared_ptr<HeldOutputs>& outputs, std::span<std::byte> bytes) {
  using Holder = std::shared_ptr<HeldOutputs>;
  return grpc::Slice(
      bytes.data(), bytes.size(), [](void* holder) { delete static_cast<Holder*>(holder); },
      new Holder(outputs));
}

using Response = inference::ModelInferResponse;
using Output = Response::InferOutputTensor;

size_t ShapeSize(const Shape& shape) {
  size_t size = 0;
  for (const int64_t dim : shape.dims()) size += VarintSize(static_cast<uint64_t>(dim));
  return size;
}

void AppendText(int field, std::string_view text, std::string& to) {
  AppendLengthPrefix(field, text.size(), to);
  to.append(text);
}

}  // namespace

absl::StatusOr<DecodedRequest> DecodeRequest(const ParsedRequest& request,
                                             const ModelSignature& signature) {
  const ModelInferRequest& header = request.header();
  DecodedRequest decoded;
  decoded.raw = !request.raw_input_contents().empty();
  RECTIFIER_RETURN_IF_ERROR(CheckForm(request, decoded.raw));
  RECTIFIER_ASSIGN_OR_RETURN(const InputIndices indices, MatchInputs(header, signature));
  decoded.inputs.reserve(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    const int index = indices[i];
    const Input& input = header.inputs(index);
    const absl::StatusOr<TensorType> type = CheckType(input, signature.inputs[i]);
    if (!type.ok()) return At(InputPlace(input.name()), type.status());
    absl::StatusOr<ScatteredTensor> tensor =
        decoded.raw ? RawTensor(*type, request.raw_input_contents()[static_cast<size_t>(index)])
                    : TypedTensor(*type, request.contents(index), decoded.converted);
    if (!tensor.ok()) return At(InputPlace(input.name()), tensor.status());
    decoded.inputs.push_back(*std::move(tensor));
  }
  RECTIFIER_ASSIGN_OR_RETURN(decoded.samples, CheckSamples(decoded.inputs, signature));
  RECTIFIER_ASSIGN_OR_RETURN(decoded.outputs, MatchOutputs(header, signature));
  return decoded;
}

absl::StatusOr<Reply> Reply::Allocate(const ModelSignature& signature,
                                      const DecodedRequest& request, std::vector<TensorType> types,
                                      int64_t max_bytes) {
  RECTIFIER_CHECK(types.size() == signature.outputs.size());
  Reply reply(signature, request, std::move(types), max_bytes);
  int64_t total = 0;
  size_t end = 0;
  for (const size_t i : reply.wanted_) {
    const absl::StatusOr<int64_t> bytes = CheckedByteSize(reply.types_[i]);
    if (!bytes.ok() || __builtin_add_overflow(total, *bytes, &total) || total > max_bytes) {
      return ResourceExhausted(OutputPlace(signature.outputs[i].name),
                               "the outputs would have more than {} bytes", max_bytes);
    }
    const size_t begin = (end + kTensorAlignment - 1) / kTensorAlignment * kTensorAlignment;
    reply.places_[i] = {begin, static_cast<size_t>(*bytes)};
    end = begin + reply.places_[i].size;
  }
  reply.memory_ = AlignedBuffer::OfHeap(end);
  return reply;
}

std::vector<MutableTensorView> Reply::outputs() {
  std::vector<MutableTensorView> views;
  views.reserve(types_.size());
  for (size_t i = 0; i < types_.size(); ++i) views.push_back({types_[i], BytesOf(i)});
  return views;
}

Reply::EntrySize Reply::SizeOfEntry(size_t output) const {
  const TensorType& type = types_[output];
  EntrySize size{};
  size.entry = FieldSize(Output::kNameFieldNumber, signature_->outputs[output].name.size()) +
               FieldSize(Output::kDatatypeFieldNumber, ProtocolName(type.dtype).size()) +
               FieldSize(Output::kShapeFieldNumber, ShapeSize(type.shape));
  if (raw_) return size;
  const ContentsRow& row = ContentsOf(type.dtype);
  size.packed = row.packed_size(BytesOf(output));
  size.contents = FieldSize(static_cast<int>(row.number), size.packed);
  size.entry += FieldSize(Output::kContentsFieldNumber, size.contents);
  return size;
}

void Reply::AppendEntry(size_t output, const EntrySize& size, std::string& to) const {
  const TensorType& type = types_[output];
  AppendLengthPrefix(Response::kOutputsFieldNumber, size.entry, to);
  AppendText(Output::kNameFieldNumber, signature_->outputs[output].name, to);
  AppendText(Output::kDatatypeFieldNumber, ProtocolName(type.dtype), to);
  AppendLengthPrefix(Output::kShapeFieldNumber, ShapeSize(type.shape), to);
  for (const int64_t dim : type.shape.dims()) AppendVarint(static_cast<uint64_t>(dim), to);
  if (raw_) return;
  const ContentsRow& row = ContentsOf(type.dtype);
  AppendLengthPrefix(Output::kContentsFieldNumber, size.contents, to);
  AppendLengthPrefix(static_cast<int>(row.number), size.packed, to);
  row.append_packed(BytesOf(output), to);
}

absl::StatusOr<grpc::ByteBuffer> Reply::Encode(const Response& header,
                                               ByteBudget::Share reserved) && {
  absl::InlinedVector<EntrySize, 4> entries;
  size_t text_size = header.ByteSizeLong();
  size_t size = 0;  // of the message
  for (const size_t i : wanted_) {
    entries.push_back(SizeOfEntry(i));
    text_size += FieldSize(Response::kOutputsFieldNumber, entries.back().entry);
    if (raw_) size += FieldSize(Response::kRawOutputContentsFieldNumber, places_[i].size);
  }
  size += text_size;
  if (size > static_cast<size_t>(max_bytes_)) {
    return ResourceExhausted("outputs", "the reply would have more than {} bytes", max_bytes_);
  }
  const bool one_slice = !raw_ || size <= kSmall;
  std::string text;
  text.reserve(one_slice ? size : text_size);
  header.AppendToString(&text);
  for (size_t k = 0; k < wanted_.size(); ++k) AppendEntry(wanted_[k], entries[k], text);
  if (!one_slice) return std::move(*this).WithRawOutputs(std::move(text), std::move(reserved));
  for (const size_t i : wanted_) {
    if (!raw_) break;
    AppendLengthPrefix(Response::kRawOutputContentsFieldNumber, places_[i].size, text);
    text.append(reinterpret_cast<const char*>(BytesOf(i).data()), places_[i].size);
  }
  RECTIFIER_CHECK(text.size() == size);
  memory_ = AlignedBuffer();
  // Raw outputs count as they were reserved, whichever way they go, so that what fits into the
  // budget does not depend on which replies are encoded by then.
  if (!raw_) reserved.Resize(static_cast<int64_t>(size));
  return OneSlice(std::move(text), std::move(reserved));
}

grpc::ByteBuffer Reply::WithRawOutputs(std::string text, ByteBudget::Share reserved) && {
  const auto held =
      std::make_shared<HeldOutputs>(HeldOutputs{std::move(memory_), std::move(reserved)});
  std::vector<grpc::Slice> slices;
  slices.reserve(2 * wanted_.size());
  // What stands between two tensors is short, and copied.
  for (const size_t i : wanted_) {
    const std::span<std::byte> bytes(held->memory.data() + places_[i].begin, places_[i].size);
    AppendLengthPrefix(Response::kRawOutputContentsFieldNumber, bytes.size(), text);
    slices.emplace_back(text);
    text.clear();
    slices.push_back(SliceOf(held, bytes));
  }
  return {slices.data(), slices.size()};
}

}  // namespace rectifier
