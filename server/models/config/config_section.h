#pragma once

#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>

#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace rectifier {

// A message of a configuration file, and where it and its fields stand in the file: what an error
// begins with.
//
// Lifetime: `message` and `tree` outlive it.
class ConfigSection {
 public:
  using ParseInfoTree = google::protobuf::TextFormat::ParseInfoTree;

  // The whole file.
  ConfigSection(const google::protobuf::Message& message, const ParseInfoTree& tree)
      : message_(&message), tree_(&tree) {}

  // "config.pbtxt:4: dynamic_batching.max_queue_delay_microseconds". `index`: of an element.
  std::string Place(int field_number, int index = -1) const;
  std::string_view FieldName(int field_number) const;

  // A field that is a message, or the element of a repeated one or of a map.
  ConfigSection Nested(int field_number, int index = -1) const;

  // Elements of a repeated field or a map (of keys that are there twice, both).
  int Size(int field_number) const;
  // Whether the field is set, to something else than nothing where that cannot be told apart.
  bool Has(int field_number) const;

  const google::protobuf::Message& message() const { return *message_; }

  // UNIMPLEMENTED, at the field.
  absl::Status Unsupported(int field_number, std::string_view instead, int index = -1) const;

 private:
  ConfigSection(const google::protobuf::Message& message, const ParseInfoTree* tree,
                std::string path, std::string place)
      : message_(&message), tree_(tree), path_(std::move(path)), place_(std::move(place)) {}

  const google::protobuf::FieldDescriptor& Field(int number) const;
  // The file and the line, where that is known.
  std::string FilePlace(const google::protobuf::FieldDescriptor& field, int index) const;

  const google::protobuf::Message* message_;
  const ParseInfoTree* tree_;  // null where the text does not say
  std::string path_;           // of the fields that lead here, each with a '.' behind it
  std::string place_;          // of the section itself; empty: the file
};

}  // namespace rectifier
