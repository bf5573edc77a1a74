#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "server/engine/onednn/onednn_compiler.h"
#include "server/engine/program.h"
#include "tests/reference/array.h"
#include "tests/reference/run_reference.h"
#include "tests/support/graph_testing.h"

namespace rectifier {

// Memory as long as a program wants, full of NaNs: what a step reads before another has written it
// is seen in the result.
inline AlignedBuffer NewArena(const Program& program) {
  AlignedBuffer arena(program.arena_bytes());
  std::fill_n(arena.data(), arena.size(), std::byte{0xff});
  return arena;
}

// The program's outputs for these inputs, written over NaNs.
inline std::vector<Tensor> RunBinding(const Program& program, Binding& binding,
                                      std::span<const Tensor> inputs) {
  std::vector<Tensor> outputs;
  std::vector<TensorView> input_views;
  std::vector<MutableTensorView> output_views;
  for (const Tensor& input : inputs) input_views.push_back(input.view());
  for (const Program::Port& port : program.outputs()) {
    outputs.push_back(*Tensor::Allocate(port.type));
    std::ranges::fill(outputs.back().bytes(), std::byte{0xff});
  }
  for (Tensor& output : outputs) output_views.push_back(output.mutable_view());
  binding.Run(input_views, output_views);
  return outputs;
}

// Likewise, in an arena of its own.
inline std::vector<Tensor> RunProgram(const Program& program, std::span<const Tensor> inputs) {
  const AlignedBuffer arena = NewArena(program);
  const std::unique_ptr<Binding> binding = program.Bind(arena.data());
  return RunBinding(program, *binding, inputs);
}

// How many products the longest sum of a graph has: what its rounding errors grow with.
inline int64_t LongestSum(const Graph& graph) {
  int64_t longest = 1;
  for (const Node& node : graph.nodes()) {
    const auto shape = [&](size_t i) -> const Shape& {
      return graph.value(node.inputs[i]).type->shape;
    };
    if (node.op == "Conv" || node.op == "ConvTranspose") {
      const int64_t channels = std::max<int64_t>(1, std::min(shape(1)[0], shape(1)[1]));
      longest = std::max(longest, shape(1).ElementCount() / channels);
    } else if (node.op == "Gemm" || node.op == "MatMul") {
      for (const int64_t dim : shape(0).dims()) longest = std::max(longest, dim);
    } else if (node.op == "GlobalAveragePool") {
      const int64_t means = std::max<int64_t>(1, shape(0)[0] * shape(0)[1]);
      longest = std::max(longest, shape(0).ElementCount() / means);
    }
  }
  return longest;
}

// 1e-5, relative above 1 and absolute below; more where long sums round more.
inline double Tolerance(const Graph& graph) {
  return 1e-5 * std::max(1.0, std::sqrt(static_cast<double>(LongestSum(graph))) / 8);
}

inline bool IsClose(double got, double want, double tolerance) {
  return got == want || (std::isnan(got) && std::isnan(want)) ||
         std::abs(got - want) <= tolerance * std::max(1.0, std::abs(want));
}

inline bool IsFloat(DType dtype) {
  return dtype == DType::kFloat16 || dtype == DType::kBFloat16 || dtype == DType::kFloat32 ||
         dtype == DType::kFloat64;
}

inline bool SameBits(std::span<const std::byte> a, std::span<const std::byte> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

// Reports the first element that is not close; integers and bools must be the same.
inline void ExpectClose(const Tensor& got, const Tensor& want, double tolerance) {
  ASSERT_EQ(TypeText(got.type()), TypeText(want.type()));
  if (!IsFloat(want.dtype()) && SameBits(got.bytes(), want.bytes())) return;
  if (!IsFloat(want.dtype())) tolerance = 0;
  const std::vector<double> got_data = reference::FromTensor(got.view()).values;
  const std::vector<double> want_data = reference::FromTensor(want.view()).values;
  for (size_t i = 0; i < want_data.size(); ++i) {
    ASSERT_TRUE(IsClose(got_data[i], want_data[i], tolerance))
        << "element " << i << " of " << TypeText(want.type()) << " is " << got_data[i]
        << ", the reference's " << want_data[i] << ", tolerance " << tolerance;
  }
  ASSERT_TRUE(IsFloat(want.dtype())) << "the bits of a " << TypeText(want.type()) << " differ";
}

// {"Reorder", "Conv", …}: what runs.
inline std::vector<std::string> StepOps(const Program& program) {
  std::vector<std::string> ops;
  for (const StepInfo& step : program.steps()) ops.push_back(step.op);
  return ops;
}

// "Reorder (jit:uni), Conv (brgconv:avx2), …": what runs, and how.
inline std::string StepsText(const Program& program) {
  std::string text;
  for (const StepInfo& step : program.steps()) {
    text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", step.op, step.implementation);
  }
  return text;
}

inline std::unique_ptr<Compiler> NewCompiler(int threads = 1) {
  return NewOneDnnCompiler({.intra_op_threads = threads});
}

// Compiles `graph` with every unknown dimension of its inputs bound to `size`; null, and the test
// fails, when it is refused.
inline std::shared_ptr<const Program> MustCompile(Compiler& compiler, const Graph& graph,
                                                  int64_t size = 3) {
  auto program = compiler.Compile(graph, BoundInputShapes(graph, size));
  if (!program.ok()) {
    ADD_FAILURE() << Message(program.status()) << " in\n" << PrintGraph(graph);
    return nullptr;
  }
  return *std::move(program);
}

struct Agreement {
  int threads = 1;
  double tolerance = 0;  // 0: what suits the graph's longest sum
};

// The graph that `text` describes gives the same outputs compiled as by the reference.
inline void ExpectAgreesWithReference(std::string_view text, const Agreement& agreement = {}) {
  SCOPED_TRACE(text);
  const Graph graph = TypedGraph(text);
  const std::vector<Tensor> inputs = SeededInputs(graph, 3, 1000);
  const auto compiler = NewCompiler(agreement.threads);
  const auto program = MustCompile(*compiler, graph);
  if (program == nullptr) return;
  const auto want = RunReference(graph, inputs);
  ASSERT_TRUE(want.ok()) << Message(want.status());
  const std::vector<Tensor> got = RunProgram(*program, inputs);
  ASSERT_EQ(got.size(), want->size());
  for (size_t i = 0; i < got.size(); ++i) {
    ExpectClose(got[i], (*want)[i],
                agreement.tolerance > 0 ? agreement.tolerance : Tolerance(graph));
  }
}

}  // namespace rectifier
