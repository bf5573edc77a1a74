#pragma once

#include <onnx/onnx_pb.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rectifier {

// An attribute of a node, by the type of its value.
inline onnx::AttributeProto Attribute(std::string_view name, float value) {
  onnx::AttributeProto attribute;
  attribute.set_name(std::string(name));
  attribute.set_type(onnx::AttributeProto::FLOAT);
  attribute.set_f(value);
  return attribute;
}
inline onnx::AttributeProto Attribute(std::string_view name, int64_t value) {
  onnx::AttributeProto attribute;
  attribute.set_name(std::string(name));
  attribute.set_type(onnx::AttributeProto::INT);
  attribute.set_i(value);
  return attribute;
}
inline onnx::AttributeProto Attribute(std::string_view name, int value) {
  return Attribute(name, int64_t{value});
}
inline onnx::AttributeProto Attribute(std::string_view name, const char* value) {
  onnx::AttributeProto attribute;
  attribute.set_name(std::string(name));
  attribute.set_type(onnx::AttributeProto::STRING);
  attribute.set_s(value);
  return attribute;
}
inline onnx::AttributeProto Attribute(std::string_view name, const std::vector<int64_t>& values) {
  onnx::AttributeProto attribute;
  attribute.set_name(std::string(name));
  attribute.set_type(onnx::AttributeProto::INTS);
  for (const int64_t value : values) attribute.add_ints(value);
  return attribute;
}
inline onnx::AttributeProto FloatsAttribute(std::string_view name,
                                            const std::vector<float>& values) {
  onnx::AttributeProto attribute;
  attribute.set_name(std::string(name));
  attribute.set_type(onnx::AttributeProto::FLOATS);
  for (const float value : values) attribute.add_floats(value);
  return attribute;
}
inline onnx::AttributeProto Attribute(std::string_view name, onnx::TensorProto value) {
  onnx::AttributeProto attribute;
  attribute.set_name(std::string(name));
  attribute.set_type(onnx::AttributeProto::TENSOR);
  *attribute.mutable_t() = std::move(value);
  return attribute;
}

inline onnx::TensorProto OnnxTensor(int type, const std::vector<int64_t>& dims) {
  onnx::TensorProto tensor;
  tensor.set_data_type(type);
  for (const int64_t dim : dims) tensor.add_dims(dim);
  return tensor;
}

// With the elements in raw_data, as most exporters write them.
template <typename T>
onnx::TensorProto RawTensor(int type, const std::vector<int64_t>& dims,
                            const std::vector<T>& values) {
  onnx::TensorProto tensor = OnnxTensor(type, dims);
  tensor.set_raw_data(values.data(), values.size() * sizeof(T));
  return tensor;
}

// Writes ONNX models for tests, a line of code for a line of the graph.
class OnnxBuilder {
 public:
  explicit OnnxBuilder(int opset = 17) {
    model_.set_ir_version(8);
    onnx::OperatorSetIdProto* import = model_.add_opset_import();
    import->set_domain("");
    import->set_version(opset);
    graph().set_name("g");
  }

  onnx::ModelProto& model() { return model_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  std::string Bytes() const { return model_.SerializeAsString(); }

  // A negative dimension becomes a named one.
  OnnxBuilder& Input(std::string_view name, const std::vector<int64_t>& dims,
                     int type = onnx::TensorProto::FLOAT) {
    onnx::ValueInfoProto* input = graph().add_input();
    input->set_name(std::string(name));
    auto* tensor = input->mutable_type()->mutable_tensor_type();
    tensor->set_elem_type(type);
    tensor->mutable_shape();
    for (const int64_t dim : dims) {
      auto* to = tensor->mutable_shape()->add_dim();
      if (dim < 0) {
        to->set_dim_param("n");
      } else {
        to->set_dim_value(dim);
      }
    }
    return *this;
  }

  OnnxBuilder& Output(std::string_view name) {
    graph().add_output()->set_name(std::string(name));
    return *this;
  }

  OnnxBuilder& Initializer(std::string_view name, onnx::TensorProto tensor) {
    tensor.set_name(std::string(name));
    *graph().add_initializer() = std::move(tensor);
    return *this;
  }
  OnnxBuilder& Floats(std::string_view name, const std::vector<int64_t>& dims,
                      const std::vector<float>& values) {
    return Initializer(name, RawTensor(onnx::TensorProto::FLOAT, dims, values));
  }
  // All elements are `value`.
  OnnxBuilder& Filled(std::string_view name, const std::vector<int64_t>& dims, float value = 1) {
    size_t count = 1;
    for (const int64_t dim : dims) count *= static_cast<size_t>(dim);
    return Floats(name, dims, std::vector<float>(count, value));
  }
  OnnxBuilder& Ints(std::string_view name, const std::vector<int64_t>& values) {
    return Initializer(
        name, RawTensor(onnx::TensorProto::INT64, {static_cast<int64_t>(values.size())}, values));
  }

  OnnxBuilder& Node(std::string_view op, const std::vector<std::string>& inputs,
                    const std::vector<std::string>& outputs,
                    std::initializer_list<onnx::AttributeProto> attributes = {}) {
    onnx::NodeProto* node = graph().add_node();
    node->set_op_type(std::string(op));
    for (const std::string& name : inputs) node->add_input(name);
    for (const std::string& name : outputs) node->add_output(name);
    for (const onnx::AttributeProto& attribute : attributes) *node->add_attribute() = attribute;
    return *this;
  }
  // The node that was added last.
  OnnxBuilder& Named(std::string_view name) {
    graph().mutable_node(graph().node_size() - 1)->set_name(std::string(name));
    return *this;
  }

 private:
  onnx::ModelProto model_;
};

}  // namespace rectifier
