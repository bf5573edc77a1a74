#include "server/import/keras/operation_arguments.h"

#include <algorithm>
#include <cmath>

#include "server/core/status.h"

namespace rectifier {
namespace {

std::string_view FirstOf(ArgumentNames names) { return *names.begin(); }

// {"class_name": "__numpy__", "config": {"value": […], "dtype": …}} stands for its value.
const Json& ValueOf(const Json& json) {
  const Json* config = FindMember(json, "config");
  const Json* value = config == nullptr ? nullptr : FindMember(*config, "value");
  return value == nullptr ? json : *value;
}

// The shape of nested lists of numbers, by their first items; FlatNumbers() tells how many there
// are.
Shape ShapeOf(const Json& json) {
  Shape shape;
  const Json* list = &json;
  while (list->is_array() && shape.rank() < kMaxRank) {
    shape.push_back(static_cast<int64_t>(list->size()));
    if (list->empty()) break;
    list = &list->front();
  }
  return shape;
}

absl::StatusOr<ValueId> Constant(LayerCall& call, std::string_view name, const Json& json,
                                 DType like) {
  const Json& value = ValueOf(json);
  if (value.is_boolean()) {
    return call.Scalar(value.get<bool>() ? 1 : 0);
  }
  const auto numbers = FlatNumbers(value);
  const Shape shape = ShapeOf(value);
  // Lists that are not alike may make a product that is none.
  const absl::StatusOr<int64_t> count = shape.CheckedElementCount();
  if (!numbers || !count.ok() || static_cast<size_t>(*count) != numbers->size()) {
    return InvalidArgument(call.place(), "argument {}: expected a tensor or numbers, got {}", name,
                           KindOf(value));
  }
  const ValueId id =
      shape.rank() == 0 ? call.Scalar(numbers->front()) : call.Floats(shape, *numbers);
  const bool whole = std::all_of(numbers->begin(), numbers->end(),
                                 [](float number) { return number == std::floor(number); });
  // Beside integers a fraction makes floats of both.
  if (like == DType::kFloat32 || like == DType::kBool || !whole) return id;
  return call.Add("Cast", {id}, {{"to", std::string(Name(like))}});
}

absl::StatusOr<ValueId> AsTensor(LayerCall& call, std::string_view name,
                                 const CallInputs::Given* given, DType like) {
  if (given == nullptr) return InvalidArgument(call.place(), "argument {} is missing", name);
  if (given->literal != nullptr) return Constant(call, name, *given->literal, like);
  if (given->tensors.size() == 1 && !given->is_list) return given->tensors[0];
  return InvalidArgument(call.place(), "argument {}: expected one tensor, got {}", name,
                         given->tensors.size());
}

bool IsTensor(const CallInputs::Given* given) {
  return given != nullptr && given->literal == nullptr && given->tensors.size() == 1;
}

}  // namespace

absl::StatusOr<ValueId> Operand(LayerCall& call, size_t position, ArgumentNames names, DType like) {
  return AsTensor(call, FirstOf(names), call.FindArgument(position, names), like);
}

absl::StatusOr<ValueId> FirstOperand(LayerCall& call) {
  return Operand(call, 0, {"x", "input", "tensor", "features", "input_tensor", "t", "a"});
}

absl::StatusOr<Pair> Operands(LayerCall& call, size_t first, ArgumentNames a, ArgumentNames b) {
  const CallInputs::Given* given_a = call.FindArgument(first, a);
  const CallInputs::Given* given_b = call.FindArgument(first + 1, b);
  const auto type_of = [&](const CallInputs::Given* given) {
    return IsTensor(given) ? call.dtype(given->tensors[0]) : DType::kFloat32;
  };
  Pair pair{};
  RECTIFIER_ASSIGN_OR_RETURN(pair.a, AsTensor(call, FirstOf(a), given_a, type_of(given_b)));
  RECTIFIER_ASSIGN_OR_RETURN(pair.b, AsTensor(call, FirstOf(b), given_b, type_of(given_a)));
  if (call.dtype(pair.a) == call.dtype(pair.b)) return pair;
  RECTIFIER_ASSIGN_OR_RETURN(pair.a, call.AsFloat(pair.a));
  RECTIFIER_ASSIGN_OR_RETURN(pair.b, call.AsFloat(pair.b));
  return pair;
}

absl::StatusOr<std::vector<ValueId>> OperandList(LayerCall& call, size_t position,
                                                 ArgumentNames names) {
  const CallInputs::Given* given = call.FindArgument(position, names);
  if (given != nullptr && given->literal == nullptr && !given->tensors.empty()) {
    return given->tensors;
  }
  return InvalidArgument(call.place(), "argument {}: expected tensors", FirstOf(names));
}

const Json* FindOption(LayerCall& call, size_t position, ArgumentNames names) {
  const CallInputs::Given* given = call.FindArgument(position, names);
  if (given != nullptr && given->literal != nullptr) return given->literal;
  for (const std::string_view name : names) {
    if (const Json* found = call.config().Find(name)) return found;
  }
  return nullptr;
}

absl::StatusOr<std::optional<std::vector<int64_t>>> IntsOption(LayerCall& call, size_t position,
                                                               ArgumentNames names) {
  const Json* found = FindOption(call, position, names);
  if (found == nullptr || found->is_null()) return std::nullopt;
  const Json& json = ValueOf(*found);
  std::vector<int64_t> values;
  bool all = json.is_array() || json.is_number_integer();
  for (size_t i = 0; json.is_array() && all && i < json.size(); ++i) {
    all = json[i].is_number_integer();
    if (all) values.push_back(json[i].get<int64_t>());
  }
  if (json.is_number_integer()) values.push_back(json.get<int64_t>());
  if (all) return values;
  return InvalidArgument(call.place(), "{}: expected integers, got {}", FirstOf(names),
                         KindOf(json));
}

absl::StatusOr<std::optional<float>> FloatOption(LayerCall& call, size_t position,
                                                 ArgumentNames names) {
  const Json* found = FindOption(call, position, names);
  if (found == nullptr || found->is_null()) return std::nullopt;
  const auto numbers = FlatNumbers(ValueOf(*found));
  if (numbers && numbers->size() == 1) return numbers->front();
  return InvalidArgument(call.place(), "{}: expected a finite number, got {}", FirstOf(names),
                         KindOf(*found));
}

absl::StatusOr<bool> BoolOption(LayerCall& call, size_t position, ArgumentNames names,
                                bool otherwise) {
  const Json* found = FindOption(call, position, names);
  if (found == nullptr || found->is_null()) return otherwise;
  if (found->is_boolean()) return found->get<bool>();
  return InvalidArgument(call.place(), "{}: expected true or false, got {}", FirstOf(names),
                         KindOf(*found));
}

}  // namespace rectifier
