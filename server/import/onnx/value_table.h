#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/graph/graph.h"
#include "server/import/onnx/constant_decoder.h"
#include "server/import/onnx/proto_fwd.h"

namespace rectifier {

// The names of a model file, and the values of the graph that they stand for.
//
// First all names are declared, so that doubles and what nothing defines are found; then nodes read
// and define them. Initializers are decoded when they are first read, and those that nothing reads
// not at all.
//
// The messages that are handed in outlive the table; it takes their data out of them.
class ValueTable {
 public:
  ValueTable(Graph& graph, const ImportLimits& limits, const ExternalData& external)
      : graph_(graph), decoder_(limits, external) {}

  Graph& graph() { return graph_; }
  ConstantDecoder& decoder() { return decoder_; }

  // False when the name is declared already. `producer` is the index of the node that computes it.
  bool Declare(std::string_view name, int producer = kNoProducer);
  bool DeclareInitializer(onnx::TensorProto& initializer);

  bool IsDeclared(std::string_view name) const { return entries_.find(name) != entries_.end(); }
  int producer(std::string_view name) const;  // kNoProducer for others

  // Something reads the value.
  void MarkRead(std::string_view name);
  bool IsRead(std::string_view name) const;

  bool IsDefined(std::string_view name) const;

  // The declared name now stands for this value.
  void Define(std::string_view name, ValueId id);

  // The value of a declared name that is defined or an initializer. When an initializer cannot be
  // decoded, the first call returns the error and later ones a value without a type.
  absl::StatusOr<ValueId> Read(std::string_view name);

  // `base`, or `base` with a number, that is neither a declared name nor one returned before. It is
  // not declared: the file cannot read it.
  std::string FreshName(std::string_view base);

  static constexpr int kNoProducer = -1;

 private:
  struct Entry {
    ValueId id = kNoValue;
    onnx::TensorProto* initializer = nullptr;  // until it is decoded
    int producer = kNoProducer;
    bool read = false;
  };

  Graph& graph_;
  ConstantDecoder decoder_;
  // Ordered, so that nobody can choose names that all fall into one bucket.
  std::map<std::string, Entry, std::less<>> entries_;
  std::set<std::string> fresh_;
};

}  // namespace rectifier
