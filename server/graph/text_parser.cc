#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <unordered_map>
#include <utility>

#include "server/core/float_formats.h"
#include "server/core/status.h"
#include "server/graph/text.h"
#include "server/graph/verifier.h"

namespace rectifier {
namespace {

// Reads one line from left to right. Every Take… function skips spaces first.
class LineScanner {
 public:
  LineScanner(std::string_view line, int number)
      : rest_(line), place_(fmt::format("line {}", number)) {}

  const std::string& place() const { return place_; }

  void SkipSpaces() {
    while (!rest_.empty() && (rest_[0] == ' ' || rest_[0] == '\t')) rest_.remove_prefix(1);
  }
  bool AtEnd() {
    SkipSpaces();
    return rest_.empty() || rest_[0] == '#';
  }
  bool TryTake(std::string_view token) {
    SkipSpaces();
    if (rest_.substr(0, token.size()) != token) return false;
    rest_.remove_prefix(token.size());
    return true;
  }
  bool Peek(char c) {
    SkipSpaces();
    return !rest_.empty() && rest_[0] == c;
  }
  absl::Status Take(std::string_view token) {
    if (TryTake(token)) return absl::OkStatus();
    return InvalidArgument(place_, "expected '{}' at '{}'", token, rest_.substr(0, 20));
  }
  std::string TakeWord(std::string_view allowed) {
    SkipSpaces();
    const size_t length = std::min(rest_.find_first_not_of(allowed), rest_.size());
    std::string word(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return word;
  }
  absl::StatusOr<std::string> TakeIdentifier() {
    std::string word = TakeWord(kIdentifier);
    if (word.empty()) {
      return InvalidArgument(place_, "expected a name at '{}'", rest_.substr(0, 20));
    }
    return word;
  }
  absl::StatusOr<std::string> TakeQuoted() {
    RECTIFIER_RETURN_IF_ERROR(Take("\""));
    std::string text;
    while (!rest_.empty() && rest_[0] != '"') {
      char c = rest_[0];
      size_t length = 1;
      if (c == '\\' && rest_.size() >= 4 && rest_[1] == 'x') {
        unsigned code = 0;
        std::from_chars(rest_.data() + 2, rest_.data() + 4, code, 16);
        c = static_cast<char>(code);
        length = 4;
      } else if (c == '\\' && rest_.size() >= 2) {
        c = rest_[1];
        length = 2;
      }
      text += c;
      rest_.remove_prefix(length);
    }
    RECTIFIER_RETURN_IF_ERROR(Take("\""));
    return text;
  }
  // %name or %"name".
  absl::StatusOr<std::string> TakeValueName() {
    RECTIFIER_RETURN_IF_ERROR(Take("%"));
    if (Peek('"')) return TakeQuoted();
    std::string name = TakeWord(kPlainName);
    // A type may follow the name: "%x: f32[2]".
    if (!name.empty() && name.back() == ':') {
      name.pop_back();
      rest_ = std::string_view(rest_.data() - 1, rest_.size() + 1);
    }
    if (name.empty()) return InvalidArgument(place_, "expected a value's name after '%'");
    return name;
  }
  // A number as text: digits, sign, point, exponent, inf, nan.
  absl::StatusOr<std::string> TakeNumber() {
    std::string word = TakeWord("0123456789+-.einfa");
    if (word.empty()) {
      return InvalidArgument(place_, "expected a number at '{}'", rest_.substr(0, 20));
    }
    return word;
  }

 private:
  static constexpr std::string_view kIdentifier =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  static constexpr std::string_view kPlainName =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/-";

  std::string_view rest_;
  std::string place_;
};

bool IsFloatText(const std::string& text) {
  return text.find_first_of(".einfa") != std::string::npos;
}

template <typename T>
absl::StatusOr<T> ParseNumber(const std::string& place, const std::string& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) {
    return InvalidArgument(place, "'{}' is not a number of the wanted type", text);
  }
  return value;
}

template <typename T>
absl::StatusOr<Tensor> FillTensor(LineScanner& in, const Shape& shape,
                                  const std::vector<std::string>& numbers, bool list) {
  RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Allocate({kDTypeOf<T>, shape}));
  const auto data = tensor.template data<T>();
  if (list && numbers.size() != data.size()) {
    return InvalidArgument(in.place(), "expected {} elements, got {}", data.size(), numbers.size());
  }
  for (size_t i = 0; i < data.size(); ++i) {
    const std::string& text = numbers[list ? i : 0];
    if constexpr (std::is_same_v<T, bool>) {
      RECTIFIER_ASSIGN_OR_RETURN(const int value, ParseNumber<int>(in.place(), text));
      data[i] = value != 0;
    } else {
      RECTIFIER_ASSIGN_OR_RETURN(data[i], ParseNumber<T>(in.place(), text));
    }
  }
  return tensor;
}

class Parser {
 public:
  absl::StatusOr<Graph> Parse(std::string_view text) {
    int number = 0;
    while (!text.empty()) {
      const size_t end = std::min(text.find('\n'), text.size());
      LineScanner in(text.substr(0, end), ++number);
      text.remove_prefix(std::min(end + 1, text.size()));
      if (!in.AtEnd()) RECTIFIER_RETURN_IF_ERROR(ParseLine(in));
    }
    RECTIFIER_RETURN_IF_ERROR(VerifyGraph(graph_));
    return std::move(graph_);
  }

 private:
  absl::Status ParseLine(LineScanner& in) {
    absl::Status status;
    if (in.TryTake("graph ")) {
      RECTIFIER_ASSIGN_OR_RETURN(graph_.name, in.TakeQuoted());
    } else if (in.TryTake("input ")) {
      status = ParseInput(in);
    } else if (in.TryTake("const ")) {
      status = ParseConstant(in);
    } else if (in.TryTake("output ")) {
      status = ParseOutput(in);
    } else {
      status = ParseNode(in);
    }
    RECTIFIER_RETURN_IF_ERROR(status);
    if (!in.AtEnd()) return InvalidArgument(in.place(), "something follows the statement");
    return absl::OkStatus();
  }

  absl::StatusOr<ValueId> Define(LineScanner& in, const std::string& name) {
    const ValueId id = graph_.AddValue({name, std::nullopt, nullptr});
    if (!ids_.emplace(name, id).second) {
      return InvalidArgument(in.place(), "%{} is defined a second time", name);
    }
    return id;
  }

  absl::StatusOr<ValueId> TakeOperand(LineScanner& in) {
    if (in.TryTake("_")) return kNoValue;
    RECTIFIER_ASSIGN_OR_RETURN(const std::string name, in.TakeValueName());
    const auto found = ids_.find(name);
    if (found == ids_.end()) return InvalidArgument(in.place(), "%{} is not defined", name);
    return found->second;
  }

  absl::StatusOr<std::vector<ValueId>> TakeOperands(LineScanner& in) {
    std::vector<ValueId> operands;
    RECTIFIER_RETURN_IF_ERROR(in.Take("("));
    if (in.TryTake(")")) return operands;
    do {
      RECTIFIER_ASSIGN_OR_RETURN(const ValueId id, TakeOperand(in));
      operands.push_back(id);
    } while (in.TryTake(","));
    RECTIFIER_RETURN_IF_ERROR(in.Take(")"));
    return operands;
  }

  absl::StatusOr<TensorType> TakeType(LineScanner& in) {
    RECTIFIER_ASSIGN_OR_RETURN(const std::string name, in.TakeIdentifier());
    const auto dtype = ParseDType(name);
    if (!dtype) return InvalidArgument(in.place(), "'{}' is not an element type", name);
    TensorType type{*dtype, {}};
    RECTIFIER_RETURN_IF_ERROR(in.Take("["));
    if (in.TryTake("]")) return type;
    do {
      if (in.TryTake("?")) {
        type.shape.push_back(kDynamicDim);
        continue;
      }
      RECTIFIER_ASSIGN_OR_RETURN(const std::string digits, in.TakeNumber());
      RECTIFIER_ASSIGN_OR_RETURN(const int64_t dim, ParseNumber<int64_t>(in.place(), digits));
      if (dim < 0) return InvalidArgument(in.place(), "dimension {} is negative", dim);
      type.shape.push_back(dim);
    } while (in.TryTake(","));
    RECTIFIER_RETURN_IF_ERROR(in.Take("]"));
    return type;
  }

  absl::Status ParseInput(LineScanner& in) {
    RECTIFIER_ASSIGN_OR_RETURN(const std::string name, in.TakeValueName());
    RECTIFIER_RETURN_IF_ERROR(in.Take(":"));
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId id, Define(in, name));
    RECTIFIER_ASSIGN_OR_RETURN(graph_.value(id).type, TakeType(in));
    graph_.inputs().push_back(id);
    return absl::OkStatus();
  }

  absl::StatusOr<Tensor> TakeElements(LineScanner& in, const TensorType& type) {
    if (in.TryTake("seed(")) {
      RECTIFIER_ASSIGN_OR_RETURN(const std::string digits, in.TakeNumber());
      RECTIFIER_ASSIGN_OR_RETURN(const uint64_t seed, ParseNumber<uint64_t>(in.place(), digits));
      RECTIFIER_RETURN_IF_ERROR(in.Take(")"));
      if (type.dtype != DType::kFloat32) {
        return InvalidArgument(in.place(), "seed() makes f32 only");
      }
      return SeededTensor(type.shape, seed);
    }
    if (in.TryTake("elided")) {
      return InvalidArgument(in.place(), "the elements were left out when this was printed");
    }
    std::vector<std::string> numbers;
    const bool list = in.TryTake("[");
    if (!list || !in.TryTake("]")) {
      do {
        RECTIFIER_ASSIGN_OR_RETURN(std::string number, in.TakeNumber());
        numbers.push_back(std::move(number));
      } while (list && in.TryTake(","));
      if (list) RECTIFIER_RETURN_IF_ERROR(in.Take("]"));
    }
    switch (type.dtype) {
      case DType::kFloat32:
        return FillTensor<float>(in, type.shape, numbers, list);
      case DType::kInt64:
        return FillTensor<int64_t>(in, type.shape, numbers, list);
      case DType::kInt32:
        return FillTensor<int32_t>(in, type.shape, numbers, list);
      case DType::kUInt8:
        return FillTensor<uint8_t>(in, type.shape, numbers, list);
      case DType::kInt8:
        return FillTensor<int8_t>(in, type.shape, numbers, list);
      case DType::kBool:
        return FillTensor<bool>(in, type.shape, numbers, list);
      default:
        return InvalidArgument(in.place(), "constants of type {} have no text form",
                               Name(type.dtype));
    }
  }

  absl::Status ParseConstant(LineScanner& in) {
    RECTIFIER_ASSIGN_OR_RETURN(const std::string name, in.TakeValueName());
    RECTIFIER_RETURN_IF_ERROR(in.Take(":"));
    RECTIFIER_ASSIGN_OR_RETURN(const TensorType type, TakeType(in));
    if (!type.shape.IsStatic()) return InvalidArgument(in.place(), "a constant has a known shape");
    RECTIFIER_RETURN_IF_ERROR(in.Take("="));
    RECTIFIER_ASSIGN_OR_RETURN(Tensor tensor, TakeElements(in, type));
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId id, Define(in, name));
    graph_.value(id).type = type;
    graph_.value(id).constant = std::make_shared<const Tensor>(std::move(tensor));
    return absl::OkStatus();
  }

  absl::Status ParseOutput(LineScanner& in) {
    std::string name;
    if (in.Peek('"')) {
      RECTIFIER_ASSIGN_OR_RETURN(name, in.TakeQuoted());
      RECTIFIER_RETURN_IF_ERROR(in.Take("="));
    }
    RECTIFIER_ASSIGN_OR_RETURN(const ValueId id, TakeOperand(in));
    if (id == kNoValue) return InvalidArgument(in.place(), "an output needs a value");
    graph_.outputs().push_back({name.empty() ? graph_.value(id).name : name, id});
    return absl::OkStatus();
  }

  absl::StatusOr<AttributeValue> TakeAttribute(LineScanner& in) {
    if (in.Peek('"')) {
      RECTIFIER_ASSIGN_OR_RETURN(std::string text, in.TakeQuoted());
      return AttributeValue(std::move(text));
    }
    if (!in.TryTake("[")) {
      RECTIFIER_ASSIGN_OR_RETURN(const std::string text, in.TakeNumber());
      if (IsFloatText(text)) {
        RECTIFIER_ASSIGN_OR_RETURN(const float value, ParseNumber<float>(in.place(), text));
        return AttributeValue(value);
      }
      RECTIFIER_ASSIGN_OR_RETURN(const int64_t value, ParseNumber<int64_t>(in.place(), text));
      return AttributeValue(value);
    }
    std::vector<int64_t> integers;
    std::vector<float> floats;
    if (in.TryTake("]")) return AttributeValue(integers);
    do {
      RECTIFIER_ASSIGN_OR_RETURN(const std::string text, in.TakeNumber());
      if (IsFloatText(text)) {
        RECTIFIER_ASSIGN_OR_RETURN(const float value, ParseNumber<float>(in.place(), text));
        floats.push_back(value);
      } else {
        RECTIFIER_ASSIGN_OR_RETURN(const int64_t value, ParseNumber<int64_t>(in.place(), text));
        integers.push_back(value);
      }
    } while (in.TryTake(","));
    RECTIFIER_RETURN_IF_ERROR(in.Take("]"));
    if (!floats.empty() && !integers.empty()) {
      return InvalidArgument(in.place(), "a list holds integers or floats, not both");
    }
    if (floats.empty()) return AttributeValue(std::move(integers));
    return AttributeValue(std::move(floats));
  }

  absl::Status TakeAttributes(LineScanner& in, Attributes* attributes) {
    if (!in.TryTake("{")) return absl::OkStatus();
    do {
      RECTIFIER_ASSIGN_OR_RETURN(const std::string name, in.TakeIdentifier());
      RECTIFIER_RETURN_IF_ERROR(in.Take("="));
      RECTIFIER_ASSIGN_OR_RETURN((*attributes)[name], TakeAttribute(in));
    } while (in.TryTake(","));
    return in.Take("}");
  }

  absl::Status ParseNode(LineScanner& in) {
    struct Result {
      std::string name;
      std::optional<TensorType> type;
    };
    std::vector<Result> results;
    do {
      Result result;
      if (!in.TryTake("_")) {
        RECTIFIER_ASSIGN_OR_RETURN(result.name, in.TakeValueName());
        if (in.TryTake(":")) {
          RECTIFIER_ASSIGN_OR_RETURN(result.type, TakeType(in));
        }
      }
      results.push_back(std::move(result));
    } while (in.TryTake(","));
    RECTIFIER_RETURN_IF_ERROR(in.Take("="));
    Node node;
    RECTIFIER_ASSIGN_OR_RETURN(node.op, in.TakeIdentifier());
    RECTIFIER_ASSIGN_OR_RETURN(node.inputs, TakeOperands(in));
    RECTIFIER_RETURN_IF_ERROR(TakeAttributes(in, &node.attributes));
    node.name = results[0].name;
    if (in.TryTake("@")) {
      RECTIFIER_ASSIGN_OR_RETURN(node.name, in.TakeQuoted());
    }
    while (in.TryTake("->")) {
      PostOp post_op;
      RECTIFIER_ASSIGN_OR_RETURN(post_op.op, in.TakeIdentifier());
      RECTIFIER_ASSIGN_OR_RETURN(post_op.operands, TakeOperands(in));
      RECTIFIER_RETURN_IF_ERROR(TakeAttributes(in, &post_op.attributes));
      if (in.TryTake("@")) {
        RECTIFIER_ASSIGN_OR_RETURN(post_op.name, in.TakeQuoted());
      }
      node.post_ops.push_back(std::move(post_op));
    }
    for (Result& result : results) {
      if (result.name.empty()) {
        node.outputs.push_back(kNoValue);
        continue;
      }
      RECTIFIER_ASSIGN_OR_RETURN(const ValueId id, Define(in, result.name));
      graph_.value(id).type = std::move(result.type);
      node.outputs.push_back(id);
    }
    graph_.nodes().push_back(std::move(node));
    return absl::OkStatus();
  }

  Graph graph_;
  std::unordered_map<std::string, ValueId> ids_;
};

}  // namespace

absl::StatusOr<Graph> ParseGraph(std::string_view text) { return Parser().Parse(text); }

Tensor SeededTensor(const Shape& shape, uint64_t seed) {
  absl::StatusOr<Tensor> tensor = Tensor::Allocate({DType::kFloat32, shape});
  RECTIFIER_CHECK(tensor.ok());
  // SplitMix64 (Steele, Lea, Flood, 2014): the same values on every platform.
  uint64_t state = seed;
  for (float& value : tensor->data<float>()) {
    state += 0x9e3779b97f4a7c15;
    uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    // 24 random bits, scaled to [-1, 1).
    value = static_cast<float>(z >> 40) * 0x1p-23F - 1.0F;
  }
  return *std::move(tensor);
}

Tensor SeededTensor(const TensorType& type, uint64_t seed) {
  Tensor random = SeededTensor(type.shape, seed);
  if (type.dtype == DType::kFloat32) return random;
  absl::StatusOr<Tensor> tensor = Tensor::Allocate(type);
  RECTIFIER_CHECK(tensor.ok());
  const auto values = random.data<float>();
  const auto size = static_cast<size_t>(ElementSize(type.dtype));
  for (size_t i = 0; i < values.size(); ++i) {
    std::byte* to = tensor->bytes().data() + i * size;
    if (type.dtype == DType::kFloat64) {
      const double value = values[i];
      std::memcpy(to, &value, size);
    } else if (type.dtype == DType::kFloat16 || type.dtype == DType::kBFloat16) {
      const uint16_t bits =
          type.dtype == DType::kFloat16 ? HalfFromFloat(values[i]) : BFloatFromFloat(values[i]);
      std::memcpy(to, &bits, size);
    } else {
      // The lowest byte of a little-endian integer.
      std::fill_n(to, size, std::byte{0});
      *to = std::byte{static_cast<uint8_t>(values[i] < 0 ? 0 : 1)};
    }
  }
  return *std::move(tensor);
}

}  // namespace rectifier
