#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/graph/text.h"
#include "server/import/keras/network_reader.h"
#include "tests/support/status_testing.h"

namespace rectifier {

// What the parser would hand over for a file, without a file.
class KerasFileBuilder {
 public:
  explicit KerasFileBuilder(KerasFormat format = KerasFormat::kKeras,
                            std::string version = "3.15.1") {
    file_.format = format;
    file_.keras_version = std::move(version);
  }

  KerasFileBuilder& Config(std::string json) {
    file_.config = std::move(json);
    return *this;
  }

  // A Sequential of an input of this shape, given as JSON, and these layers.
  KerasFileBuilder& Sequential(std::string_view shape,
                               std::initializer_list<std::string_view> layers) {
    std::string json = R"({"class_name": "Sequential", "config": {"name": "net", "layers": [)";
    json += fmt::format(
        R"({{"class_name": "InputLayer", "config": {{"name": "x", "batch_shape": {}, "dtype": "float32"}}}})",
        shape);
    for (const std::string_view layer : layers) json += fmt::format(", {}", layer);
    return Config(json + "]}}");
  }

  KerasFileBuilder& Backend(std::string backend) {
    file_.backend = std::move(backend);
    return *this;
  }

  // The next weight of the group at `path`, with the numbers 1, 2, 3, …
  KerasFileBuilder& Weight(const std::string& path, const Shape& shape) {
    std::vector<float> values(static_cast<size_t>(shape.ElementCount()));
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i + 1);
    return Weight(path, Tensor::From<float>(shape, values));
  }

  KerasFileBuilder& Weight(const std::string& path, Tensor tensor) {
    if (file_.groups.empty() || file_.groups.back().path != path)
      file_.groups.push_back({path, {}});
    std::vector<KerasWeight>& weights = file_.groups.back().weights;
    weights.push_back({std::to_string(weights.size()), std::move(tensor)});
    return *this;
  }

  KerasFile Build() { return std::move(file_); }

  absl::StatusOr<Graph> Read(const ImportLimits& limits = {}) {
    return ReadKerasNetwork("model.keras", std::move(file_), limits, {});
  }

  // The graph's text, or the error's message.
  std::string Text(const ImportLimits& limits = {}) {
    const absl::StatusOr<Graph> graph = Read(limits);
    return graph.ok() ? PrintGraph(*graph) : std::string(Message(graph.status()));
  }

 private:
  KerasFile file_;
};

// {"class_name": "ReLU", "config": {"name": "re_lu", …}}; `settings` is JSON without its braces.
inline std::string Layer(std::string_view class_name, std::string_view name,
                         std::string_view settings = "") {
  return fmt::format(R"({{"class_name": "{}", "config": {{"name": "{}", "trainable": true{}{}}}}})",
                     class_name, name, settings.empty() ? "" : ", ", settings);
}

}  // namespace rectifier
