#include "server/models/model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>

#include "server/batching/batching_policy.h"
#include "tests/support/status_testing.h"
#include "tests/unit/models/model_testing.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// "image f32[?, 1, 8, 8]", a port each.
std::vector<std::string> Texts(const std::vector<TensorSpec>& specs) {
  std::vector<std::string> texts;
  for (const TensorSpec& spec : specs) texts.push_back(spec.name + " " + TypeText(spec.type));
  return texts;
}

// Compilers that ask to stop when they compile for the `stop_at`-th time, all of them together.
std::stop_source* stop_source = nullptr;
int stop_at = 0;

class StoppingCompiler final : public Compiler {
 public:
  explicit StoppingCompiler(const CompilerOptions& options)
      : compiler_(NewOneDnnCompiler(options)) {}
  absl::StatusOr<std::shared_ptr<const Program>> Compile(
      const Graph& graph, std::span<const Shape> input_shapes) override {
    if (--stop_at == 0) stop_source->request_stop();
    return compiler_->Compile(graph, input_shapes);
  }
  absl::StatusOr<std::vector<TensorType>> OutputTypes(const Graph& graph,
                                                      std::span<const Shape> shapes) override {
    return NewOneDnnCompiler({})->OutputTypes(graph, shapes);
  }
  size_t weight_bytes() const override { return compiler_->weight_bytes(); }

 private:
  std::unique_ptr<Compiler> compiler_;
};

TEST(ModelTest, ALoadGivesUpBetweenTwoProgramsOnceItIsStopped) {
  std::stop_source source;
  stop_source = &source;
  stop_at = 3;
  LoadOptions options = EngineOptions(32);
  options.new_compiler = [](const CompilerOptions& compiler) -> std::unique_ptr<Compiler> {
    return std::make_unique<StoppingCompiler>(compiler);
  };
  options.stop = source.get_token();
  EXPECT_EQ(LoadModel(SampleModel("digits_prelu"), options).status().code(),
            absl::StatusCode::kCancelled);
  EXPECT_EQ(stop_at, 0);  // it was not asked for a fourth
}

TEST(ModelTest, ALoadThatIsStoppedBeforeItBeginsCompilesNothing) {
  std::stop_source source;
  source.request_stop();
  LoadOptions options = EngineOptions(32);
  options.stop = source.get_token();
  EXPECT_EQ(LoadModel(SampleModel("digits_prelu"), options).status().code(),
            absl::StatusCode::kCancelled);
}

class SampleModelTest : public testing::TestWithParam<const char*> {};

TEST_P(SampleModelTest, HasTheSignatureOfItsFile) {
  const auto model = MustLoad(SampleModel(GetParam()), EngineOptions());
  EXPECT_EQ(model->signature().platform, "onnx");
  EXPECT_THAT(Texts(model->signature().inputs), ElementsAre("image f32[?, 1, 8, 8]"));
  EXPECT_THAT(Texts(model->signature().outputs), ElementsAre("logits f32[?, 10]"));
  EXPECT_EQ(model->signature().max_batch, 32);
  EXPECT_EQ(model->batch_limit_reason(), "");
}

TEST_P(SampleModelTest, HasAProgramForEveryPowerOfTwoAndTheLargestBatch) {
  const auto model = MustLoad(SampleModel(GetParam()), EngineOptions(20));
  EXPECT_THAT(model->batch_sizes(), ElementsAre(1, 2, 4, 8, 16, 20));
  for (size_t i = 0; i < model->batch_sizes().size(); ++i) {
    const int64_t batch = model->batch_sizes()[i];
    EXPECT_EQ(model->ProgramFor(batch), model->program(i));
    EXPECT_EQ(model->ProgramFor(batch)->inputs()[0].type.shape, (Shape{batch, 1, 8, 8}));
    EXPECT_EQ(model->ProgramFor(batch)->outputs()[0].type.shape, (Shape{batch, 10}));
  }
}

TEST_P(SampleModelTest, MayBeLimitedToSingleSamples) {
  const auto model = MustLoad(SampleModel(GetParam()), EngineOptions(1));
  EXPECT_THAT(model->batch_sizes(), ElementsAre(1));
  EXPECT_EQ(model->signature().max_batch, 1);
  EXPECT_EQ(model->batch_limit_reason(), "");
}

// One layer's may be there twice: oneDNN 3.7 with AVX2 has no product of four rows with weights in
// the layout of the other batch sizes.
TEST_P(SampleModelTest, KeepsNoCopyOfItsWeightsForEachBatchSize) {
  const auto single = MustLoad(SampleModel(GetParam()), EngineOptions(1));
  const auto batched = MustLoad(SampleModel(GetParam()), EngineOptions(64));
  ASSERT_EQ(batched->batch_sizes().size(), 7u);
  EXPECT_GT(single->weight_bytes(), 0u);
  EXPECT_LT(batched->weight_bytes(), single->weight_bytes() * 5 / 4);
}

INSTANTIATE_TEST_SUITE_P(Digits, SampleModelTest,
                         testing::Values("digits_leaky_relu", "digits_prelu"),
                         [](const auto& test) { return std::string(test.param); });

TEST(ModelTest, PortsStandInTheOrderOfTheFile) {
  const auto model = MustLoad(TwoPortModel(), EngineOptions(4));
  EXPECT_THAT(Texts(model->signature().inputs), ElementsAre("a f32[?, 3]", "b f32[?, 3]"));
  EXPECT_THAT(Texts(model->signature().outputs),
              ElementsAre("first f32[?, 2]", "second f32[?, 3]"));
  EXPECT_EQ(model->signature().max_batch, 4);
}

TEST(ModelTest, FixedShapesAreNotBatched) {
  const auto model = MustLoad(LeakyModel({2, 3}), EngineOptions());
  EXPECT_THAT(Texts(model->signature().inputs), ElementsAre("x f32[2, 3]"));
  EXPECT_THAT(Texts(model->signature().outputs), ElementsAre("y f32[2, 3]"));
  EXPECT_THAT(model->batch_sizes(), ElementsAre(1));
  EXPECT_EQ(model->signature().max_batch, 0);
  EXPECT_EQ(model->batch_limit_reason(), "");
}

TEST(ModelTest, OneInputWithAFixedBatchMakesTheOthersADynamicDimension) {
  OnnxBuilder builder;
  builder.Input("a", {-1, 3}).Input("b", {1, 3}).Output("y").Node("Add", {"a", "b"}, {"y"});
  const auto model = MustLoad(builder, EngineOptions());
  EXPECT_THAT(Texts(model->signature().inputs), ElementsAre("a f32[?, 3]", "b f32[1, 3]"));
  EXPECT_EQ(model->signature().max_batch, 0);
}

TEST(ModelTest, OtherOpenDimensionsStayOpenInTheSignature) {
  const auto model = MustLoad(LeakyModel({-1, 3, -1}), EngineOptions(4));
  EXPECT_TRUE(model->has_dynamic_shapes());
  EXPECT_THAT(Texts(model->signature().inputs), ElementsAre("x f32[?, 3, ?]"));
  EXPECT_THAT(Texts(model->signature().outputs), ElementsAre("y f32[?, 3, ?]"));
  EXPECT_EQ(model->signature().max_batch, 4);
}

TEST(ModelTest, OutputTypesFollowFromTheShapesOfTheInputs) {
  OnnxBuilder builder;
  builder.Input("x", {-1, 1, -1, -1})
      .Output("y")
      .Filled("w", {2, 1, 3, 3})
      .Node("Conv", {"x", "w"}, {"y"}, {Attribute("strides", std::vector<int64_t>{2, 2})});
  const auto model = MustLoad(builder, EngineOptions(4));
  const std::vector<Shape> shapes = {Shape{3, 1, 9, 5}};
  EXPECT_THAT(*model->OutputTypes(3, shapes),
              ElementsAre(TensorType{DType::kFloat32, {3, 2, 4, 2}}));
  EXPECT_EQ(model->ProgramFor(shapes)->program->outputs()[0].type.shape, (Shape{3, 2, 4, 2}));
  const std::vector<Shape> small = {Shape{1, 1, 2, 5}};
  EXPECT_EQ(StatusText(model->OutputTypes(1, small)),
            "INVALID_ARGUMENT: y (Conv): a window of 3 does not fit into 2 with padding 0 + 0");
}

TEST(ModelTest, ASizeThatSuitsTheNetworkIsFoundForItsDynamicDimensions) {
  OnnxBuilder builder;
  builder.Input("x", {-1, 1, -1, -1})
      .Output("y")
      .Ints("shape", {0, 1, 48, 48})
      .Node("Reshape", {"x", "shape"}, {"y"});
  EXPECT_TRUE(LoadModel(builder, EngineOptions(1)).ok());
}

// Exported with a batch of 1 baked into a Reshape, as many networks are.
TEST(ModelTest, AReshapeThatFixesTheBatchLimitsItToOne) {
  OnnxBuilder builder;
  builder.Input("x", {-1, 2, 3})
      .Output("y")
      .Ints("shape", {1, 6})
      .Node("Reshape", {"x", "shape"}, {"y"})
      .Named("flat");
  const auto model = MustLoad(builder, EngineOptions());
  EXPECT_THAT(Texts(model->signature().inputs), ElementsAre("x f32[?, 2, 3]"));
  EXPECT_THAT(Texts(model->signature().outputs), ElementsAre("y f32[?, 6]"));
  EXPECT_THAT(model->batch_sizes(), ElementsAre(1));
  EXPECT_EQ(model->signature().max_batch, 1);
  EXPECT_THAT(model->batch_limit_reason(), HasSubstr("flat (Reshape)"));
}

TEST(ModelTest, AnOutputWithoutABatchMakesTheFirstDimensionADynamicOne) {
  OnnxBuilder builder;
  builder.Input("x", {-1, 2, 3})
      .Output("y")
      .Ints("shape", {2, -1})
      .Node("Reshape", {"x", "shape"}, {"y"});
  const auto model = MustLoad(builder, EngineOptions());
  EXPECT_THAT(Texts(model->signature().inputs), ElementsAre("x f32[?, 2, 3]"));
  EXPECT_THAT(Texts(model->signature().outputs), ElementsAre("y f32[2, ?]"));
  EXPECT_EQ(model->signature().max_batch, 0);
  EXPECT_EQ(model->batch_limit_reason(), "y: has shape [2, 3] for a batch of 1");
}

TEST(ModelTest, ASoftmaxOverTheBatchIsNotBatched) {
  OnnxBuilder builder;
  builder.Input("x", {-1, 3}).Output("y").Node("Softmax", {"x"}, {"y"}, {Attribute("axis", 0)});
  const auto model = MustLoad(builder, EngineOptions());
  EXPECT_THAT(model->batch_sizes(), ElementsAre(1));
  EXPECT_EQ(model->signature().max_batch, 1);
  EXPECT_EQ(model->batch_limit_reason(),
            "y: a sample's result depends on the other samples of its batch");
}

TEST(ModelTest, ATransposeThatMovesTheBatchIsNotBatched) {
  OnnxBuilder builder;
  builder.Input("x", {-1, 1})
      .Output("y")
      .Node("Transpose", {"x"}, {"y"}, {Attribute("perm", std::vector<int64_t>{1, 0})});
  const auto model = MustLoad(builder, EngineOptions());
  EXPECT_EQ(model->signature().max_batch, 1);
  EXPECT_EQ(model->batch_limit_reason(), "y: has shape [1, 2] for a batch of 2");
}

TEST(ModelTest, ErrorsAreTheImporters) {
  const TemporaryFolder folder;
  folder.Write("1/model.onnx", "not a model");
  EXPECT_EQ(LoadModel(folder.path(), EngineOptions()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(StatusText(LoadModel(folder.path() / "2", EngineOptions())),
            fmt::format("NOT_FOUND: {}: there is no such file or folder",
                        (folder.path() / "2").string()));
}

TEST(ModelTest, RefusesAPassThatDoesNotExist) {
  LoadOptions options = EngineOptions();
  options.passes.disabled = {"fuse-everything"};
  EXPECT_EQ(StatusText(LoadModel(LeakyModel({-1, 3}), options)),
            "INVALID_ARGUMENT: fuse-everything: there is no pass of this name");
}

TEST(InputShapesTest, BindsTheFirstDimensionWhereItIsOpen) {
  const Graph graph = TypedGraph(R"(
input %a: f32[?, 2]
input %b: f32[3, 2]
input %c: f32[]
output %a
output %b
output %c
)");
  EXPECT_THAT(InputShapes(graph, 5, 7), ElementsAre(Shape{5, 2}, Shape{3, 2}, Shape{}));
}

}  // namespace
}  // namespace rectifier
