#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "server/graph/attributes.h"
#include "server/import/onnx/proto_fwd.h"

namespace rectifier {

// Reads the attributes of a node of an ONNX file by name and type, and refuses those that nobody
// asked for.
//
// The first error is kept; later reads return their defaults, so that a conversion reads everything
// and the caller looks at the errors once. The node outlives this.
class NodeAttributes {
 public:
  NodeAttributes(const onnx::NodeProto& node, std::string_view place);

  bool Has(std::string_view name) const { return attributes_.contains(name); }

  int64_t Int(std::string_view name, int64_t otherwise);
  float Float(std::string_view name, float otherwise);  // never NaN
  std::string String(std::string_view name, std::string_view otherwise);
  std::vector<int64_t> Ints(std::string_view name);        // empty when absent
  std::vector<float> Floats(std::string_view name);        // likewise
  const onnx::TensorProto* Tensor(std::string_view name);  // null when absent

  // All attributes that were neither read nor ignored, as a node of the graph has them. Those of
  // another type than a number, a string or a list of numbers are errors.
  Attributes Rest();

  // The attribute makes no difference here.
  void Ignore(std::string_view name) { read_.emplace(name); }

  // INVALID_ARGUMENT for the first attribute that is there twice or of a wrong type.
  const absl::Status& error() const { return error_; }

  // The same, or INVALID_ARGUMENT for one that was never read.
  absl::Status Finish() const;

 private:
  // The attribute if it is there and of `type` (an AttributeProto.AttributeType), or null.
  const onnx::AttributeProto* Find(std::string_view name, int type, std::string_view type_name);
  void Fail(absl::Status error);

  std::string place_;
  std::map<std::string_view, const onnx::AttributeProto*> attributes_;
  std::set<std::string, std::less<>> read_;
  absl::Status error_;
};

}  // namespace rectifier
