#include "server/service/parsed_request.h"

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <string>

#include "server/core/status.h"
#include "tests/support/cut_bytes.h"

namespace rectifier {
namespace {

using google::protobuf::util::MessageDifferencer;
using inference::ModelInferRequest;

std::string Text(const ScatteredBytes& bytes) {
  std::string text(bytes.size(), '?');
  bytes.CopyTo(std::as_writable_bytes(std::span(text)));
  return text;
}

// Puts the tensors of `parsed` back into its header.
ModelInferRequest Whole(const ParsedRequest& parsed) {
  ModelInferRequest whole = parsed.header();
  for (int i = 0; i < whole.inputs_size(); ++i) {
    EXPECT_FALSE(whole.inputs(i).has_contents());
    if (!parsed.contents(i)) continue;
    EXPECT_TRUE(
        whole.mutable_inputs(i)->mutable_contents()->ParseFromString(Text(*parsed.contents(i))));
  }
  EXPECT_EQ(whole.raw_input_contents_size(), 0);
  for (const ScatteredBytes& raw : parsed.raw_input_contents()) {
    whole.add_raw_input_contents(Text(raw));
  }
  return whole;
}

ModelInferRequest FullRequest() {
  ModelInferRequest request;
  request.set_model_name("digits");
  request.set_model_version("3");
  request.set_id("request-17");
  (*request.mutable_parameters())["timeout"].set_uint64_param(1'000'000);
  for (const char* name : {"a", "none", "b"}) {
    auto* input = request.add_inputs();
    input->set_name(name);
    input->set_datatype("FP32");
    input->add_shape(2);
    input->add_shape(300);
    (*input->mutable_parameters())["binary_data"].set_bool_param(true);
    if (input->name() == "none") continue;
    for (int i = 0; i < 200; ++i) input->mutable_contents()->add_fp32_contents(0.5F);
    input->mutable_contents()->add_bytes_contents(name);
  }
  request.add_outputs()->set_name("y");
  request.add_raw_input_contents(std::string(300, 'r'));
  request.add_raw_input_contents("");
  request.add_raw_input_contents("s");
  return request;
}

TEST(ParsedRequestTest, HoldsWhatAParserReadsWhereverTheBytesAreCut) {
  const ModelInferRequest request = FullRequest();
  const std::string bytes = request.SerializeAsString();
  for (size_t cut = 0; cut <= bytes.size(); ++cut) {
    ParsedRequest parsed;
    const ScatteredBytes pieces = CutAt(bytes, {cut, std::min(cut + 7, bytes.size())});
    ASSERT_EQ(parsed.Parse(pieces), absl::OkStatus());
    EXPECT_TRUE(MessageDifferencer::Equals(Whole(parsed), request)) << cut;
  }
  ParsedRequest parsed;
  ASSERT_EQ(parsed.Parse(SingleBytes(bytes)), absl::OkStatus());
  EXPECT_TRUE(MessageDifferencer::Equals(Whole(parsed), request));
}

TEST(ParsedRequestTest, FieldsMayComeInAnyOrder) {
  const std::string raw("\x3A\x02rr", 4);
  const std::string contents("\x2A\x06\x32\x04\x00\x00\x80\x3F", 8);  // one number
  const std::string first = std::string("\x2A\x0B", 2) + contents + std::string("\x0A\x01x", 3);
  const std::string second("\x2A\x03\x0A\x01y", 5);
  const std::string bytes = raw + second + first + "\x0A\x01m" + second + raw;
  ModelInferRequest request;
  ASSERT_TRUE(request.ParseFromString(bytes));
  ASSERT_EQ(request.inputs(1).contents().fp32_contents(0), 1);
  ParsedRequest parsed;
  ASSERT_EQ(parsed.Parse(CutAt(bytes, {})), absl::OkStatus());
  EXPECT_TRUE(MessageDifferencer::Equals(Whole(parsed), request));
}

TEST(ParsedRequestTest, DamageAtAnyByteGivesWhatAParserReadsOrARefusal) {
  const std::string bytes = FullRequest().SerializeAsString();
  for (size_t at = 0; at < bytes.size(); ++at) {
    for (const int value : {0x00, 0x01, 0x0B, 0x2A, 0x7F, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[at] = static_cast<char>(value);
      ParsedRequest parsed;
      if (!parsed.Parse(CutAt(damaged, {at})).ok()) continue;
      ModelInferRequest request;
      // What the lists of numbers hold is looked at when they are read.
      if (!request.ParseFromString(damaged)) continue;
      request.DiscardUnknownFields();
      ModelInferRequest whole = Whole(parsed);
      whole.DiscardUnknownFields();
      EXPECT_TRUE(MessageDifferencer::Equals(whole, request)) << at << " " << value;
    }
  }
}

TEST(ParsedRequestTest, RefusesWhatTheScanRefuses) {
  ParsedRequest parsed;
  EXPECT_EQ(Message(parsed.Parse(CutAt("\x7B\x7C", {}))),
            "ModelInferRequest: byte 0: groups are not accepted");
}

}  // namespace
}  // namespace rectifier
