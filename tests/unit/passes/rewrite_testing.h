#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "server/engine/onednn/onednn_compiler.h"
#include "server/graph/verifier.h"
#include "server/passes/pass.h"
#include "tests/reference/run_reference.h"
#include "tests/support/graph_testing.h"

namespace rectifier {

// What one pass makes of a graph, both as text. Text that is left out of `after` (types of computed
// values) is filled in before the two are compared.
struct RewriteCase {
  std::string name;  // a claim
  std::string before;
  std::string after;
  int changes;  // that the pass reports
};

// The pass leaves this graph alone.
inline RewriteCase Unchanged(std::string name, std::string graph) {
  return {std::move(name), graph, graph, 0};
}

inline void PrintTo(const RewriteCase& rewrite, std::ostream* out) { *out << rewrite.name; }

inline std::string CaseName(const testing::TestParamInfo<RewriteCase>& info) {
  return info.param.name;
}

inline const Pass& FindPass(std::string_view name) {
  const auto passes = PassList();
  const auto found = std::find_if(passes.begin(), passes.end(),
                                  [&](const Pass& pass) { return pass.name == name; });
  RECTIFIER_CHECK(found != passes.end());
  return *found;
}

// Runs the pass and checks what every pass promises: a graph that is verified, and that types can
// be inferred for. Returns how many places it changed.
inline int MustRun(std::string_view pass, Graph& graph) {
  const absl::StatusOr<int> changes = FindPass(pass).run(graph, PassContext{NewOneDnnCompiler});
  absl::Status status = changes.status();
  if (status.ok()) status = VerifyGraph(graph);
  if (status.ok()) status = InferTypes(graph);
  if (!status.ok()) {
    ADD_FAILURE() << pass << ": " << Message(status) << " in\n" << PrintGraph(graph);
    return -1;
  }
  return *changes;
}

// Small enough to be read, and for the slow reference.
inline bool IsSmall(const Graph& graph) {
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    const Shape& shape = graph.value(id).type->shape;
    if (shape.IsStatic() && shape.ElementCount() > 10'000) return false;
  }
  return true;
}

// Every element within `tolerance` of what it was, relative to the largest element of the tensor.
inline void ExpectSameResults(const std::vector<Tensor>& got, const std::vector<Tensor>& want,
                              double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    ASSERT_EQ(TypeText(got[i].type()), TypeText(want[i].type())) << "output " << i;
    if (got[i].dtype() != DType::kFloat32) continue;
    const auto got_data = got[i].data<float>();
    const auto want_data = want[i].data<float>();
    double largest = 1;
    for (const float value : want_data) largest = std::max(largest, std::abs(double{value}));
    for (size_t at = 0; at < got_data.size(); ++at) {
      const double difference = std::abs(double{got_data[at]} - want_data[at]);
      ASSERT_LE(difference, tolerance * largest) << "output " << i << ", element " << at << ": "
                                                 << got_data[at] << ", was " << want_data[at];
    }
  }
}

// The pass turns the one text into the other, and computes the same.
inline void ExpectRewrite(std::string_view pass, const RewriteCase& rewrite) {
  constexpr PrintOptions kAll = {.types = true, .max_constant_elements = 64};
  const Graph before = TypedGraph(rewrite.before);
  Graph graph = before;
  EXPECT_EQ(MustRun(pass, graph), rewrite.changes);
  EXPECT_EQ(PrintGraph(graph, kAll), PrintGraph(TypedGraph(rewrite.after), kAll));
  if (!IsSmall(before)) return;
  const std::vector<Tensor> inputs = SeededTensors(BoundInputShapes(before, 3), 1);
  const auto was = RunReference(before, inputs);
  const auto is = RunReference(graph, inputs);
  ASSERT_TRUE(was.ok()) << Message(was.status());
  ASSERT_TRUE(is.ok()) << Message(is.status());
  ExpectSameResults(*is, *was, 1e-6);
}

}  // namespace rectifier
