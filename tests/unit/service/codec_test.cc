#include "server/service/codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <deque>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "server/core/status.h"
#include "tests/support/cut_bytes.h"

namespace rectifier {
namespace {

using inference::ModelInferRequest;
using inference::ModelInferResponse;
using ::testing::ElementsAre;

// a: FP32 [?, 2] and b: FP32 [?, 3] → y: FP32 [?, 2], z: FP32 [?], none: FP32 [?, 0].
ModelSignature TwoInputs() {
  return {.platform = "onnx",
          .inputs = {{"a", {DType::kFloat32, Shape{kDynamicDim, 2}}},
                     {"b", {DType::kFloat32, Shape{kDynamicDim, 3}}}},
          .outputs = {{"y", {DType::kFloat32, Shape{kDynamicDim, 2}}},
                      {"z", {DType::kFloat32, Shape{kDynamicDim}}},
                      {"none", {DType::kFloat32, Shape{kDynamicDim, 0}}}},
          .max_batch = 4};
}

ModelSignature OneInput(DType dtype, Shape shape, int64_t max_batch) {
  return {.platform = "onnx",
          .inputs = {{"x", {dtype, std::move(shape)}}},
          .outputs = {},
          .max_batch = max_batch};
}

template <typename T>
std::string Bytes(std::vector<T> values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

ModelInferRequest::InferInputTensor* AddInput(ModelInferRequest& request, const std::string& name,
                                              const std::string& datatype,
                                              std::vector<int64_t> shape) {
  auto* input = request.add_inputs();
  input->set_name(name);
  input->set_datatype(datatype);
  for (const int64_t dim : shape) input->add_shape(dim);
  return input;
}

// Two samples; b comes before a, so the signature's order is not the request's.
ModelInferRequest RawRequest() {
  ModelInferRequest request;
  AddInput(request, "b", "FP32", {2, 3});
  AddInput(request, "a", "FP32", {2, 2});
  request.add_raw_input_contents(Bytes<float>({10, 20, 30, 40, 50, 60}));
  request.add_raw_input_contents(Bytes<float>({1, 2, 3, 4}));
  return request;
}

ModelInferRequest TypedRequest() {
  ModelInferRequest request;
  auto* b = AddInput(request, "b", "FP32", {2, 3});
  for (const float value : {10.F, 20.F, 30.F, 40.F, 50.F, 60.F})
    b->mutable_contents()->add_fp32_contents(value);
  auto* a = AddInput(request, "a", "FP32", {2, 2});
  for (const float value : {1.F, 2.F, 3.F, 4.F}) a->mutable_contents()->add_fp32_contents(value);
  return request;
}

// Of the request's bytes, which are kept: tensors lie in them.
absl::StatusOr<DecodedRequest> Decode(const ModelInferRequest& request,
                                      const ModelSignature& signature) {
  static std::deque<std::string> messages;
  messages.push_back(request.SerializeAsString());
  ParsedRequest parsed;
  const absl::Status status = parsed.Parse(std::as_bytes(std::span(messages.back())));
  if (!status.ok()) return status;
  return DecodeRequest(parsed, signature);
}

template <typename T = float>
std::vector<T> Elements(const ScatteredTensor& tensor) {
  EXPECT_EQ(tensor.type.dtype, kDTypeOf<T>);
  std::vector<T> elements(tensor.bytes.size() / sizeof(T));
  tensor.bytes.CopyTo(std::as_writable_bytes(std::span(elements)));
  return elements;
}

TEST(DecodeRequestTest, GivesRawTensorsInTheSignaturesOrder) {
  const ModelInferRequest request = RawRequest();
  const auto decoded = Decode(request, TwoInputs());
  ASSERT_EQ(decoded.status(), absl::OkStatus());
  EXPECT_TRUE(decoded->raw);
  EXPECT_EQ(decoded->samples, 2);
  EXPECT_THAT(Elements(decoded->inputs[0]), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Elements(decoded->inputs[1]), ElementsAre(10, 20, 30, 40, 50, 60));
  EXPECT_EQ(decoded->inputs[1].type.shape, (Shape{2, 3}));
}

TEST(DecodeRequestTest, DoesNotCopyRawBytes) {
  const std::string message = RawRequest().SerializeAsString();
  ParsedRequest parsed;
  ASSERT_EQ(parsed.Parse(std::as_bytes(std::span(message))), absl::OkStatus());
  const auto decoded = DecodeRequest(parsed, TwoInputs());
  ASSERT_TRUE(decoded.ok());
  ASSERT_EQ(decoded->inputs[0].bytes.pieces().size(), 1u);
  // The last entry ends the message.
  EXPECT_EQ(static_cast<const void*>(decoded->inputs[0].bytes.pieces()[0].data()),
            message.data() + message.size() - 16);
}

TEST(DecodeRequestTest, GivesTypedTensorsInTheSignaturesOrder) {
  const ModelInferRequest request = TypedRequest();
  const auto decoded = Decode(request, TwoInputs());
  ASSERT_EQ(decoded.status(), absl::OkStatus());
  EXPECT_FALSE(decoded->raw);
  EXPECT_EQ(decoded->samples, 2);
  EXPECT_THAT(Elements(decoded->inputs[0]), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(Elements(decoded->inputs[1]), ElementsAre(10, 20, 30, 40, 50, 60));
}

TEST(DecodeRequestTest, AnswersEveryOutputWhenNoneIsRequested) {
  const auto decoded = Decode(RawRequest(), TwoInputs());
  ASSERT_TRUE(decoded.ok());
  EXPECT_THAT(decoded->outputs, ElementsAre(0, 1, 2));
}

TEST(DecodeRequestTest, AnswersRequestedOutputsInTheirOrder) {
  ModelInferRequest request = RawRequest();
  request.add_outputs()->set_name("z");
  request.add_outputs()->set_name("y");
  const auto decoded = Decode(request, TwoInputs());
  ASSERT_TRUE(decoded.ok());
  EXPECT_THAT(decoded->outputs, ElementsAre(1, 0));
}

TEST(DecodeRequestTest, PassesOverParametersThatItDoesNotKnow) {
  ModelInferRequest request = RawRequest();
  (*request.mutable_parameters())["triton_enable_empty_final_response"].set_bool_param(true);
  (*request.mutable_inputs(0)->mutable_parameters())["anything"].set_int64_param(1);
  auto* output = request.add_outputs();
  output->set_name("y");
  (*output->mutable_parameters())["binary_data"].set_bool_param(true);
  EXPECT_EQ(Decode(request, TwoInputs()).status(), absl::OkStatus());
}

struct BadRequest {
  const char* name;
  ModelInferRequest (*base)();
  std::function<void(ModelInferRequest&)> spoil;
  const char* message;
};

std::vector<BadRequest> BadRequests() {
  return {
      {"UnknownInput", RawRequest, [](auto& r) { r.mutable_inputs(0)->set_name("c"); },
       "input 'c': unknown; the model's inputs are 'a', 'b'"},
      {"LongNameIsCut", RawRequest,
       [](auto& r) { r.mutable_inputs(0)->set_name(std::string(1000, 'c')); },
       "input 'cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc…': unknown; the "
       "model's inputs are 'a', 'b'"},
      {"DuplicateInput", RawRequest, [](auto& r) { r.mutable_inputs(0)->set_name("a"); },
       "input 'a': given twice"},
      {"MissingInput", RawRequest,
       [](auto& r) {
         r.mutable_inputs()->RemoveLast();
         r.mutable_raw_input_contents()->RemoveLast();
       },
       "input 'a': missing"},
      {"NoInputs", [] { return ModelInferRequest(); }, [](auto&) {}, "input 'a': missing"},
      {"WrongDatatype", RawRequest, [](auto& r) { r.mutable_inputs(0)->set_datatype("INT64"); },
       "input 'b': expected datatype FP32, got 'INT64'"},
      {"NoDatatype", RawRequest, [](auto& r) { r.mutable_inputs(0)->clear_datatype(); },
       "input 'b': expected datatype FP32, got ''"},
      {"WrongDimension", RawRequest, [](auto& r) { r.mutable_inputs(0)->set_shape(1, 4); },
       "input 'b': expected shape [?, 3], got [2, 4]"},
      {"WrongRank", RawRequest, [](auto& r) { r.mutable_inputs(0)->add_shape(1); },
       "input 'b': expected shape [?, 3], of 2 dimensions, got 3 dimensions"},
      {"Scalar", RawRequest, [](auto& r) { r.mutable_inputs(0)->clear_shape(); },
       "input 'b': expected shape [?, 3], of 2 dimensions, got 0 dimensions"},
      {"NegativeDimension", RawRequest, [](auto& r) { r.mutable_inputs(0)->set_shape(0, -1); },
       "input 'b': dimension 0 is -1"},
      {"OverflowingDimension", RawRequest,
       [](auto& r) { r.mutable_inputs(0)->set_shape(0, INT64_MAX); },
       "input 'b': shape [9223372036854775807, 3] has more elements than can be counted"},
      {"OverflowingBytes", RawRequest,
       [](auto& r) { r.mutable_inputs(0)->set_shape(0, int64_t{1} << 60); },
       "input 'b': shape [1152921504606846976, 3] of f32 has more bytes than can be counted"},
      {"TooFewRawBytes", RawRequest, [](auto& r) { r.mutable_raw_input_contents(0)->pop_back(); },
       "input 'b': expected 24 bytes for FP32 [2, 3], got 23"},
      {"TooManyRawBytes", RawRequest, [](auto& r) { *r.mutable_raw_input_contents(0) += "x"; },
       "input 'b': expected 24 bytes for FP32 [2, 3], got 25"},
      {"RawAndTyped", RawRequest,
       [](auto& r) { r.mutable_inputs(1)->mutable_contents()->add_fp32_contents(1); },
       "input 'a': contents and raw_input_contents cannot be used together"},
      {"RawAndEmptyContents", RawRequest, [](auto& r) { r.mutable_inputs(1)->mutable_contents(); },
       "input 'a': contents and raw_input_contents cannot be used together"},
      {"TooFewRawEntries", RawRequest,
       [](auto& r) { r.mutable_raw_input_contents()->RemoveLast(); },
       "raw_input_contents: expected 2 entries, one an input, got 1"},
      {"TooManyRawEntries", RawRequest, [](auto& r) { r.add_raw_input_contents(""); },
       "raw_input_contents: expected 2 entries, one an input, got 3"},
      {"SamplesDiffer", RawRequest,
       [](auto& r) {
         r.mutable_inputs(0)->set_shape(0, 1);
         r.mutable_raw_input_contents(0)->resize(12);
       },
       "input 'b': expected 2 samples, as input 'a' has, got 1"},
      {"BatchAboveTheMaximum", RawRequest,
       [](auto& r) {
         for (int i = 0; i < 2; ++i) r.mutable_inputs(i)->set_shape(0, 5);
         r.mutable_raw_input_contents(0)->resize(60);
         r.mutable_raw_input_contents(1)->resize(40);
       },
       "input 'a': expected a batch of 1 to 4 samples, got 5"},
      {"NoSamples", RawRequest,
       [](auto& r) {
         for (int i = 0; i < 2; ++i) r.mutable_inputs(i)->set_shape(0, 0);
         for (int i = 0; i < 2; ++i) r.mutable_raw_input_contents(i)->clear();
       },
       "input 'a': expected a batch of 1 to 4 samples, got 0"},
      {"TooFewElements", TypedRequest,
       [](auto& r) {
         r.mutable_inputs(0)->mutable_contents()->mutable_fp32_contents()->RemoveLast();
       },
       "input 'b': expected 6 elements in fp32_contents for shape [2, 3], got 5"},
      {"NoContentsAtAll", TypedRequest, [](auto& r) { r.mutable_inputs(0)->clear_contents(); },
       "input 'b': expected 6 elements in fp32_contents for shape [2, 3], got 0"},
      {"ContentsOfAnotherType", TypedRequest,
       [](auto& r) { r.mutable_inputs(0)->mutable_contents()->add_fp64_contents(1); },
       "input 'b': expected elements in fp32_contents, got fp64_contents"},
      {"ContentsOfBytes", TypedRequest,
       [](auto& r) { r.mutable_inputs(0)->mutable_contents()->add_bytes_contents("x"); },
       "input 'b': expected elements in fp32_contents, got bytes_contents"},
      {"UnknownOutput", RawRequest, [](auto& r) { r.add_outputs()->set_name("q"); },
       "output 'q': unknown; the model's outputs are 'y', 'z', 'none'"},
      {"DuplicateOutput", RawRequest,
       [](auto& r) {
         for (int i = 0; i < 2; ++i) r.add_outputs()->set_name("z");
       },
       "output 'z': requested twice"},
      {"InputInSharedMemory", TypedRequest,
       [](auto& r) {
         (*r.mutable_inputs(0)->mutable_parameters())["shared_memory_region"].set_string_param("m");
       },
       "input 'b': parameter 'shared_memory_region' is not supported"},
      {"OutputAsClassification", RawRequest,
       [](auto& r) {
         r.add_outputs()->set_name("y");
         (*r.mutable_outputs(0)->mutable_parameters())["classification"].set_int64_param(3);
       },
       "output 'y': parameter 'classification' is not supported"},
  };
}

TEST(DecodeRequestTest, RefusesWhatDoesNotFitAndSaysWhere) {
  for (const BadRequest& bad : BadRequests()) {
    ModelInferRequest request = bad.base();
    bad.spoil(request);
    const absl::Status status = Decode(request, TwoInputs()).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << bad.name;
    EXPECT_EQ(Message(status), bad.message) << bad.name;
  }
}

TEST(DecodeRequestTest, AModelWithFixedShapesRunsOneSample) {
  const ModelSignature signature = OneInput(DType::kFloat32, Shape{2}, /*max_batch=*/0);
  ModelInferRequest request;
  AddInput(request, "x", "FP32", {2});
  request.add_raw_input_contents(Bytes<float>({1, 2}));
  const auto decoded = Decode(request, signature);
  ASSERT_EQ(decoded.status(), absl::OkStatus());
  EXPECT_EQ(decoded->samples, 1);
}

TEST(DecodeRequestTest, ATypedScalarHasOneElement) {
  ModelInferRequest request;
  AddInput(request, "x", "FP32", {})->mutable_contents()->add_fp32_contents(3);
  const auto decoded = Decode(request, OneInput(DType::kFloat32, Shape{}, 0));
  ASSERT_EQ(decoded.status(), absl::OkStatus());
  EXPECT_THAT(Elements(decoded->inputs[0]), ElementsAre(3));
}

TEST(DecodeRequestTest, RefusesIntegersThatDoNotFitTheirDatatype) {
  const ModelSignature signature = OneInput(DType::kInt8, Shape{2}, 0);
  for (const int32_t value : {-129, 128}) {
    ModelInferRequest request;
    auto* contents = AddInput(request, "x", "INT8", {2})->mutable_contents();
    contents->add_int_contents(-128);
    contents->add_int_contents(value);
    EXPECT_EQ(Message(Decode(request, signature).status()),
              fmt::format("input 'x': contents: {} is out of range", value));
  }
}

TEST(DecodeRequestTest, RefusesTypedContentsForHalfPrecision) {
  ModelInferRequest request;
  AddInput(request, "x", "FP16", {1})->mutable_contents()->add_fp32_contents(1);
  EXPECT_EQ(Message(Decode(request, OneInput(DType::kFloat16, Shape{1}, 0)).status()),
            "input 'x': FP16 travels in raw_input_contents only");
}

TEST(DecodeRequestTest, RefusesRawBooleansOtherThanZeroAndOne) {
  ModelInferRequest request;
  AddInput(request, "x", "BOOL", {2});
  request.add_raw_input_contents("\x01\x02");
  EXPECT_EQ(Message(Decode(request, OneInput(DType::kBool, Shape{2}, 0)).status()),
            "input 'x': expected bytes 0 and 1 for BOOL");
}

TEST(DecodeRequestTest, GivesTheSameWhereverTheMessageIsCut) {
  for (const std::string& message :
       {RawRequest().SerializeAsString(), TypedRequest().SerializeAsString()}) {
    for (size_t cut = 0; cut <= message.size(); ++cut) {
      ParsedRequest parsed;
      const ScatteredBytes pieces = CutAt(message, {cut, std::min(cut + 5, message.size())});
      ASSERT_EQ(parsed.Parse(pieces), absl::OkStatus());
      const auto decoded = DecodeRequest(parsed, TwoInputs());
      ASSERT_EQ(decoded.status(), absl::OkStatus());
      EXPECT_THAT(Elements(decoded->inputs[0]), ElementsAre(1, 2, 3, 4));
      EXPECT_THAT(Elements(decoded->inputs[1]), ElementsAre(10, 20, 30, 40, 50, 60));
    }
  }
}

TEST(DecodeRequestTest, EveryPieceOfRawBooleansIsLookedAt) {
  ModelInferRequest request;
  AddInput(request, "x", "BOOL", {4});
  request.add_raw_input_contents(std::string("\x01\x00\x01\x02", 4));
  const std::string message = request.SerializeAsString();
  for (size_t back = 0; back <= 4; ++back) {
    ParsedRequest parsed;
    const ScatteredBytes pieces = CutAt(message, {message.size() - back});
    ASSERT_EQ(parsed.Parse(pieces), absl::OkStatus());
    EXPECT_EQ(Message(DecodeRequest(parsed, OneInput(DType::kBool, Shape{4}, 0)).status()),
              "input 'x': expected bytes 0 and 1 for BOOL");
  }
}

TEST(DecodeRequestTest, NamesTheInputWhoseNumbersAreDamaged) {
  // A list of one varint that does not end.
  const std::string contents("\x1A\x01\x80", 3);
  ModelInferRequest request;
  auto* input = AddInput(request, "x", "INT64", {0});
  std::string field = input->SerializeAsString();
  field += "\x2A" + std::string(1, static_cast<char>(contents.size())) + contents;
  const std::string message = "\x2A" + std::string(1, static_cast<char>(field.size())) + field;
  ParsedRequest parsed;
  ASSERT_EQ(parsed.Parse(CutAt(message, {})), absl::OkStatus());
  EXPECT_EQ(Message(DecodeRequest(parsed, OneInput(DType::kInt64, Shape{0}, 0)).status()),
            "input 'x': contents: the message cannot be parsed");
}

// Decodes, writes 1, 2, 3, … into every output, and gives the reply as a client parses it.
ModelInferResponse ReplyTo(const ModelInferRequest& request, const ModelSignature& signature) {
  const auto decoded = Decode(request, signature);
  EXPECT_EQ(decoded.status(), absl::OkStatus());
  std::vector<TensorType> types;
  for (const TensorSpec& output : signature.outputs) {
    types.push_back(output.type);
    types.back().shape[0] = decoded->samples;
  }
  auto reply = Reply::Allocate(signature, *decoded, types, /*max_bytes=*/1 << 20);
  EXPECT_EQ(reply.status(), absl::OkStatus());
  for (const MutableTensorView& output : reply->outputs()) {
    float value = 0;  // no elements where it is not wanted
    for (float& element : output.data<float>()) element = ++value;
  }
  ModelInferResponse header;
  header.set_model_name("m");
  header.set_id("7");
  const absl::StatusOr<grpc::ByteBuffer> bytes = (*std::move(reply)).Encode(header, {});
  EXPECT_EQ(bytes.status(), absl::OkStatus());
  std::vector<grpc::Slice> slices;
  EXPECT_TRUE(bytes->Dump(&slices).ok());
  std::string text;
  for (const grpc::Slice& slice : slices) text.append(slice.begin(), slice.end());
  ModelInferResponse response;
  EXPECT_TRUE(response.ParseFromString(text));
  return response;
}

TEST(ReplyTest, AnswersRawWithOneEntryAnOutputEvenAnEmptyOne) {
  const ModelInferResponse response = ReplyTo(RawRequest(), TwoInputs());
  EXPECT_EQ(response.model_name(), "m");
  EXPECT_EQ(response.id(), "7");
  ASSERT_EQ(response.outputs_size(), 3);
  EXPECT_EQ(response.outputs(0).name(), "y");
  EXPECT_EQ(response.outputs(0).datatype(), "FP32");
  EXPECT_THAT(response.outputs(0).shape(), ElementsAre(2, 2));
  EXPECT_FALSE(response.outputs(0).has_contents());
  EXPECT_THAT(response.outputs(2).shape(), ElementsAre(2, 0));
  EXPECT_THAT(response.raw_output_contents(),
              ElementsAre(Bytes<float>({1, 2, 3, 4}), Bytes<float>({1, 2}), ""));
}

TEST(ReplyTest, AnswersTypedToTyped) {
  const ModelInferResponse response = ReplyTo(TypedRequest(), TwoInputs());
  EXPECT_EQ(response.raw_output_contents_size(), 0);
  ASSERT_EQ(response.outputs_size(), 3);
  EXPECT_THAT(response.outputs(0).contents().fp32_contents(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(response.outputs(1).contents().fp32_contents(), ElementsAre(1, 2));
  EXPECT_TRUE(response.outputs(2).contents().fp32_contents().empty());
}

TEST(ReplyTest, HoldsRequestedOutputsInTheirOrder) {
  ModelInferRequest request = RawRequest();
  request.add_outputs()->set_name("z");
  request.add_outputs()->set_name("y");
  const ModelInferResponse response = ReplyTo(request, TwoInputs());
  ASSERT_EQ(response.outputs_size(), 2);
  EXPECT_EQ(response.outputs(0).name(), "z");
  EXPECT_THAT(response.raw_output_contents(),
              ElementsAre(Bytes<float>({1, 2}), Bytes<float>({1, 2, 3, 4})));
}

TEST(ReplyTest, LongEntriesHaveALengthOfSeveralBytes) {
  const Shape shape{kDynamicDim, 5000};
  const ModelSignature signature{.platform = "onnx",
                                 .inputs = {{"x", {DType::kFloat32, Shape{kDynamicDim, 1}}}},
                                 .outputs = {{"y", {DType::kFloat32, shape}}},
                                 .max_batch = 4};
  ModelInferRequest request;
  AddInput(request, "x", "FP32", {2, 1});
  request.add_raw_input_contents(Bytes<float>({1, 2}));
  const ModelInferResponse response = ReplyTo(request, signature);
  ASSERT_EQ(response.raw_output_contents_size(), 1);
  EXPECT_EQ(response.raw_output_contents(0).size(), 40'000u);
}

TEST(ReplyTest, IsRefusedWhenTheOutputsAreTooLarge) {
  const ModelSignature signature = TwoInputs();
  const auto decoded = Decode(RawRequest(), signature);
  ASSERT_TRUE(decoded.ok());
  const std::vector<TensorType> types = {
      {DType::kFloat32, Shape{2, 2}}, {DType::kFloat32, Shape{2}}, {DType::kFloat32, Shape{2, 0}}};
  EXPECT_TRUE(Reply::Allocate(signature, *decoded, types, 24).ok());
  const absl::Status status = Reply::Allocate(signature, *decoded, types, 23).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(Message(status), "output 'z': the outputs would have more than 23 bytes");
}

TEST(ReplyTest, IsRefusedWhenItsNamesMakeTheMessageTooLarge) {
  const ModelSignature signature = TwoInputs();
  for (const ModelInferRequest& request : {RawRequest(), TypedRequest()}) {
    const auto decoded = Decode(request, signature);
    ASSERT_TRUE(decoded.ok());
    const std::vector<TensorType> types = {{DType::kFloat32, Shape{2, 2}},
                                           {DType::kFloat32, Shape{2}},
                                           {DType::kFloat32, Shape{2, 0}}};
    auto reply = Reply::Allocate(signature, *decoded, types, 60);
    ASSERT_TRUE(reply.ok());
    const absl::Status status = (*std::move(reply)).Encode({}, {}).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
    EXPECT_EQ(Message(status), "outputs: the reply would have more than 60 bytes");
  }
}

TEST(ReplyTest, OutputsThatAreNotWantedTakeNoMemory) {
  const ModelSignature signature = TwoInputs();
  ModelInferRequest request = RawRequest();
  request.add_outputs()->set_name("z");
  const auto decoded = Decode(request, signature);
  ASSERT_TRUE(decoded.ok());
  const std::vector<TensorType> types = {{DType::kFloat32, Shape{2, int64_t{1} << 50}},
                                         {DType::kFloat32, Shape{2}},
                                         {DType::kFloat32, Shape{2, 0}}};
  auto reply = Reply::Allocate(signature, *decoded, types, 8);
  ASSERT_EQ(reply.status(), absl::OkStatus());
  const std::vector<MutableTensorView> outputs = reply->outputs();
  ASSERT_EQ(outputs.size(), 3u);
  EXPECT_EQ(outputs[0].type, types[0]);
  EXPECT_TRUE(outputs[0].bytes.empty());
  EXPECT_EQ(outputs[1].bytes.size(), 8u);
}

}  // namespace
}  // namespace rectifier
