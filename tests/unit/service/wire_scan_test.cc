#include "server/service/wire_scan.h"

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "proto/grpc/health/v1/health.pb.h"
#include "proto/inference.pb.h"
#include "server/core/status.h"
#include "server/service/wire_messages.h"
#include "tests/support/cut_bytes.h"

namespace rectifier {
namespace {

using inference::ModelInferRequest;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr int64_t kMegabyte = 1 << 20;

absl::Status Scan(std::string_view bytes, const WireMessage& message = kModelInferWire) {
  return ScanWire(message, std::as_bytes(std::span(bytes)));
}

std::string Repeat(std::string_view piece, int64_t bytes) {
  std::string text;
  while (static_cast<int64_t>(text.size()) < bytes) text += piece;
  return text;
}

// A field whose payload is `bytes`, by its number.
std::string Field(int number, std::string_view bytes) {
  std::string text(1, static_cast<char>(number << 3 | 2));
  uint64_t length = bytes.size();
  for (; length >= 0x80; length >>= 7) text += static_cast<char>((length & 0x7F) | 0x80);
  text += static_cast<char>(length);
  return text.append(bytes);
}

// A request that uses every field.
ModelInferRequest FullRequest() {
  ModelInferRequest request;
  request.set_model_name("digits");
  request.set_model_version("3");
  request.set_id("request-17");
  (*request.mutable_parameters())["priority"].set_int64_param(-2);
  (*request.mutable_parameters())["sequence_start"].set_bool_param(true);
  (*request.mutable_parameters())["timeout"].set_uint64_param(1'000'000);
  (*request.mutable_parameters())["ratio"].set_double_param(0.5);
  (*request.mutable_parameters())["note"].set_string_param("hello");
  for (const char* name : {"a", "b"}) {
    auto* input = request.add_inputs();
    input->set_name(name);
    input->set_datatype("FP32");
    input->add_shape(2);
    input->add_shape(300);
    (*input->mutable_parameters())["binary_data"].set_bool_param(true);
    auto* contents = input->mutable_contents();
    contents->add_bool_contents(true);
    contents->add_int_contents(-1);
    contents->add_int64_contents(-1);
    contents->add_uint_contents(7);
    contents->add_uint64_contents(7);
    contents->add_fp32_contents(0.5F);
    contents->add_fp64_contents(0.5);
    contents->add_bytes_contents("abc");
  }
  auto* output = request.add_outputs();
  output->set_name("y");
  (*output->mutable_parameters())["binary_data"].set_bool_param(true);
  request.add_raw_input_contents(std::string(300, 'r'));
  return request;
}

TEST(WireScanTest, AcceptsARequestThatUsesEveryField) {
  EXPECT_EQ(Scan(FullRequest().SerializeAsString()), absl::OkStatus());
  EXPECT_EQ(Scan(""), absl::OkStatus());
}

TEST(WireScanTest, AcceptsAsManyEntriesAsTheCapsAllow) {
  ModelInferRequest request;
  for (int i = 0; i < kMaxTensors; ++i) {
    auto* input = request.add_inputs();
    for (int dim = 0; dim < 8; ++dim) input->add_shape(INT64_MAX);
    request.add_outputs();
    request.add_raw_input_contents("");
    (*request.mutable_parameters())[std::to_string(i)].set_bool_param(true);
  }
  EXPECT_EQ(Scan(request.SerializeAsString()), absl::OkStatus());
}

TEST(WireScanTest, NamesTheFieldAndTheByte) {
  ModelInferRequest request;
  request.add_inputs();
  for (int dim = 0; dim < 9; ++dim) request.add_inputs()->add_shape(1);
  for (int dim = 0; dim < 8; ++dim) request.mutable_inputs(3)->add_shape(1);
  EXPECT_EQ(Message(Scan(request.SerializeAsString())),
            "ModelInferRequest: inputs[3]: shape: byte 24: more than 8 entries");
}

struct Payload {
  const char* name;
  std::string bytes;
  const char* place;
};

std::string EmptyUnknownGroups() { return Repeat("\x7B\x7C", 4 * kMegabyte); }  // field 15

// What a small message could make of itself; most are four megabytes.
std::vector<Payload> AmplificationPayloads() {
  const int64_t size = 4 * kMegabyte;
  const std::string unpacked_shape = Repeat(std::string("\x18\x00", 2), size);
  const std::string packed_chunks = Repeat(std::string("\x1A\x01\x00", 3), size);
  return {
      {"EmptyInputs", Repeat(Field(5, ""), size), "inputs[64]"},
      {"EmptyOutputs", Repeat(Field(6, ""), size), "outputs[64]"},
      {"EmptyRawContents", Repeat(Field(7, ""), size), "raw_input_contents"},
      {"EmptyParameters", Repeat(Field(4, ""), size), "parameters[64]"},
      {"ParametersOfAnInput", Field(5, Repeat(Field(4, ""), size)), "inputs[0]: parameters[64]"},
      {"ParametersOfAnOutput", Field(6, Repeat(Field(2, ""), size)), "outputs[0]: parameters[64]"},
      {"PackedShape", Field(5, Field(3, std::string(size, '\1'))), "inputs[0]: shape"},
      {"PackedShapeInChunks", Field(5, packed_chunks), "inputs[0]: shape"},
      {"UnpackedShape", Field(5, unpacked_shape), "inputs[0]: shape"},
      {"EmptyBytesContents", Field(5, Field(5, Repeat(Field(8, ""), size))),
       "inputs[0]: contents: bytes_contents"},
      {"ManyContents", Field(5, Repeat(Field(5, Field(8, "")), size)), "inputs[0]: contents"},
      {"ParametersOfManyInputs", Repeat(Field(5, Repeat(Field(4, ""), 128)), 64 * 131),
       "entries in all"},
      {"EmptyUnknownGroups", EmptyUnknownGroups(), "groups"},
      {"NestedUnknownGroups", std::string(size, '\x7B'), "groups"},
      {"UnknownVarints", Repeat(std::string("\x78\x00", 2), size), "unknown fields"},
      {"EmptyUnknownBytes", Repeat(Field(15, ""), size), "unknown fields"},
      {"OneLargeUnknownField", Field(15, std::string(size, 'u')), "unknown fields"},
      {"UnknownFieldsSpreadOverInputs", Repeat(Field(5, Repeat(Field(15, ""), 32)), 64 * 34),
       "unknown fields"},
      {"KnownFieldsOfAnotherType", Repeat(std::string("\x28\x00", 2), size), "unknown fields"},
  };
}

TEST(WireScanTest, RefusesMessagesThatWouldAmplify) {
  for (const Payload& payload : AmplificationPayloads()) {
    const absl::Status status = Scan(payload.bytes);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << payload.name;
    EXPECT_THAT(std::string(Message(status)), HasSubstr(payload.place)) << payload.name;
  }
}

TEST(WireScanTest, RefusesGroupsAndUnknownFieldsInRequestsWithoutFields) {
  EXPECT_EQ(Scan(EmptyUnknownGroups(), kEmptyWire).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(Scan(Repeat(Field(1, ""), kMegabyte), kEmptyWire).code(),
            absl::StatusCode::kInvalidArgument);
}

TEST(WireScanTest, ToleratesAFewSmallUnknownFields) {
  EXPECT_EQ(Scan(Repeat(Field(15, "new"), 16 * 5)), absl::OkStatus());
  EXPECT_EQ(Scan(Field(15, std::string(1000, 'u')), kEmptyWire), absl::OkStatus());
}

TEST(WireScanTest, SkipsLargeContents) {
  EXPECT_EQ(Scan(Field(7, std::string(4 * kMegabyte, '\xFF'))), absl::OkStatus());
  EXPECT_EQ(Scan(Field(5, Field(5, Field(6, std::string(4 * kMegabyte, '\xFF'))))),
            absl::OkStatus());
}

TEST(WireScanTest, RefusesWhatTheEncodingDoesNotAllow) {
  const std::vector<Payload> payloads = {
      {"VarintWithoutEnd", "\x78\x80", ""},
      {"TagCutShort", "\x80", ""},
      {"TagOfElevenBytes", std::string(10, '\x80') + '\1', ""},
      {"TagAbove32Bits", "\xFF\xFF\xFF\xFF\x1F\x01", ""},
      {"FieldZero", std::string("\x00\x00", 2), ""},
      {"WireType6", "\x0E\x01", ""},
      {"WireType7", "\x0F\x01", ""},
      {"LengthPastTheEnd",
       "\x0A\x05"
       "abc",
       ""},
      {"HugeLength", "\x0A\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01", ""},
      {"LengthPastTheParent",
       Field(5,
             "\x0A\x05"
             "abc") +
           "xxxxxxxx",
       "inputs[0]: name"},
      {"ShapeElementPastItsField", Field(5, Field(3, "\x80") + "\x01\x01"), "inputs[0]: shape"},
      {"OverlongShapeElement", Field(5, Field(3, std::string(10, '\xFF'))), "inputs[0]: shape"},
      {"DoubleCutShort",
       Field(4, Field(2,
                      "\x21"
                      "1234567")),
       "parameters[0]: value: double_param"},
  };
  for (const Payload& payload : payloads) {
    const absl::Status status = Scan(payload.bytes);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << payload.name;
    EXPECT_THAT(std::string(Message(status)), HasSubstr("damaged or cut short")) << payload.name;
    EXPECT_THAT(std::string(Message(status)), HasSubstr(payload.place)) << payload.name;
  }
}

TEST(WireScanTest, RefusesTextThatIsNotUtf8) {
  for (const char* text : {"a", "é", "€", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_EQ(Scan(Field(1, text)), absl::OkStatus()) << text;
  }
  for (const char* text :
       {"\xFF", "\x80", "\xC3", "\xC3(", "\xC1\x81", "\xE2\x82", "\xE0\x80\x80", "\xED\xA0\x80",
        "\xF0\x80\x80\x80", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "a\xE2\x82z"}) {
    EXPECT_EQ(Message(Scan(Field(1, text))),
              "ModelInferRequest: model_name: byte 2: text that is not UTF-8");
  }
}

TEST(WireScanTest, RefusesVeryLongText) {
  EXPECT_EQ(Scan(Field(3, std::string(kMaxTextBytes, 'i'))), absl::OkStatus());
  EXPECT_EQ(Message(Scan(Field(3, std::string(kMaxTextBytes + 1, 'i')))),
            "ModelInferRequest: id: byte 4: text of more than 65536 bytes");
}

TEST(WireScanTest, EveryPrefixOfARequestIsAcceptedOrRefusedAsTheParserDoes) {
  const std::string bytes = FullRequest().SerializeAsString();
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::string prefix = bytes.substr(0, length);
    EXPECT_EQ(Scan(prefix).ok(), ModelInferRequest().ParseFromString(prefix)) << length;
  }
}

TEST(WireScanTest, DamageAtAnyByteDoesNoHarm) {
  const std::string bytes = FullRequest().SerializeAsString();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int value : {0x00, 0x01, 0x0B, 0x7F, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(value);
      ModelInferRequest request;
      // The scan passes over contents, so the parser may still refuse what it accepted.
      if (Scan(damaged).ok()) static_cast<void>(request.ParseFromString(damaged));
    }
  }
}

TEST(WireScanTest, FragmentsGiveWhatTheWholeGives) {
  const std::string whole = FullRequest().SerializeAsString();
  const std::string damaged = Field(5, Field(3, std::string(9, '\1')));
  for (const std::string& bytes : {whole, damaged}) {
    const absl::Status expected = Scan(bytes);
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      EXPECT_EQ(ScanWire(kModelInferWire, CutAt(bytes, {cut})), expected);
    }
    EXPECT_EQ(ScanWire(kModelInferWire, SingleBytes(bytes)), expected);
  }
}

// The tables must know every field, or a client's ordinary one would count as unknown.
void ExpectTableMatches(const google::protobuf::Descriptor& descriptor, const WireMessage& table) {
  using google::protobuf::FieldDescriptor;
  EXPECT_EQ(static_cast<size_t>(descriptor.field_count()), table.fields.size())
      << descriptor.full_name();
  for (int i = 0; i < descriptor.field_count(); ++i) {
    const FieldDescriptor& field = *descriptor.field(i);
    SCOPED_TRACE(field.full_name());
    const auto row = std::find_if(
        table.fields.begin(), table.fields.end(),
        [&](const WireField& r) { return static_cast<int>(r.number) == field.number(); });
    ASSERT_NE(row, table.fields.end());
    EXPECT_EQ(row->name, field.name());
    const bool repeated = field.is_repeated();
    switch (field.type()) {
      case FieldDescriptor::TYPE_MESSAGE:
        ASSERT_EQ(row->kind, WireKind::kMessage);
        EXPECT_GT(row->max_count, 0);
        ExpectTableMatches(*field.message_type(), *row->message);
        break;
      case FieldDescriptor::TYPE_STRING:
        EXPECT_EQ(row->kind, WireKind::kText);
        break;
      case FieldDescriptor::TYPE_BYTES:
        EXPECT_EQ(row->kind, WireKind::kBytes);
        EXPECT_EQ(row->max_count > 0, repeated);
        break;
      case FieldDescriptor::TYPE_FLOAT:
        EXPECT_EQ(row->kind, repeated ? WireKind::kFixed32s : WireKind::kFixed32);
        break;
      case FieldDescriptor::TYPE_DOUBLE:
        EXPECT_EQ(row->kind, repeated ? WireKind::kFixed64s : WireKind::kFixed64);
        break;
      default:
        EXPECT_EQ(row->kind, repeated ? WireKind::kVarints : WireKind::kVarint);
    }
  }
}

TEST(WireMessagesTest, KnowEveryFieldOfTheProtocol) {
  ExpectTableMatches(*ModelInferRequest::descriptor(), kModelInferWire);
  ExpectTableMatches(*inference::ModelReadyRequest::descriptor(), kModelNameWire);
  ExpectTableMatches(*inference::ModelMetadataRequest::descriptor(), kModelNameWire);
  ExpectTableMatches(*inference::ModelConfigRequest::descriptor(), kModelNameWire);
  ExpectTableMatches(*inference::ModelStatisticsRequest::descriptor(), kModelNameWire);
  ExpectTableMatches(*inference::RepositoryIndexRequest::descriptor(), kRepositoryIndexWire);
  ExpectTableMatches(*inference::ServerLiveRequest::descriptor(), kEmptyWire);
  ExpectTableMatches(*inference::ServerReadyRequest::descriptor(), kEmptyWire);
  ExpectTableMatches(*inference::ServerMetadataRequest::descriptor(), kEmptyWire);
  ExpectTableMatches(*grpc::health::v1::HealthCheckRequest::descriptor(), kHealthCheckWire);
}

}  // namespace
}  // namespace rectifier
