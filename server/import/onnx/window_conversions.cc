#include <algorithm>
#include <optional>
#include <utility>

#include "server/core/status.h"
#include "server/import/onnx/conversions.h"

namespace rectifier {
namespace {

// How many spatial dimensions the node's input [N, C, spatial…] has, if that is known.
std::optional<size_t> SpatialRank(const NodeConversion& node) {
  const auto x = node.shape(0);
  if (!x || x->rank() < 2) return std::nullopt;
  return static_cast<size_t>(x->rank() - 2);
}

// Puts a list into the graph unless all its values are the default. A list of a wrong length stays,
// to be refused by name.
void PutList(Attributes& attributes, std::string_view name, std::vector<int64_t> values,
             int64_t otherwise, std::optional<size_t> length) {
  const bool is_default =
      std::all_of(values.begin(), values.end(), [&](int64_t value) { return value == otherwise; });
  if (is_default && (values.empty() || !length || values.size() == *length)) return;
  attributes[std::string(name)] = std::move(values);
}

// The attributes of server/ops/window.h. Paddings count only without auto_pad, and VALID is to have
// none.
Attributes ReadWindow(NodeConversion& node) {
  NodeAttributes& in = node.attributes();
  const std::optional<size_t> n = SpatialRank(node);
  const std::string auto_pad = in.String("auto_pad", "NOTSET");
  std::vector<int64_t> kernel_shape = in.Ints("kernel_shape");
  std::vector<int64_t> pads = in.Ints("pads");
  Attributes attributes;
  PutList(attributes, "strides", in.Ints("strides"), 1, n);
  PutList(attributes, "dilations", in.Ints("dilations"), 1, n);
  if (!kernel_shape.empty()) attributes["kernel_shape"] = std::move(kernel_shape);
  if (auto_pad == "NOTSET") {
    PutList(attributes, "pads", std::move(pads), 0, n ? std::optional(2 * *n) : std::nullopt);
  } else if (auto_pad != "VALID") {
    attributes["auto_pad"] = auto_pad;
  }
  return attributes;
}

// A convolution's kernel_shape only repeats the shape of its weights; where it does not, it stays,
// to be refused.
void DropKernelShape(const NodeConversion& node, Attributes& attributes) {
  const auto found = attributes.find("kernel_shape");
  const auto w = node.shape(1);
  if (found == attributes.end() || !w || w->rank() < 2) return;
  const auto& kernel = std::get<std::vector<int64_t>>(found->second);
  const auto spatial = w->dims().subspan(2);
  if (std::equal(kernel.begin(), kernel.end(), spatial.begin(), spatial.end())) {
    attributes.erase(found);
  }
}

Attributes ReadConvolution(NodeConversion& node) {
  Attributes attributes = ReadWindow(node);
  DropKernelShape(node, attributes);
  const int64_t group = node.attributes().Int("group", 1);
  if (group != 1) attributes["group"] = group;
  return attributes;
}

Attributes ReadPooling(NodeConversion& node) {
  Attributes attributes = ReadWindow(node);
  if (node.attributes().Int("ceil_mode", 0) != 0) attributes["ceil_mode"] = int64_t{1};
  return attributes;
}

}  // namespace

absl::Status ConvertConv(NodeConversion& node) {
  node.Emit("Conv", node.inputs(), ReadConvolution(node));
  return absl::OkStatus();
}

absl::Status ConvertConvTranspose(NodeConversion& node) {
  Attributes attributes = ReadConvolution(node);
  PutList(attributes, "output_padding", node.attributes().Ints("output_padding"), 0,
          SpatialRank(node));
  std::vector<int64_t> output_shape = node.attributes().Ints("output_shape");
  if (!output_shape.empty()) attributes["output_shape"] = std::move(output_shape);
  node.Emit("ConvTranspose", node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

// storage_order is about the second output, which is not supported.
absl::Status ConvertMaxPool(NodeConversion& node) {
  node.attributes().Ignore("storage_order");
  node.Emit("MaxPool", node.inputs(), ReadPooling(node));
  return absl::OkStatus();
}

absl::Status ConvertLpPool(NodeConversion& node) {
  Attributes attributes = ReadPooling(node);
  if (node.opset() < 2) {
    const float p = node.attributes().Float("p", 2);
    attributes["p"] = static_cast<int64_t>(p);
    if (p != static_cast<float>(static_cast<int64_t>(p))) {
      return Unimplemented(node.place(), "attribute p: only integers are supported, got {}", p);
    }
  } else if (const int64_t p = node.attributes().Int("p", 2); p != 2) {
    attributes["p"] = p;
  }
  node.Emit("LpPool", node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

absl::Status ConvertAveragePool(NodeConversion& node) {
  Attributes attributes = ReadPooling(node);
  if (node.attributes().Int("count_include_pad", 0) != 0) {
    attributes["count_include_pad"] = int64_t{1};
  }
  node.Emit("AveragePool", node.inputs(), std::move(attributes));
  return absl::OkStatus();
}

}  // namespace rectifier
