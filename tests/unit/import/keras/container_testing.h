#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/support/hdf5_builder.h"
#include "tests/support/zip_builder.h"

namespace rectifier {

inline constexpr const char* kSmallConfig = R"({"class_name": "Sequential", "config": {}})";

// A layer's group of an .h5 file: each weight is of one dimension and holds 1, 2, 3, …
inline void AddH5Layer(Hdf5Builder& builder, const std::string& layer,
                       const std::vector<std::pair<std::string, hsize_t>>& weights) {
  const std::string group = "model_weights/" + layer;
  builder.Group(group);
  std::vector<std::string> names;
  for (const auto& [name, count] : weights) {
    std::vector<float> values(count);
    for (size_t i = 0; i < count; ++i) values[i] = static_cast<float>(i + 1);
    builder.Floats(group + "/" + name, {count}, values);
    names.push_back(name);
  }
  builder.Strings(group, "weight_names", names);
}

// The start of an .h5 file as Keras 2 writes it, with these layers, whose groups are to be added.
inline void BeginH5(Hdf5Builder& builder, const std::vector<std::string>& layers) {
  builder.String("/", "model_config", kSmallConfig).String("/", "keras_version", "2.15.0");
  builder.Group("model_weights")
      .Strings("model_weights", "layer_names", layers)
      .String("model_weights", "keras_version", "2.15.0")
      .String("model_weights", "backend", "tensorflow");
}

inline std::string SmallH5() {
  Hdf5Builder builder;
  BeginH5(builder, {"input", "conv2d"});
  AddH5Layer(builder, "input", {});
  AddH5Layer(builder, "conv2d", {{"conv2d/kernel:0", 3}, {"conv2d/bias:0", 2}});
  return builder.Bytes();
}

// An .h5 file with a weight that is said to have 2^34 elements, of which none is there.
inline std::string H5OfAClaim() {
  Hdf5Builder builder;
  BeginH5(builder, {"a"});
  builder.Claim("model_weights/a/k", {hsize_t{1} << 34});
  builder.Strings("model_weights/a", "weight_names", {"k"});
  return builder.Bytes();
}

// A .keras file, of these weights.
inline std::string KerasZip(const std::string& weights) {
  return ZipBuilder()
      .Member("metadata.json", R"({"keras_version": "3.15.1", "date_saved": "today"})")
      .Member("config.json", kSmallConfig)
      .Member("model.weights.h5", weights)
      .Bytes();
}

inline std::string SmallKerasWeights() {
  Hdf5Builder builder;
  builder.Group("layers/input/vars")
      .Floats("layers/conv2d/vars/0", {3}, {1, 2, 3})
      .Floats("layers/conv2d/vars/1", {2}, {1, 2})
      .Floats("optimizer/vars/0", {1}, {0});
  return builder.Bytes();
}

inline std::string SmallKeras() { return KerasZip(SmallKerasWeights()); }

}  // namespace rectifier
