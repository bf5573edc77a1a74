#include "tests/fuzz/message_mutator.h"

#include <limits>
#include <string>
#include <vector>

namespace rectifier {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

namespace {

constexpr int kMaxDepth = 20;
constexpr int kMaxPlaces = 20'000;

// Numbers at which code goes wrong.
constexpr int64_t kIntegers[] = {0,         1,         -1,        2,         3,        7,
                                 8,         16,        127,       255,       1 << 16,  INT32_MAX,
                                 INT32_MIN, 1LL << 31, 1LL << 40, INT64_MAX, INT64_MIN};
constexpr float kFloats[] = {0,
                             1,
                             -1,
                             0.01F,
                             2,
                             1e30F,
                             -1e30F,
                             1e-40F,
                             std::numeric_limits<float>::infinity(),
                             std::numeric_limits<float>::quiet_NaN()};

}  // namespace

void MessageMutator::Collect(Message& message, int depth) {
  const Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (places_.size() >= kMaxPlaces || depth > kMaxDepth) return;
    places_.push_back({&message, field});
    const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 1;
    for (int i = 0; i < count; ++i) {
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        Collect(field->is_repeated() ? *reflection.MutableRepeatedMessage(&message, field, i)
                                     : *reflection.MutableMessage(&message, field),
                depth + 1);
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING && strings_.size() < 1000) {
        const std::string text = field->is_repeated()
                                     ? reflection.GetRepeatedString(message, field, i)
                                     : reflection.GetString(message, field);
        if (text.size() < 64) strings_.push_back(text);
      }
    }
  }
}

void MessageMutator::Mutate(Message& message) {
  const int times = 1 + Below(4);
  for (int i = 0; i < times; ++i) {
    places_.clear();
    strings_.clear();
    Collect(message, 0);
    if (places_.empty()) return;
    const Place place = places_[static_cast<size_t>(Below(static_cast<int>(places_.size())))];
    if (place.field->is_repeated()) {
      MutateRepeated(place);
    } else {
      MutateField(place);
    }
  }
}

void MessageMutator::MutateField(const Place& place) {
  const Reflection& reflection = *place.message->GetReflection();
  if (Below(6) == 0) return reflection.ClearField(place.message, place.field);
  SetValue(place, -1);
}

void MessageMutator::MutateRepeated(const Place& place) {
  const Reflection& reflection = *place.message->GetReflection();
  const int size = reflection.FieldSize(*place.message, place.field);
  const int index = Below(size);
  switch (Below(5)) {
    case 0:  // take one out
      reflection.SwapElements(place.message, place.field, index, size - 1);
      reflection.RemoveLast(place.message, place.field);
      return;
    case 1:
      reflection.SwapElements(place.message, place.field, index, Below(size));
      return;
    case 2:  // double one
      if (place.field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE && size < 64) {
        Message* added = reflection.AddMessage(place.message, place.field);
        added->CopyFrom(reflection.GetRepeatedMessage(*place.message, place.field, index));
        return;
      }
      [[fallthrough]];
    default:
      SetValue(place, index);
  }
}

int64_t MessageMutator::Integer(int64_t old) {
  switch (Below(4)) {
    case 0:
      return static_cast<int64_t>(static_cast<uint64_t>(old) + static_cast<uint64_t>(Below(3)) - 1);
    case 1:
      return Below(24);
    default:
      return kIntegers[static_cast<size_t>(Below(std::size(kIntegers)))];
  }
}

void MessageMutator::SetValue(const Place& place, int index) {
  Message* message = place.message;
  const FieldDescriptor* field = place.field;
  const Reflection& reflection = *message->GetReflection();
  const bool repeated = index >= 0;
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64: {
      const int64_t old = repeated ? reflection.GetRepeatedInt64(*message, field, index)
                                   : reflection.GetInt64(*message, field);
      repeated ? reflection.SetRepeatedInt64(message, field, index, Integer(old))
               : reflection.SetInt64(message, field, Integer(old));
      return;
    }
    case FieldDescriptor::CPPTYPE_INT32: {
      const int32_t old = repeated ? reflection.GetRepeatedInt32(*message, field, index)
                                   : reflection.GetInt32(*message, field);
      const auto value = static_cast<int32_t>(Integer(old));
      repeated ? reflection.SetRepeatedInt32(message, field, index, value)
               : reflection.SetInt32(message, field, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_FLOAT: {
      const float value = kFloats[static_cast<size_t>(Below(std::size(kFloats)))];
      repeated ? reflection.SetRepeatedFloat(message, field, index, value)
               : reflection.SetFloat(message, field, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_ENUM: {
      const int value = Below(24);
      repeated ? reflection.SetRepeatedEnumValue(message, field, index, value)
               : reflection.SetEnumValue(message, field, value);
      return;
    }
    case FieldDescriptor::CPPTYPE_STRING: {
      std::string value = repeated ? reflection.GetRepeatedString(*message, field, index)
                                   : reflection.GetString(*message, field);
      if (!strings_.empty() && Below(3) > 0) {
        value = strings_[static_cast<size_t>(Below(static_cast<int>(strings_.size())))];
      } else if (!value.empty()) {
        value[static_cast<size_t>(Below(static_cast<int>(value.size())))] =
            static_cast<char>(Below(256));
        if (Below(4) == 0)
          value.resize(static_cast<size_t>(Below(static_cast<int>(value.size()) + 1)));
      }
      repeated ? reflection.SetRepeatedString(message, field, index, value)
               : reflection.SetString(message, field, value);
      return;
    }
    default:
      return;  // messages are changed inside; ONNX has no other types that matter
  }
}

}  // namespace rectifier
