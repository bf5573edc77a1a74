#include "server/import/onnx/function_inliner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/import/onnx/import_testing.h"

namespace rectifier {
namespace {

using testing::HasSubstr;

onnx::NodeProto Node(const char* op, std::initializer_list<const char*> inputs,
                     std::initializer_list<const char*> outputs, const char* domain = "") {
  onnx::NodeProto node;
  node.set_op_type(op);
  node.set_domain(domain);
  for (const char* input : inputs) node.add_input(input);
  for (const char* output : outputs) node.add_output(output);
  return node;
}

// leaky(v) {slope} in the domain "custom": LeakyRelu with alpha = slope, then Neg.
onnx::FunctionProto Leaky() {
  onnx::FunctionProto function;
  function.set_domain("custom");
  function.set_name("Leaky");
  function.add_input("v");
  function.add_output("w");
  function.add_attribute("slope");
  onnx::NodeProto& leaky = *function.add_node();
  leaky = Node("LeakyRelu", {"v"}, {"t"});
  onnx::AttributeProto& alpha = *leaky.add_attribute();
  alpha.set_name("alpha");
  alpha.set_type(onnx::AttributeProto::FLOAT);
  alpha.set_ref_attr_name("slope");
  *function.add_node() = Node("Neg", {"t"}, {"w"});
  return function;
}

OnnxBuilder Calling(const onnx::FunctionProto& function) {
  OnnxBuilder model = XToY(13, {2});
  *model.model().add_functions() = function;
  return model;
}

TEST(FunctionInlinerTest, ACallBecomesTheFunctionsNodes) {
  OnnxBuilder model = Calling(Leaky());
  *model.graph().add_node() = Node("Leaky", {"x"}, {"m"}, "custom");
  *model.graph().mutable_node(0)->add_attribute() = Attribute("slope", 0.5F);
  *model.graph().add_node() = Node("Leaky", {"m"}, {"y"}, "custom");
  model.graph().mutable_node(1)->set_name("second");
  EXPECT_EQ(ImportedText(model), R"(graph "g"
input %x: f32[2]
const %m/t.slope: f32[] = 0.5
const %second/t.slope: f32[] = 0.01
%m/t: f32[2] = Rectifier(%x, %m/t.slope) {origin = "leaky_relu"}
%m: f32[2] = Neg(%m/t)
%second/t: f32[2] = Rectifier(%m, %second/t.slope) {origin = "leaky_relu"}
%y: f32[2] = Neg(%second/t)
output %y
)");
}

TEST(FunctionInlinerTest, AFunctionThatCallsItselfIsRefused) {
  onnx::FunctionProto function = Leaky();
  *function.mutable_node(1) = Node("Leaky", {"t"}, {"w"}, "custom");
  OnnxBuilder model = Calling(function);
  *model.graph().add_node() = Node("Leaky", {"x"}, {"y"}, "custom");
  EXPECT_EQ(ImportedText(model),
            "INVALID_ARGUMENT: y (Leaky): is inside more than 32 functions or branches");
}

TEST(FunctionInlinerTest, FunctionsThatDoubleEachOtherAreRefusedBeforeTheyFillTheMemory) {
  OnnxBuilder model = XToY(13, {2});
  for (int i = 0; i < 30; ++i) {
    onnx::FunctionProto& function = *model.model().add_functions();
    function.set_domain("custom");
    function.set_name("F" + std::to_string(i));
    function.add_input("v");
    function.add_output("w");
    const std::string next = i == 29 ? "Neg" : "F" + std::to_string(i + 1);
    const char* domain = i == 29 ? "" : "custom";
    *function.add_node() = Node(next.c_str(), {"v"}, {"t"}, domain);
    *function.add_node() = Node(next.c_str(), {"t"}, {"w"}, domain);
  }
  *model.graph().add_node() = Node("F0", {"x"}, {"y"}, "custom");
  EXPECT_THAT(ImportedText(model), HasSubstr("the graph has more than 100000 nodes"));
}

TEST(FunctionInlinerTest, TooManyInputsAreRefused) {
  OnnxBuilder model = Calling(Leaky());
  *model.graph().add_node() = Node("Leaky", {"x", "x"}, {"y"}, "custom");
  EXPECT_EQ(ImportedText(model),
            "INVALID_ARGUMENT: y (Leaky): expected at most 1 inputs and 1 outputs, got 2 and 1");
}

TEST(FunctionInlinerTest, AFunctionOfAnotherOperatorSetIsRefused) {
  onnx::FunctionProto function = Leaky();
  function.add_opset_import()->set_version(17);
  OnnxBuilder model = Calling(function);
  *model.graph().add_node() = Node("Leaky", {"x"}, {"y"}, "custom");
  EXPECT_EQ(ImportedText(model),
            "UNIMPLEMENTED: y (Leaky): its function is of version 17 of the default operator set, "
            "the graph of 13");
}

// y = condition ? tanh(x) : w + x, with a w of the branch.
OnnxBuilder Branching(bool constant, bool condition) {
  OnnxBuilder model = XToY(13, {2});
  if (constant) {
    model.Initializer("c", RawTensor<uint8_t>(onnx::TensorProto::BOOL, {},
                                              {static_cast<uint8_t>(condition ? 1 : 0)}));
  } else {
    model.Input("c", {}, onnx::TensorProto::BOOL);
  }
  onnx::NodeProto node = Node("If", {"c"}, {"y"});
  onnx::AttributeProto& then_branch = *node.add_attribute();
  then_branch.set_name("then_branch");
  then_branch.set_type(onnx::AttributeProto::GRAPH);
  *then_branch.mutable_g()->add_node() = Node("Tanh", {"x"}, {"r"});
  then_branch.mutable_g()->add_output()->set_name("r");
  onnx::AttributeProto& else_branch = *node.add_attribute();
  else_branch.set_name("else_branch");
  else_branch.set_type(onnx::AttributeProto::GRAPH);
  onnx::TensorProto& w = *else_branch.mutable_g()->add_initializer();
  w.set_name("w");
  w.set_data_type(onnx::TensorProto::FLOAT);
  w.add_float_data(3);
  *else_branch.mutable_g()->add_node() = Node("Add", {"w", "x"}, {"s"});
  else_branch.mutable_g()->add_output()->set_name("s");
  *model.graph().add_node() = node;
  return model;
}

TEST(FunctionInlinerTest, AnIfWithAConstantConditionBecomesItsBranch) {
  EXPECT_EQ(ImportedText(Branching(true, true)), R"(graph "g"
input %x: f32[2]
%y: f32[2] = Tanh(%x)
output %y
)");
  EXPECT_EQ(ImportedText(Branching(true, false)), R"(graph "g"
input %x: f32[2]
const %y/w: f32[] = 3.0
%y: f32[2] = Add(%y/w, %x)
output %y
)");
}

TEST(FunctionInlinerTest, AnIfWithAComputedConditionIsRefused) {
  EXPECT_EQ(ImportedText(Branching(false, false)),
            "UNIMPLEMENTED: y (If): input 0 (cond): only a constant condition is supported");
}

}  // namespace
}  // namespace rectifier
