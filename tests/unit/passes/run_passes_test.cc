#include "server/passes/run_passes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <set>

#include "server/engine/onednn/onednn_compiler.h"
#include "tests/support/graph_testing.h"
#include "tests/support/status_testing.h"
#include "tests/unit/passes/ticking_clock.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

// Conv, normalization, activation, all as an exporter may write them.
constexpr std::string_view kNetwork = R"(
graph "network"
input %x: f32[?, 1, 4]
const %w: f32[2, 1, 1] = [1.0, 3.0]
const %scale: f32[2] = [4.0, 4.0]
const %shift: f32[2] = [10.0, 20.0]
const %mean: f32[2] = [1.0, 2.0]
const %variance: f32[2] = [4.0, 16.0]
const %slope: f32[2] = 0.25
const %slope_shape: i64[2] = [2, 1]
%c = Conv(%x, %w)
%n = BatchNormalization(%c, %scale, %shift, %mean, %variance) {epsilon = 0.0}
%dropout = Identity(%n)
%column = Reshape(%slope, %slope_shape)
%a = Rectifier(%dropout, %column) {origin = "prelu"}
%unused = Tanh(%a)
output "result" = %a
)";

constexpr std::string_view kNetworkAfterAllPasses = R"(graph "network"
input %x: f32[?, 1, 4]
const %column.scalar: f32[] = 0.25
const %w.normalized: f32[2, 1, 1] = [2.0, 3.0]
const %w.bias: f32[2] = [8.0, 18.0]
%a: f32[?, 2, 4] = Conv(%x, %w.normalized, %w.bias) @"c" -> Rectifier(%column.scalar) {origin = "prelu"} @"a"
output "result" = %a
)";

// Refuses every graph, naming its first node.
class RefusingCompiler final : public Compiler {
 public:
  absl::StatusOr<std::shared_ptr<const Program>> Compile(const Graph& graph,
                                                         std::span<const Shape>) override {
    return Unimplemented(Place(graph.nodes()[0]), "cannot be run");
  }
  absl::StatusOr<std::vector<TensorType>> OutputTypes(const Graph& graph,
                                                      std::span<const Shape> shapes) override {
    return NewOneDnnCompiler({})->OutputTypes(graph, shapes);
  }
  size_t weight_bytes() const override { return 0; }
};

std::unique_ptr<Compiler> NewRefusingCompiler(const CompilerOptions&) {
  return std::make_unique<RefusingCompiler>();
}

absl::StatusOr<std::vector<PassReport>> RunWith(Graph& graph,
                                                std::set<std::string, std::less<>> disabled,
                                                CompilerFactory factory = NewOneDnnCompiler) {
  const TickingClock clock(std::chrono::milliseconds(1));
  return RunPasses(graph, PassContext{factory}, PassOptions{std::move(disabled)}, clock);
}

// "name: changes", a pass each.
std::vector<std::string> Texts(const absl::StatusOr<std::vector<PassReport>>& reports) {
  if (!reports.ok()) return {StatusText(reports)};
  std::vector<std::string> texts;
  for (const PassReport& report : *reports) {
    texts.push_back(fmt::format("{}: {}", report.name, report.changes));
  }
  return texts;
}

TEST(PassListTest, EveryPassHasANameOfItsOwnAndASummary) {
  std::set<std::string_view> names;
  for (const Pass& pass : PassList()) {
    EXPECT_TRUE(names.insert(pass.name).second) << pass.name;
    EXPECT_FALSE(pass.summary.empty()) << pass.name;
    EXPECT_EQ(pass.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz-"), std::string_view::npos);
  }
}

TEST(RunPassesTest, TogetherTheyMakeOneNodeOfConvNormalizationAndActivation) {
  Graph graph = TypedGraph(kNetwork);
  ASSERT_TRUE(RunWith(graph, {}).ok());
  EXPECT_EQ(PrintGraph(graph), kNetworkAfterAllPasses);
}

TEST(RunPassesTest, ReportsWhatEachPassChangedInTheOrderInWhichTheyRan) {
  Graph graph = TypedGraph(kNetwork);
  EXPECT_THAT(Texts(RunWith(graph, {})),
              ElementsAre("constant-folding: 1", "recognize-rectifier: 0", "simplify-rectifier: 1",
                          "recognize-normalization: 0", "sink-transposes: 0", "remove-identity: 1",
                          "dead-code: 1", "fold-batch-normalization: 1", "join-bias: 0",
                          "arrange-depth-to-space: 0", "fuse-post-ops: 1"));
}

TEST(RunPassesTest, ASecondRunChangesNothing) {
  Graph graph = TypedGraph(kNetwork);
  ASSERT_TRUE(RunWith(graph, {}).ok());
  EXPECT_THAT(Texts(RunWith(graph, {})),
              ElementsAre("constant-folding: 0", "recognize-rectifier: 0", "simplify-rectifier: 0",
                          "recognize-normalization: 0", "sink-transposes: 0", "remove-identity: 0",
                          "dead-code: 0", "fold-batch-normalization: 0", "join-bias: 0",
                          "arrange-depth-to-space: 0", "fuse-post-ops: 0"));
  EXPECT_EQ(PrintGraph(graph), kNetworkAfterAllPasses);
}

// The clock moves by a millisecond whenever it is read: once before a pass and once after it.
TEST(RunPassesTest, ReportsTheTimeOfEachPass) {
  Graph graph = TypedGraph(kNetwork);
  const auto reports = RunWith(graph, {});
  ASSERT_TRUE(reports.ok());
  for (const PassReport& report : *reports) {
    EXPECT_EQ(report.time, std::chrono::milliseconds(1)) << report.name;
  }
}

TEST(RunPassesTest, LeavesOutThePassesThatAreDisabled) {
  Graph graph = TypedGraph(kNetwork);
  EXPECT_THAT(Texts(RunWith(graph, {"constant-folding", "fold-batch-normalization", "dead-code"})),
              ElementsAre("recognize-rectifier: 0", "simplify-rectifier: 0",
                          "recognize-normalization: 0", "sink-transposes: 0", "remove-identity: 1",
                          "join-bias: 0", "arrange-depth-to-space: 0", "fuse-post-ops: 0"));
}

TEST(RunPassesTest, WithoutAnyPassTheGraphStaysAsItWas) {
  Graph graph = TypedGraph(kNetwork);
  std::set<std::string, std::less<>> all;
  for (const Pass& pass : PassList()) all.emplace(pass.name);
  EXPECT_THAT(Texts(RunWith(graph, all)), ElementsAre());
  EXPECT_EQ(PrintGraph(graph), PrintGraph(TypedGraph(kNetwork)));
}

TEST(RunPassesTest, RefusesToDisableAPassThatDoesNotExist) {
  Graph graph = TypedGraph(kNetwork);
  EXPECT_EQ(StatusText(RunWith(graph, {"dead-code", "fuse-everything"})),
            "INVALID_ARGUMENT: fuse-everything: there is no pass of this name");
  EXPECT_EQ(PrintGraph(graph), PrintGraph(TypedGraph(kNetwork)));
}

TEST(RunPassesTest, AFailureNamesThePassAndTheNode) {
  Graph graph = TypedGraph(R"(
const %a: f32[2] = 1.0
%y = Tanh(%a) @"squash"
output %y
)");
  EXPECT_EQ(StatusText(RunWith(graph, {}, NewRefusingCompiler)),
            "UNIMPLEMENTED: pass constant-folding: squash (Tanh): cannot be run");
}

// The importer sees only slopes that are constants in the file. A NaN is equal to nothing, so that
// it would be taken for a slope per channel: one number, of which as many as there are channels are
// read.
TEST(RunPassesTest, ASlopeThatIsNanOnceItIsComputedIsRefused) {
  Graph graph = TypedGraph(R"(
input %x: f32[?, 1, 2]
const %w: f32[4, 1, 1] = 1.0
const %infinite: f32[] = inf
const %zero: f32[] = 0.0
%slope = Mul(%infinite, %zero)
%p = Conv(%x, %w)
%y = Rectifier(%p, %slope) {origin = "prelu"} @"act"
output %y
)");
  const auto reports = RunWith(graph, {});
  EXPECT_EQ(reports.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(StatusText(reports), HasSubstr("act (Rectifier)"));
  EXPECT_THAT(StatusText(reports),
              MatchesRegex(".*slope: element 0 is -?nan, expected a finite number"));
}

}  // namespace
}  // namespace rectifier
