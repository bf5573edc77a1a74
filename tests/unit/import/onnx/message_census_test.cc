#include "server/import/onnx/message_census.h"

#include <gtest/gtest.h>

#include "tests/unit/import/onnx/import_testing.h"

namespace rectifier {
namespace {

std::string Census(const std::string& bytes, const ImportLimits& limits = {}) {
  const absl::Status status = TakeCensus("m", bytes, limits);
  return absl::StatusCodeToString(status.code()) + " " + std::string(Message(status));
}

TEST(MessageCensusTest, NodesAndInitializersAreBounded) {
  ImportLimits limits;
  limits.max_nodes = 2;
  limits.max_initializers = 2;
  OnnxBuilder model(17);
  model.Node("Relu", {"x"}, {"a"}).Node("Relu", {"a"}, {"b"}).Filled("v", {1}).Filled("w", {1});
  EXPECT_EQ(Census(model.Bytes(), limits), "OK ");
  OnnxBuilder nodes = model;
  EXPECT_EQ(Census(nodes.Node("Relu", {"b"}, {"c"}).Bytes(), limits),
            "RESOURCE_EXHAUSTED m: has more than 2 nodes");
  OnnxBuilder initializers = model;
  EXPECT_EQ(Census(initializers.Filled("u", {1}).Bytes(), limits),
            "RESOURCE_EXHAUSTED m: has more than 2 initializers");
  OnnxBuilder sparse = model;
  sparse.graph().add_sparse_initializer();
  EXPECT_EQ(Census(sparse.Bytes(), limits), "RESOURCE_EXHAUSTED m: has more than 2 initializers");
}

TEST(MessageCensusTest, SmallEntriesThatWouldGrowInMemoryAreBounded) {
  ImportLimits limits;
  limits.max_entries = 1000;
  OnnxBuilder model(17);
  model.Node("Relu", {"x"}, {"a"});
  for (int i = 0; i < 2000; ++i) model.graph().mutable_node(0)->add_attribute();
  EXPECT_EQ(Census(model.Bytes(), limits), "RESOURCE_EXHAUSTED m: has more than 1000 entries");
  OnnxBuilder subgraph(17);
  subgraph.Node("If", {"x"}, {"a"});
  auto* inner = subgraph.graph().mutable_node(0)->add_attribute()->mutable_g();
  for (int i = 0; i < 2000; ++i) inner->add_value_info();
  EXPECT_EQ(Census(subgraph.Bytes(), limits), "RESOURCE_EXHAUSTED m: has more than 1000 entries");
}

TEST(MessageCensusTest, DeepNestingIsRefused) {
  onnx::ModelProto model;
  onnx::TypeProto* type = model.mutable_graph()->add_input()->mutable_type();
  for (int i = 0; i < 50; ++i) type = type->mutable_sequence_type()->mutable_elem_type();
  EXPECT_EQ(Census(model.SerializeAsString()),
            "INVALID_ARGUMENT m: messages are nested more than 64 deep");
}

TEST(MessageCensusTest, WhatTheCensusTakesTheParserTakes) {
  for (int depth = 20; depth < 40; ++depth) {
    OnnxBuilder model = XToY(17, {2});
    model.Node("Tanh", {"x"}, {"y"});
    auto* info = model.graph().add_value_info();
    onnx::TypeProto* type = info->mutable_type();
    for (int i = 0; i < depth; ++i) type = type->mutable_sequence_type()->mutable_elem_type();
    type->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(1);
    const bool counted = TakeCensus("m", model.Bytes(), {}).ok();
    EXPECT_EQ(ImportOnnx("m", model.Bytes(), {}).ok(), counted) << depth;
  }
}

TEST(MessageCensusTest, DamageIsLocated) {
  // ModelProto.graph of 2 bytes, whose first field claims 5.
  EXPECT_EQ(Census(std::string("\x3a\x02\x0a\x05", 4)),
            "INVALID_ARGUMENT m: the file is damaged at byte 4");
  // A group, and a varint of eleven bytes.
  EXPECT_EQ(Census("\x0b"), "INVALID_ARGUMENT m: the file is cut short or not ONNX");
  EXPECT_EQ(Census(std::string(11, '\xff')),
            "INVALID_ARGUMENT m: the file is cut short or not ONNX");
  EXPECT_EQ(Census("this is some text"), "INVALID_ARGUMENT m: the file is cut short or not ONNX");
}

}  // namespace
}  // namespace rectifier
