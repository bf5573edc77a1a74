#include "server/models/config/config_section.h"

#include <algorithm>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"
#include "server/models/config/config_file.h"

namespace rectifier {

using google::protobuf::FieldDescriptor;
using google::protobuf::Reflection;

const FieldDescriptor& ConfigSection::Field(int number) const {
  const FieldDescriptor* field = message_->GetDescriptor()->FindFieldByNumber(number);
  RECTIFIER_CHECK(field != nullptr);
  return *field;
}

std::string_view ConfigSection::FieldName(int field_number) const {
  return Field(field_number).name();
}

std::string ConfigSection::FilePlace(const FieldDescriptor& field, int index) const {
  if (tree_ != nullptr) {
    const int element = field.is_repeated() ? std::max(index, 0) : -1;
    auto at = tree_->GetLocation(&field, element);
    // A list in brackets is one place.
    if (at.line < 0 && element > 0) at = tree_->GetLocation(&field, 0);
    if (at.line >= 0) return fmt::format("{}:{}", kConfigFileName, at.line + 1);
  }
  return place_.empty() ? kConfigFileName : place_;
}

std::string ConfigSection::Place(int field_number, int index) const {
  const FieldDescriptor& field = Field(field_number);
  return fmt::format("{}: {}{}", FilePlace(field, index), path_, field.name());
}

ConfigSection ConfigSection::Nested(int field_number, int index) const {
  const FieldDescriptor& field = Field(field_number);
  const Reflection& reflection = *message_->GetReflection();
  const google::protobuf::Message& nested =
      field.is_repeated() ? reflection.GetRepeatedMessage(*message_, &field, index)
                          : reflection.GetMessage(*message_, &field);
  const ParseInfoTree* tree = tree_ == nullptr ? nullptr : tree_->GetTreeForNested(&field, index);
  return {nested, tree, fmt::format("{}{}.", path_, field.name()), FilePlace(field, index)};
}

int ConfigSection::Size(int field_number) const {
  return message_->GetReflection()->FieldSize(*message_, &Field(field_number));
}

bool ConfigSection::Has(int field_number) const {
  const FieldDescriptor& field = Field(field_number);
  return field.is_repeated() ? Size(field_number) > 0
                             : message_->GetReflection()->HasField(*message_, &field);
}

absl::Status ConfigSection::Unsupported(int field_number, std::string_view instead,
                                        int index) const {
  return Unimplemented(Place(field_number, index), "is not supported: {}", instead);
}

}  // namespace rectifier
