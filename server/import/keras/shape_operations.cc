#include "server/import/keras/shape_operations.h"

#include <algorithm>
#include <array>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "server/core/status.h"
#include "server/import/keras/operation_arguments.h"

namespace rectifier {
namespace {

constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();

absl::StatusOr<int64_t> IntOption(LayerCall& call, size_t position, ArgumentNames names,
                                  std::optional<int64_t> otherwise = std::nullopt) {
  RECTIFIER_ASSIGN_OR_RETURN(const auto values, IntsOption(call, position, names));
  if (!values && otherwise) return *otherwise;
  if (values && values->size() == 1) return values->front();
  return InvalidArgument(call.place(), "{}: expected an integer", *names.begin());
}

absl::StatusOr<int> AxisOption(LayerCall& call, size_t position, ArgumentNames names, ValueId x,
                               std::optional<int64_t> otherwise = std::nullopt) {
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t axis, IntOption(call, position, names, otherwise));
  return call.Axis(*names.begin(), axis, x);
}

// What Python's x[begin:end:step] takes along one axis.
absl::StatusOr<ValueId> Slice(LayerCall& call, ValueId x, int64_t axis, int64_t begin, int64_t end,
                              int64_t step = 1) {
  return call.Add("Slice", {x, call.Integers(std::array{begin}), call.Integers(std::array{end}),
                            call.Integers(std::array{axis}), call.Integers(std::array{step})});
}

// One part of a key in brackets.
struct KeyPart {
  enum Kind { kSlice, kIndex, kNewAxis, kEllipsis } kind = kSlice;
  int64_t begin = 0;
  int64_t end = kToTheEnd;
  int64_t step = 1;
};

absl::StatusOr<std::optional<int64_t>> SliceEnd(const LayerCall& call, const Json& slice,
                                                std::string_view name) {
  const Json* found = FindMember(slice, name);
  if (found == nullptr) return std::nullopt;
  if (found->is_number_integer()) return found->get<int64_t>();
  return Unimplemented(call.place(), "key: only integers can limit a slice, got {}",
                       KindOf(*found));
}

// Keras 3 writes {"class_name": "__slice__", "config": {"start", "stop", "step"}} and
// {"class_name": "__ellipsis__"}, Keras 2 {"start", "stop", "step"} alone.
absl::StatusOr<KeyPart> ReadKeyPart(const LayerCall& call, const Json& json) {
  KeyPart part;
  if (json.is_null()) {
    part.kind = KeyPart::kNewAxis;
    return part;
  }
  if (json.is_number_integer()) {
    part.kind = KeyPart::kIndex;
    part.begin = json.get<int64_t>();
    part.end = part.begin == -1 || part.begin == kToTheEnd ? kToTheEnd : part.begin + 1;
    return part;
  }
  const Json* class_name = FindMember(json, "class_name");
  if ((class_name != nullptr && *class_name == "__ellipsis__") || json == "__ellipsis__") {
    part.kind = KeyPart::kEllipsis;
    return part;
  }
  const Json* config = FindMember(json, "config");
  const Json& slice = config == nullptr ? json : *config;
  if (!slice.is_object()) {
    return Unimplemented(call.place(), "key: {} is not supported", KindOf(json));
  }
  RECTIFIER_ASSIGN_OR_RETURN(const auto step, SliceEnd(call, slice, "step"));
  RECTIFIER_ASSIGN_OR_RETURN(const auto begin, SliceEnd(call, slice, "start"));
  RECTIFIER_ASSIGN_OR_RETURN(const auto end, SliceEnd(call, slice, "stop"));
  part.step = step.value_or(1);
  if (part.step == 0) return InvalidArgument(call.place(), "key: a slice with steps of 0");
  const bool backwards = part.step < 0;
  part.begin = begin.value_or(backwards ? kToTheEnd : 0);
  part.end = end.value_or(backwards ? std::numeric_limits<int64_t>::min() : kToTheEnd);
  return part;
}

}  // namespace

// Slices first, then indices lose their axis and new axes come in.
absl::StatusOr<ValueId> ConvertGetItem(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, FirstOperand(call));
  const Json* key = FindOption(call, 1, {"key", "slice_spec"});
  if (key == nullptr && call.FindArgument(1, {"key", "slice_spec"}) != nullptr) {
    return Unimplemented(call.place(), "key: only numbers and slices are supported");
  }
  const Json all = Json::array();
  if (key == nullptr) key = &all;
  std::vector<KeyPart> parts;
  if (key->is_array()) {
    for (const Json& item : *key) {
      RECTIFIER_ASSIGN_OR_RETURN(parts.emplace_back(), ReadKeyPart(call, item));
    }
  } else {
    RECTIFIER_ASSIGN_OR_RETURN(parts.emplace_back(), ReadKeyPart(call, *key));
  }
  const auto takes_axis = [](const KeyPart& part) {
    return part.kind == KeyPart::kSlice || part.kind == KeyPart::kIndex;
  };
  const auto named = static_cast<int64_t>(std::count_if(parts.begin(), parts.end(), takes_axis));
  if (named > call.rank(x)) {
    return InvalidArgument(call.place(), "key: {} axes of shape {}", named,
                           call.shape(x).ToString());
  }
  std::array<std::vector<int64_t>, 4> slices;  // begin, end, axis, step
  std::vector<int64_t> lost;
  std::vector<int64_t> added;
  int64_t axis = 0;
  int64_t result_axis = 0;
  for (const KeyPart& part : parts) {
    if (part.kind == KeyPart::kEllipsis) {
      axis += call.rank(x) - named;
      result_axis += call.rank(x) - named;
    } else if (part.kind == KeyPart::kNewAxis) {
      added.push_back(result_axis++);
    } else {
      const bool whole = part.begin == 0 && part.end == kToTheEnd && part.step == 1 &&
                         part.kind == KeyPart::kSlice;
      if (!whole) {
        slices[0].push_back(part.begin);
        slices[1].push_back(part.end);
        slices[2].push_back(axis);
        slices[3].push_back(part.step);
      }
      if (part.kind == KeyPart::kIndex) {
        lost.push_back(axis);
      } else {
        ++result_axis;
      }
      ++axis;
    }
  }
  if (!slices[0].empty()) {
    std::vector<ValueId> inputs = {x};
    for (const std::vector<int64_t>& list : slices) inputs.push_back(call.Integers(list));
    RECTIFIER_ASSIGN_OR_RETURN(x, call.Add(op, std::move(inputs)));
  }
  if (!lost.empty()) {
    RECTIFIER_ASSIGN_OR_RETURN(x, call.Add("Squeeze", {x, call.Integers(lost)}));
  }
  if (!added.empty()) {
    RECTIFIER_ASSIGN_OR_RETURN(x, call.Add("Unsqueeze", {x, call.Integers(added)}));
  }
  return x;
}

// Into equal parts, or before these positions; tf.split into parts of these sizes.
absl::StatusOr<std::vector<ValueId>> ConvertSplit(LayerCall& call) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, Operand(call, 0, {"x", "value"}));
  RECTIFIER_ASSIGN_OR_RETURN(const auto parts,
                             IntsOption(call, 1, {"indices_or_sections", "num_or_size_splits"}));
  RECTIFIER_ASSIGN_OR_RETURN(const int axis, AxisOption(call, 2, {"axis"}, x, 0));
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t size, call.KnownDim(x, axis));
  const bool are_sizes = call.config().Has("function");
  const Json* given = FindOption(call, 1, {"indices_or_sections", "num_or_size_splits"});
  std::vector<int64_t> ends;
  if (parts && given->is_number()) {
    const int64_t count = parts->front();
    constexpr int64_t kMostParts = 10'000;
    if (count < 1 || count > kMostParts || size % count != 0) {
      return InvalidArgument(call.place(), "{} elements cannot be split into {} parts", size,
                             count);
    }
    for (int64_t i = 1; i <= count; ++i) ends.push_back(i * (size / count));
  } else if (parts) {
    int64_t end = 0;
    for (const int64_t part : *parts) {
      if (part < 1 || part > size) {
        return InvalidArgument(call.place(), "{} elements cannot be split at {}", size, part);
      }
      end = are_sizes ? std::min(end + part, size + 1) : part;
      ends.push_back(end);
    }
    if (!are_sizes) ends.push_back(size);
  }
  std::vector<ValueId> results;
  int64_t begin = 0;
  for (const int64_t end : ends) {
    if (end <= begin || end > size) {
      return InvalidArgument(call.place(), "{} elements cannot be split at {}", size, end);
    }
    RECTIFIER_ASSIGN_OR_RETURN(results.emplace_back(), Slice(call, x, axis, begin, end));
    begin = end;
  }
  if (begin == size && !results.empty()) return results;
  return InvalidArgument(call.place(), "the parts do not make up {} elements", size);
}

absl::StatusOr<ValueId> ConvertStack(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(std::vector<ValueId> inputs,
                             OperandList(call, 0, {"x", "xs", "arrays", "values"}));
  RECTIFIER_ASSIGN_OR_RETURN(int64_t axis, IntOption(call, 1, {"axis"}, 0));
  const int64_t rank = call.rank(inputs[0]) + 1;
  if (axis < 0) axis += rank;
  for (ValueId& input : inputs) {
    RECTIFIER_ASSIGN_OR_RETURN(input,
                               call.Add("Unsqueeze", {input, call.Integers(std::array{axis})}));
  }
  return call.Add(op, std::move(inputs), {{"axis", axis}});
}

// The last repeats are for the last axes.
absl::StatusOr<ValueId> ConvertTile(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(ValueId x, FirstOperand(call));
  RECTIFIER_ASSIGN_OR_RETURN(auto repeats, IntsOption(call, 1, {"repeats", "multiples"}));
  if (!repeats) return InvalidArgument(call.place(), "repeats: expected integers");
  const auto rank = static_cast<size_t>(call.rank(x));
  if (repeats->size() > rank) {
    std::vector<int64_t> axes(repeats->size() - rank);
    std::iota(axes.begin(), axes.end(), int64_t{0});
    RECTIFIER_ASSIGN_OR_RETURN(x, call.Add("Unsqueeze", {x, call.Integers(axes)}));
  } else {
    repeats->insert(repeats->begin(), rank - repeats->size(), 1);
  }
  return call.Add(op, {x, call.Integers(*repeats)});
}

// Each element `repeats` times, one after the other.
absl::StatusOr<ValueId> ConvertRepeat(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t repeats, IntOption(call, 1, {"repeats"}));
  RECTIFIER_ASSIGN_OR_RETURN(const int axis, AxisOption(call, 2, {"axis"}, x));
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t size, call.KnownDim(x, axis));
  constexpr int64_t kMost = 1 << 20;
  if (repeats < 1 || repeats > kMost || size > kMost / repeats) {
    return InvalidArgument(call.place(), "repeats: expected from 1 on, and at most {} elements",
                           kMost);
  }
  std::vector<int64_t> indices;
  for (int64_t i = 0; i < size * repeats; ++i) indices.push_back(i / repeats);
  return call.Add(op, {x, call.Integers(indices)}, {{"axis", int64_t{axis}}});
}

absl::StatusOr<ValueId> ConvertFlip(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  RECTIFIER_ASSIGN_OR_RETURN(auto axes, IntsOption(call, 1, {"axis"}));
  if (!axes) {
    axes.emplace(static_cast<size_t>(call.rank(x)));
    std::iota(axes->begin(), axes->end(), int64_t{0});
  }
  const std::vector<int64_t> begin(axes->size(), kToTheEnd);
  const std::vector<int64_t> end(axes->size(), std::numeric_limits<int64_t>::min());
  const std::vector<int64_t> back(axes->size(), -1);
  return call.Add(
      op, {x, call.Integers(begin), call.Integers(end), call.Integers(*axes), call.Integers(back)});
}

// What leaves at the end of the axis comes in at its beginning.
absl::StatusOr<ValueId> ConvertRoll(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t shift, IntOption(call, 1, {"shift"}));
  RECTIFIER_ASSIGN_OR_RETURN(const int axis, AxisOption(call, 2, {"axis"}, x));
  RECTIFIER_ASSIGN_OR_RETURN(const int64_t size, call.KnownDim(x, axis));
  const int64_t by = ((shift % size) + size) % size;
  if (by == 0) return call.Add("Identity", {x});
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId last, Slice(call, x, axis, size - by, kToTheEnd));
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId first, Slice(call, x, axis, 0, size - by));
  return call.Add(op, {last, first}, {{"axis", int64_t{axis}}});
}

// [[begin, end], …] for each axis; modes constant, edge (of Keras alone) and reflect.
absl::StatusOr<ValueId> ConvertPad(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  const Json* widths = FindOption(call, 1, {"pad_width", "paddings"});
  const Json* mode = FindOption(call, 2, {"mode"});
  RECTIFIER_ASSIGN_OR_RETURN(const auto value, FloatOption(call, 3, {"constant_values"}));
  const auto rank = static_cast<size_t>(call.rank(x));
  std::vector<int64_t> pads(2 * rank);
  bool known = widths != nullptr && widths->is_array() && widths->size() == rank;
  for (size_t axis = 0; known && axis < rank; ++axis) {
    const Json& pair = (*widths)[axis];
    known = pair.is_array() && pair.size() == 2 && pair[0].is_number_integer() &&
            pair[1].is_number_integer();
    if (!known) break;
    pads[axis] = pair[0].get<int64_t>();
    pads[rank + axis] = pair[1].get<int64_t>();
    known = pads[axis] >= 0 && pads[rank + axis] >= 0;
  }
  if (!known) return InvalidArgument(call.place(), "pad_width: expected a pair for each axis");
  std::string how = mode != nullptr && mode->is_string() ? mode->get<std::string>() : "constant";
  std::transform(how.begin(), how.end(), how.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  Attributes attributes;
  std::vector<ValueId> inputs = {x, call.Integers(pads)};
  if (how == "edge" || how == "reflect") {
    attributes["mode"] = how;
  } else if (how != "constant") {
    return Unimplemented(call.place(), "mode: constant, edge and reflect are supported");
  } else if (value.value_or(0) != 0) {
    inputs.push_back(call.Scalar(*value));
  }
  return call.Add(op, std::move(inputs), std::move(attributes));
}

absl::StatusOr<ValueId> ConvertMoveAxis(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto from, IntsOption(call, 1, {"source"}));
  RECTIFIER_ASSIGN_OR_RETURN(const auto to, IntsOption(call, 2, {"destination"}));
  if (!from || !to || from->size() != to->size()) {
    return InvalidArgument(call.place(), "source and destination: expected as many axes");
  }
  std::vector<int64_t> perm(static_cast<size_t>(call.rank(x)), -1);
  std::vector<bool> moved(perm.size());
  for (size_t i = 0; i < from->size(); ++i) {
    RECTIFIER_ASSIGN_OR_RETURN(const int source, call.Axis("source", (*from)[i], x));
    RECTIFIER_ASSIGN_OR_RETURN(const int target, call.Axis("destination", (*to)[i], x));
    perm[static_cast<size_t>(target)] = source;
    moved[static_cast<size_t>(source)] = true;
  }
  int64_t next = 0;
  for (int64_t& axis : perm) {
    if (axis >= 0) continue;
    while (next < static_cast<int64_t>(moved.size()) && moved[static_cast<size_t>(next)]) ++next;
    axis = next++;
  }
  return call.Add(op, {x}, {{"perm", std::move(perm)}});
}

absl::StatusOr<ValueId> ConvertSwapAxes(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  std::vector<int64_t> perm(static_cast<size_t>(call.rank(x)));
  std::iota(perm.begin(), perm.end(), int64_t{0});
  std::array<int, 2> axes{};
  for (size_t i = 0; i < 2; ++i) {
    const std::string_view name = i == 0 ? "axis1" : "axis2";
    RECTIFIER_ASSIGN_OR_RETURN(const auto axis, IntsOption(call, i + 1, {name}));
    if (!axis || axis->size() != 1) {
      return InvalidArgument(call.place(), "{}: expected an integer", name);
    }
    RECTIFIER_ASSIGN_OR_RETURN(axes[i], call.Axis(name, axis->front(), x));
  }
  std::swap(perm[static_cast<size_t>(axes[0])], perm[static_cast<size_t>(axes[1])]);
  return call.Add(op, {x}, {{"perm", perm}});
}

// Sizes that stand in the file. One that was computed from the input is null there; where it can
// only be the batch, the first one, it is copied.
absl::StatusOr<ValueId> ConvertReshapeOperation(LayerCall& call, std::string_view /*op*/) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  const Json* found = FindOption(call, 1, {"newshape", "shape"});
  if (found == nullptr || !found->is_array()) {
    return InvalidArgument(call.place(), "newshape: expected a list of sizes");
  }
  std::vector<int64_t> dims;
  for (const Json& size : *found) {
    const bool is_batch = size.is_null() && dims.empty();
    if (!is_batch && (!size.is_number_integer() || size.get<int64_t>() < -1 || size == 0)) {
      return Unimplemented(call.place(), "newshape: expected sizes, of which one may be -1");
    }
    dims.push_back(is_batch ? 0 : size.get<int64_t>());
  }
  return call.Reshape(x, std::move(dims));
}

absl::StatusOr<ValueId> ConvertTranspose(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  RECTIFIER_ASSIGN_OR_RETURN(auto axes, IntsOption(call, 1, {"axes", "perm"}));
  Attributes attributes;
  if (axes) attributes["perm"] = *std::move(axes);
  return call.Add(op, {x}, std::move(attributes));
}

absl::StatusOr<ValueId> ConvertConcatenateOperation(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<ValueId> inputs,
                             OperandList(call, 0, {"xs", "values"}));
  RECTIFIER_ASSIGN_OR_RETURN(const auto axes, IntsOption(call, 1, {"axis"}));
  const int64_t axis = axes && axes->size() == 1 ? axes->front() : 0;
  RECTIFIER_ASSIGN_OR_RETURN(const int at, call.Axis("axis", axis, inputs[0]));
  return call.Add(op, inputs, {{"axis", int64_t{at}}});
}

absl::StatusOr<ValueId> ConvertExpandDims(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto axes, IntsOption(call, 1, {"axis"}));
  if (!axes) return InvalidArgument(call.place(), "axis: expected an integer");
  return call.Add(op, {x, call.Integers(*axes)});
}

absl::StatusOr<ValueId> ConvertSqueeze(LayerCall& call, std::string_view op) {
  RECTIFIER_ASSIGN_OR_RETURN(const ValueId x, FirstOperand(call));
  RECTIFIER_ASSIGN_OR_RETURN(const auto axes, IntsOption(call, 1, {"axis"}));
  std::vector<ValueId> inputs = {x};
  if (axes && !axes->empty()) inputs.push_back(call.Integers(*axes));
  return call.Add(op, std::move(inputs));
}

}  // namespace rectifier
