#include <gtest/gtest.h>

#include <map>

#include "server/passes/run_passes.h"
#include "tests/unit/engine/program_testing.h"
#include "tests/unit/passes/network_generator.h"
#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

constexpr uint64_t kNetworks = 300;

Graph AfterAllPasses(const Graph& before) {
  Graph graph = before;
  const auto reports =
      RunPasses(graph, PassContext{NewOneDnnCompiler}, PassOptions{}, SteadyClock());
  if (!reports.ok()) ADD_FAILURE() << Message(reports.status());
  return graph;
}

std::vector<std::string> OutputNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const Graph::Output& output : graph.outputs()) names.push_back(output.name);
  return names;
}

// Rounding apart: folding a normalization rounds the weights anew.
TEST(PassesTest, ChangeNoResultOfARandomNetwork) {
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    const std::string text = RandomNetwork(seed);
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, text));
    const Graph before = TypedGraph(text);
    const Graph after = AfterAllPasses(before);
    EXPECT_EQ(OutputNames(after), OutputNames(before));
    const std::vector<Tensor> inputs =
        SeededTensors(BoundInputShapes(before, static_cast<int64_t>(seed % 3 + 1)), seed);
    const auto want = RunReference(before, inputs);
    const auto got = RunReference(after, inputs);
    ASSERT_TRUE(want.ok()) << Message(want.status());
    ASSERT_TRUE(got.ok()) << Message(got.status());
    ASSERT_NO_FATAL_FAILURE(ExpectSameResults(*got, *want, 1e-5));
  }
}

TEST(PassesTest, TheEngineComputesTheSameFromTheirResult) {
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    const std::string text = RandomNetwork(seed);
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, text));
    const auto batch = static_cast<int64_t>(seed % 3 + 1);
    const Graph before = TypedGraph(text);
    const std::vector<Tensor> inputs = SeededTensors(BoundInputShapes(before, batch), seed);
    const auto want = RunReference(before, inputs);
    ASSERT_TRUE(want.ok()) << Message(want.status());
    const auto compiler = NewCompiler();
    const auto program = MustCompile(*compiler, AfterAllPasses(before), batch);
    ASSERT_NE(program, nullptr);
    ASSERT_NO_FATAL_FAILURE(ExpectSameResults(RunProgram(*program, inputs), *want, 1e-5));
  }
}

// The generator would prove nothing if the passes found nothing to do in what it makes.
TEST(PassesTest, AllHaveWorkToDoInTheRandomNetworks) {
  std::map<std::string, int> networks;  // that a pass changed
  for (uint64_t seed = 0; seed < kNetworks; ++seed) {
    Graph graph = TypedGraph(RandomNetwork(seed));
    const auto reports =
        RunPasses(graph, PassContext{NewOneDnnCompiler}, PassOptions{}, SteadyClock());
    ASSERT_TRUE(reports.ok()) << Message(reports.status());
    for (const PassReport& report : *reports) networks[report.name] += report.changes > 0 ? 1 : 0;
  }
  for (const Pass& pass : PassList()) {
    EXPECT_GE(networks[std::string(pass.name)], 50) << pass.name;
  }
}

}  // namespace
}  // namespace rectifier
