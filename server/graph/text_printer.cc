#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "server/graph/text.h"

namespace rectifier {
namespace {

std::string Quoted(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string ValueName(std::string_view name) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/-";
  // A colon at the end would be taken for the one before a type.
  const bool plain = !name.empty() && name.back() != ':' &&
                     name.find_first_not_of(kPlain) == std::string_view::npos;
  return plain ? fmt::format("%{}", name) : "%" + Quoted(name);
}

// Shortest form that reads back as the same float, always recognisable as one.
std::string FloatText(float value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

template <typename T, typename Format>
std::string List(std::span<const T> items, Format format) {
  std::string text = "[";
  for (size_t i = 0; i < items.size(); ++i) text += (i > 0 ? ", " : "") + format(items[i]);
  return text + "]";
}

struct AttributeText {
  std::string operator()(int64_t value) const { return std::to_string(value); }
  std::string operator()(float value) const { return FloatText(value); }
  std::string operator()(const std::string& value) const { return Quoted(value); }
  std::string operator()(const std::vector<int64_t>& values) const {
    return List<int64_t>(values, [](int64_t v) { return std::to_string(v); });
  }
  std::string operator()(const std::vector<float>& values) const {
    return List<float>(values, FloatText);
  }
};

template <typename T, typename Format>
std::string Elements(const Tensor& tensor, Format format) {
  const auto data = tensor.data<T>();
  if (data.empty()) return "[]";
  // A single number stands for all elements when they have the same bits.
  const bool uniform = std::all_of(data.begin(), data.end(), [&](const T& v) {
    // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): the bits are what is asked for
    return std::memcmp(&v, &data[0], sizeof(T)) == 0;
  });
  return uniform ? format(data[0]) : List<T>(data, format);
}

template <typename T>
std::string IntegerText(T value) {
  return std::to_string(static_cast<int64_t>(value));
}

std::string ConstantText(const Tensor& tensor, int64_t max_elements) {
  if (tensor.ElementCount() > max_elements) return "elided";
  switch (tensor.dtype()) {
    case DType::kFloat32:
      return Elements<float>(tensor, FloatText);
    case DType::kInt64:
      return Elements<int64_t>(tensor, IntegerText<int64_t>);
    case DType::kInt32:
      return Elements<int32_t>(tensor, IntegerText<int32_t>);
    case DType::kUInt8:
      return Elements<uint8_t>(tensor, IntegerText<uint8_t>);
    case DType::kInt8:
      return Elements<int8_t>(tensor, IntegerText<int8_t>);
    case DType::kBool:
      return Elements<bool>(tensor, IntegerText<bool>);
    default:
      return "elided";
  }
}

std::string TypeText(const TensorType& type) {
  return fmt::format("{}{}", Name(type.dtype), type.shape.ToString());
}

class Printer {
 public:
  Printer(const Graph& graph, const PrintOptions& options) : graph_(graph), options_(options) {}

  std::string Print() {
    text_ = fmt::format("graph {}\n", Quoted(graph_.name));
    for (const ValueId id : graph_.inputs()) {
      text_ += fmt::format("input {}: {}\n", Operand(id), TypeText(*graph_.value(id).type));
    }
    PrintConstants();
    for (const Node& node : graph_.nodes()) text_ += NodeText(node) + "\n";
    for (const Graph::Output& output : graph_.outputs()) {
      text_ += "output ";
      if (output.name != graph_.value(output.value).name) text_ += Quoted(output.name) + " = ";
      text_ += Operand(output.value) + "\n";
    }
    return text_;
  }

 private:
  std::string Operand(ValueId id) const {
    return id == kNoValue ? "_" : ValueName(graph_.value(id).name);
  }

  // Only those that something reads: a pass leaves others behind.
  void PrintConstants() {
    std::vector<bool> read(static_cast<size_t>(graph_.value_count()), false);
    const auto mark = [&](ValueId id) {
      if (id != kNoValue) read[static_cast<size_t>(id)] = true;
    };
    for (const Node& node : graph_.nodes()) {
      for (const ValueId id : node.inputs) mark(id);
      for (const PostOp& post_op : node.post_ops) {
        for (const ValueId id : post_op.operands) mark(id);
      }
    }
    for (const Graph::Output& output : graph_.outputs()) mark(output.value);
    for (ValueId id = 0; id < graph_.value_count(); ++id) {
      const Value& value = graph_.value(id);
      if (!read[static_cast<size_t>(id)] || value.constant == nullptr) continue;
      text_ += fmt::format("const {}: {} = {}\n", Operand(id), TypeText(*value.type),
                           ConstantText(*value.constant, options_.max_constant_elements));
    }
  }

  std::string Operands(const std::vector<ValueId>& ids) const {
    std::string text;
    for (size_t i = 0; i < ids.size(); ++i) text += (i > 0 ? ", " : "") + Operand(ids[i]);
    return text;
  }

  static std::string AttributesText(const Attributes& attributes) {
    if (attributes.empty()) return "";
    std::string text;
    for (const auto& [name, value] : attributes) {
      text += (text.empty() ? "" : ", ") + name + " = " + std::visit(AttributeText{}, value);
    }
    return " {" + text + "}";
  }

  std::string NodeText(const Node& node) const {
    std::string text;
    for (size_t i = 0; i < node.outputs.size(); ++i) {
      const ValueId id = node.outputs[i];
      text += (i > 0 ? ", " : "") + Operand(id);
      if (options_.types && id != kNoValue && graph_.value(id).type) {
        text += ": " + TypeText(*graph_.value(id).type);
      }
    }
    text +=
        fmt::format(" = {}({}){}", node.op, Operands(node.inputs), AttributesText(node.attributes));
    if (node.outputs[0] == kNoValue || node.name != graph_.value(node.outputs[0]).name) {
      text += " @" + Quoted(node.name);
    }
    for (const PostOp& post_op : node.post_ops) {
      text += fmt::format(" -> {}({}){}", post_op.op, Operands(post_op.operands),
                          AttributesText(post_op.attributes));
      if (!post_op.name.empty()) text += " @" + Quoted(post_op.name);
    }
    return text;
  }

  const Graph& graph_;
  const PrintOptions& options_;
  std::string text_;
};

}  // namespace

std::string PrintGraph(const Graph& graph, const PrintOptions& options) {
  return Printer(graph, options).Print();
}

}  // namespace rectifier
