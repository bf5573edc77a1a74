#include "server/import/onnx/value_table.h"

#include <onnx/onnx_pb.h>

#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"

namespace rectifier {

bool ValueTable::Declare(std::string_view name, int producer) {
  return entries_.try_emplace(std::string(name), Entry{kNoValue, nullptr, producer, false}).second;
}

bool ValueTable::DeclareInitializer(onnx::TensorProto& initializer) {
  return entries_.try_emplace(initializer.name(), Entry{kNoValue, &initializer, kNoProducer, false})
      .second;
}

int ValueTable::producer(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? kNoProducer : found->second.producer;
}

void ValueTable::MarkRead(std::string_view name) {
  const auto found = entries_.find(name);
  if (found != entries_.end()) found->second.read = true;
}

bool ValueTable::IsRead(std::string_view name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.read;
}

bool ValueTable::IsDefined(std::string_view name) const {
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.id != kNoValue;
}

void ValueTable::Define(std::string_view name, ValueId id) {
  const auto found = entries_.find(name);
  RECTIFIER_CHECK(found != entries_.end() && found->second.id == kNoValue);
  found->second.id = id;
}

absl::StatusOr<ValueId> ValueTable::Read(std::string_view name) {
  const auto found = entries_.find(name);
  RECTIFIER_CHECK(found != entries_.end());
  Entry& entry = found->second;
  if (entry.id != kNoValue) return entry.id;
  RECTIFIER_CHECK(entry.initializer != nullptr);
  auto tensor = decoder_.Decode(fmt::format("{} (initializer)", name), *entry.initializer);
  // The file's copy is not needed any more: both together would be twice the weights.
  onnx::TensorProto().Swap(std::exchange(entry.initializer, nullptr));
  if (!tensor.ok()) {
    entry.id = graph_.AddValue({std::string(name), std::nullopt, nullptr});
    return tensor.status();
  }
  entry.id = graph_.AddConstant(name, *std::move(tensor));
  return entry.id;
}

std::string ValueTable::FreshName(std::string_view base) {
  std::string name(base);
  for (int i = 1; IsDeclared(name) || !fresh_.insert(name).second; ++i) {
    name = fmt::format("{}.{}", base, i);
  }
  return name;
}

}  // namespace rectifier
