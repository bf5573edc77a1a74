#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "server/core/check.h"
#include "server/engine/execution_context.h"
#include "server/engine/onednn/onednn_compiler.h"
#include "server/models/model.h"
#include "server/models/repository.h"
#include "tests/support/graph_testing.h"
#include "tests/support/onnx_builder.h"
#include "tests/unit/import/temporary_folder.h"

namespace rectifier {

inline LoadOptions EngineOptions(int64_t max_batch = 32) {
  LoadOptions options;
  options.new_compiler = NewOneDnnCompiler;
  options.max_batch = max_batch;
  return options;
}

// One of the sample networks.
inline std::filesystem::path SampleModel(std::string_view name) {
  return std::filesystem::path(RECTIFIER_SOURCE_DIR) / "examples/models" / name;
}

inline absl::StatusOr<std::shared_ptr<const Model>> LoadModel(const std::filesystem::path& path,
                                                              const LoadOptions& options) {
  RECTIFIER_ASSIGN_OR_RETURN(const std::filesystem::path resolved, ResolveModelPath(path));
  return Model::Load(resolved, options, SteadyClock());
}

inline absl::StatusOr<std::shared_ptr<const Model>> LoadModel(const OnnxBuilder& model,
                                                              const LoadOptions& options) {
  const TemporaryFolder folder;
  folder.Write("1/model.onnx", model.Bytes());
  return LoadModel(folder.path(), options);
}

// A test's own model, or a sample: the test ends when it cannot be loaded.
template <typename Source>
std::shared_ptr<const Model> MustLoad(const Source& source, const LoadOptions& options) {
  auto model = LoadModel(source, options);
  if (!model.ok()) ADD_FAILURE() << Message(model.status());
  RECTIFIER_CHECK(model.ok());
  return *std::move(model);
}

// Two inputs, two outputs: first = prelu(a · w), second = (a + b)'s softmax.
inline OnnxBuilder TwoPortModel() {
  OnnxBuilder model;
  model.Input("a", {-1, 3})
      .Input("b", {-1, 3})
      .Output("first")
      .Output("second")
      .Floats("w", {3, 2}, {1, -2, 3, -4, 5, -6})
      .Floats("slope", {2}, {0.25F, 0.5F})
      .Node("MatMul", {"a", "w"}, {"product"})
      .Node("PRelu", {"product", "slope"}, {"first"})
      .Node("Add", {"a", "b"}, {"sum"})
      .Node("Softmax", {"sum"}, {"second"});
  return model;
}

// y = leaky_relu(x), of these dimensions; a negative one is open.
inline OnnxBuilder LeakyModel(const std::vector<int64_t>& dims) {
  OnnxBuilder model;
  model.Input("x", dims).Output("y").Node("LeakyRelu", {"x"}, {"y"}, {Attribute("alpha", 0.5F)});
  return model;
}

// Inputs for `samples` samples.
inline std::vector<Tensor> SampleInputs(const Model& model, int64_t samples, uint64_t seed) {
  std::vector<Shape> shapes;
  for (const TensorSpec& input : model.signature().inputs) {
    shapes.push_back(input.type.shape);
    if (shapes.back().rank() > 0 && shapes.back()[0] == kDynamicDim) shapes.back()[0] = samples;
  }
  return SeededTensors(shapes, seed);
}

inline std::vector<Tensor> AllocatePorts(const std::vector<Program::Port>& ports) {
  std::vector<Tensor> tensors;
  for (const Program::Port& port : ports) tensors.push_back(*Tensor::Allocate(port.type));
  return tensors;
}

// The outputs for each sample run by itself, one after the other: what a batch must give too.
inline std::vector<std::vector<std::byte>> RunAlone(const Model& model,
                                                    const std::vector<Tensor>& inputs,
                                                    int64_t samples) {
  const auto& program = model.ProgramFor(1);
  ExecutionContext context;
  std::vector<std::vector<std::byte>> results(program->outputs().size());
  for (int64_t sample = 0; sample < samples; ++sample) {
    std::vector<TensorView> rows;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const size_t size = inputs[i].bytes().size() / static_cast<size_t>(samples);
      rows.push_back({program->inputs()[i].type,
                      inputs[i].bytes().subspan(static_cast<size_t>(sample) * size, size)});
    }
    std::vector<Tensor> outputs = AllocatePorts(program->outputs());
    std::vector<MutableTensorView> views;
    for (Tensor& output : outputs) views.push_back(output.mutable_view());
    context.Run(program, rows, views);
    for (size_t i = 0; i < outputs.size(); ++i) {
      const auto bytes = outputs[i].bytes();
      results[i].insert(results[i].end(), bytes.begin(), bytes.end());
    }
  }
  return results;
}

}  // namespace rectifier
