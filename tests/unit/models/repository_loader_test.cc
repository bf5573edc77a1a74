#include "server/models/repository_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/status_testing.h"
#include "tests/unit/models/model_testing.h"
#include "tests/unit/passes/ticking_clock.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;

// Holds a model and answers nothing.
class HeldModel final : public Servable {
 public:
  HeldModel(const RepositoryEntry& entry, const ConfiguredModel& model)
      : name_(entry.name),
        version_(entry.version),
        model_(model.model),
        batching_(model.configuration.batching) {}
  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  const ModelSignature& signature() const override { return model_->signature(); }
  const BatchingOptions& batching() const override { return batching_; }
  absl::StatusOr<std::vector<TensorType>> OutputTypes(int64_t,
                                                      std::span<const Shape>) const override {
    return std::vector<TensorType>();
  }
  absl::Status Submit(InferenceRequest) override { return absl::OkStatus(); }
  InferenceStatistics Statistics() const override { return {}; }

 private:
  const std::string name_;
  const std::string version_;
  const std::shared_ptr<const Model> model_;
  const BatchingOptions batching_;
};

class RepositoryLoaderTest : public testing::Test {
 protected:
  void Load() {
    const auto entries = ScanRepository(folder_.path());
    ASSERT_TRUE(entries.ok()) << Message(entries.status());
    LoadOptions options = EngineOptions(2);
    options.stop = stop_.get_token();
    ExpectModels(*entries, registry_);
    LoadRepository(
        *entries, options, clock_, registry_,
        [](const RepositoryEntry& entry, const ConfiguredModel& model) {
          return std::make_shared<HeldModel>(entry, model);
        },
        [this](const LoadReport& report) { OnReport(report); });
  }
  void OnReport(const LoadReport& report) {
    EXPECT_EQ(report.model != nullptr, report.status.ok());
    reports_.push_back(fmt::format("{}/{} {}", report.entry.name, report.entry.version,
                                   absl::StatusCodeToString(report.status.code())));
    if (report.model != nullptr) largest_batches_.push_back(report.model->signature().max_batch);
    times_.push_back(report.load_time);
    states_.push_back(States());
    if (reports_.size() == stop_after_) stop_.request_stop();
  }
  // "name/version STATE", a version each.
  std::vector<std::string> States() const {
    std::vector<std::string> states;
    for (const ModelVersion& version : registry_.List()) {
      states.push_back(fmt::format("{}/{} {}", version.name, version.version, Name(version.state)));
    }
    return states;
  }
  void WriteGood(std::string_view folder) {
    folder_.Write(fmt::format("{}/model.onnx", folder), LeakyModel({-1, 3}).Bytes());
  }

  const TemporaryFolder folder_;
  const TickingClock clock_{std::chrono::milliseconds(1)};
  ModelRegistry registry_;
  std::stop_source stop_;
  size_t stop_after_ = 0;  // reports; 0: never
  std::vector<std::string> reports_;
  std::vector<int64_t> largest_batches_;
  std::vector<Duration> times_;
  std::vector<std::vector<std::string>> states_;  // at each report
};

TEST_F(RepositoryLoaderTest, AFailureStopsNobodyElse) {
  WriteGood("a/1");
  folder_.Write("b/3/model.onnx", "not a model");
  folder_.Write("c/model.onnx", "no version");
  WriteGood("d/2");
  Load();
  EXPECT_THAT(reports_, ElementsAre("a/1 OK", "b/3 INVALID_ARGUMENT", "c/0 NOT_FOUND", "d/2 OK"));
  EXPECT_THAT(States(),
              ElementsAre("a/1 READY", "b/3 UNAVAILABLE", "c/0 UNAVAILABLE", "d/2 READY"));
  EXPECT_TRUE(registry_.Find("a", "").ok());
  EXPECT_TRUE(registry_.Find("d", "2").ok());
}

TEST_F(RepositoryLoaderTest, TheRegistryKnowsWhyAModelIsUnavailable) {
  folder_.Write("b/3/model.onnx", "not a model");
  Load();
  const auto version = registry_.Lookup("b", "3");
  ASSERT_TRUE(version.ok());
  EXPECT_EQ(version->error.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(registry_.Find("b", "").status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST_F(RepositoryLoaderTest, AConfigurationThatCannotBeHonouredMakesItsModelUnavailable) {
  WriteGood("a/1");
  folder_.Write("a/config.pbtxt", "max_batch_size: 1");
  WriteGood("b/1");
  folder_.Write("b/config.pbtxt", "name: 'a'");
  Load();
  EXPECT_THAT(States(), ElementsAre("a/1 READY", "b/1 UNAVAILABLE"));
  EXPECT_THAT(largest_batches_, ElementsAre(1));
  EXPECT_EQ(registry_.Lookup("b", "")->error,
            absl::InvalidArgumentError(
                "config.pbtxt:1: name: expected 'b', the model's folder, got 'a'"));
}

TEST_F(RepositoryLoaderTest, ModelsAreLoadingUntilTheirTurnIsOver) {
  WriteGood("a/1");
  WriteGood("b/1");
  Load();
  ASSERT_EQ(states_.size(), 2u);
  EXPECT_THAT(states_[0], ElementsAre("a/1 READY", "b/1 LOADING"));
  EXPECT_THAT(states_[1], ElementsAre("a/1 READY", "b/1 READY"));
}

TEST_F(RepositoryLoaderTest, ANameThatIsNoModelsIsReportedButNotPublished) {
  WriteGood("not good/1");
  WriteGood("good/1");
  Load();
  EXPECT_THAT(reports_, ElementsAre("good/1 OK", "not good/0 INVALID_ARGUMENT"));
  EXPECT_THAT(States(), ElementsAre("good/1 READY"));
}

TEST_F(RepositoryLoaderTest, AStopLeavesTheRestUnloadedAndUnreported) {
  WriteGood("a/1");
  WriteGood("b/1");
  WriteGood("c/1");
  stop_after_ = 2;
  Load();
  EXPECT_THAT(reports_, ElementsAre("a/1 OK", "b/1 OK"));
  EXPECT_THAT(States(), ElementsAre("a/1 READY", "b/1 READY", "c/1 LOADING"));
}

TEST_F(RepositoryLoaderTest, AReportHasTheModelAndTheTimeThatItTook) {
  WriteGood("a/1");
  Load();
  EXPECT_THAT(largest_batches_, ElementsAre(2));
  EXPECT_THAT(times_, ElementsAre(Ge(std::chrono::milliseconds(1))));
}

}  // namespace
}  // namespace rectifier
