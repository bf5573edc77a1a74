#pragma once

#include <google/protobuf/message.h>

#include <cstdint>
#include <random>

namespace rectifier {

// Changes a message a little, by its structure: a field gets another value, an element is taken
// out, doubled or moved, a name becomes another name of the message. So that what comes out is
// mostly still a model.
class MessageMutator {
 public:
  explicit MessageMutator(uint64_t seed) : random_(seed) {}

  void Mutate(google::protobuf::Message& message);

 private:
  struct Place {
    google::protobuf::Message* message;
    const google::protobuf::FieldDescriptor* field;
  };

  void Collect(google::protobuf::Message& message, int depth);
  void MutateField(const Place& place);
  void MutateRepeated(const Place& place);
  void SetValue(const Place& place, int index);
  int64_t Integer(int64_t old);
  int Below(int bound) { return static_cast<int>(random_() % static_cast<uint64_t>(bound)); }

  std::mt19937_64 random_;
  std::vector<Place> places_;         // fields that are set
  std::vector<std::string> strings_;  // of the message
};

}  // namespace rectifier
