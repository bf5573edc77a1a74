#include "server/models/registry.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "server/core/status.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Calls `on_free` when it is freed.
class NamedServable final : public Servable {
 public:
  NamedServable(std::string name, std::string version, std::function<void()> on_free = {})
      : name_(std::move(name)), version_(std::move(version)), on_free_(std::move(on_free)) {}
  ~NamedServable() override {
    if (on_free_) on_free_();
  }
  const std::string& name() const override { return name_; }
  const std::string& version() const override { return version_; }
  const ModelSignature& signature() const override { return signature_; }
  const BatchingOptions& batching() const override { return batching_; }
  absl::StatusOr<std::vector<TensorType>> OutputTypes(int64_t,
                                                      std::span<const Shape>) const override {
    return std::vector<TensorType>();
  }
  absl::Status Submit(InferenceRequest) override { return absl::OkStatus(); }
  InferenceStatistics Statistics() const override { return {}; }

 private:
  std::string name_;
  std::string version_;
  ModelSignature signature_;
  BatchingOptions batching_;
  std::function<void()> on_free_;
};

ModelVersion Ready(const std::string& name, const std::string& version,
                   std::function<void()> on_free = {}) {
  return {name, version, ModelState::kReady, absl::OkStatus(),
          std::make_shared<NamedServable>(name, version, std::move(on_free))};
}

ModelVersion Loading(const std::string& name, const std::string& version) {
  return {name, version, ModelState::kLoading, absl::OkStatus(), nullptr};
}

ModelVersion Broken(const std::string& name, const std::string& version, absl::Status error) {
  return {name, version, ModelState::kUnavailable, std::move(error), nullptr};
}

std::string FoundVersion(const ModelRegistry& registry, std::string_view name,
                         std::string_view version) {
  const auto found = registry.Find(name, version);
  return found.ok() ? (*found)->version() : found.status().ToString();
}

// Gives observers that are told apart by nothing but their address, and says for whom.
class CountingObservers final : public VersionObservers {
 public:
  std::shared_ptr<VersionObserver> RequestsOf(const std::string& model,
                                              const std::string& version) override {
    asked.push_back(model + "/" + version);
    return std::make_shared<Ignorant>();
  }
  std::vector<std::string> asked;

 private:
  class Ignorant final : public VersionObserver {
    void OnStarted() override {}
    void OnFinished(absl::StatusCode, Duration, const InferenceTimes*) override {}
  };
};

TEST(ModelRegistryTest, EveryVersionComesWithItsObserver) {
  CountingObservers observers;
  ModelRegistry registry(&observers);
  registry.Set(Loading("m", "1"));
  registry.Set(Ready("m", "1"));
  registry.Set(Ready("m", "2"));
  EXPECT_THAT(observers.asked, ElementsAre("m/1", "m/1", "m/2"));
  const auto first = registry.Lookup("m", "1");
  const auto second = registry.Lookup("m", "2");
  ASSERT_NE(first->observer, nullptr);
  ASSERT_NE(second->observer, nullptr);
  EXPECT_NE(first->observer, second->observer);
}

TEST(ModelRegistryTest, AVersionHasNoObserverWhereNobodyWatches) {
  ModelRegistry registry;
  registry.Set(Ready("m", "1"));
  EXPECT_EQ(registry.Lookup("m", "1")->observer, nullptr);
}

TEST(ModelRegistryTest, FindsAVersionByItsNumber) {
  ModelRegistry registry;
  registry.Set(Ready("m", "1"));
  registry.Set(Ready("m", "2"));
  EXPECT_EQ(FoundVersion(registry, "m", "1"), "1");
  EXPECT_EQ(FoundVersion(registry, "m", "2"), "2");
}

TEST(ModelRegistryTest, AnEmptyVersionIsTheHighestByNumber) {
  ModelRegistry registry;
  for (const char* version : {"9", "10", "2"}) registry.Set(Ready("m", version));
  EXPECT_EQ(FoundVersion(registry, "m", ""), "10");
}

TEST(ModelRegistryTest, TheOldVersionServesUntilTheNewOneIsReady) {
  ModelRegistry registry;
  registry.Set(Ready("m", "1"));
  registry.Set(Loading("m", "2"));
  EXPECT_EQ(FoundVersion(registry, "m", ""), "1");
  registry.Set(Broken("m", "2", absl::InvalidArgumentError("bad")));
  EXPECT_EQ(FoundVersion(registry, "m", ""), "1");
  registry.Set(Ready("m", "2"));
  EXPECT_EQ(FoundVersion(registry, "m", ""), "2");
}

TEST(ModelRegistryTest, SaysWhyNothingWasFound) {
  ModelRegistry registry;
  registry.Set(Loading("loading", "1"));
  registry.Set(Broken("broken", "1", absl::InvalidArgumentError("model.onnx: not ONNX")));
  registry.Set(Broken("big", "1", absl::ResourceExhaustedError("too large")));
  registry.Set(Broken("bug", "1", absl::InternalError("at 0x7ffe")));
  const auto error = [&](const char* name, const char* version) {
    return registry.Find(name, version).status();
  };
  EXPECT_EQ(error("nobody", ""), absl::NotFoundError("model 'nobody': not found"));
  EXPECT_EQ(error("loading", "2"), absl::NotFoundError("model 'loading' version 2: not found"));
  EXPECT_EQ(error("loading", ""),
            absl::UnavailableError("model 'loading' version 1: is still loading"));
  EXPECT_EQ(error("broken", ""),
            absl::FailedPreconditionError(
                "model 'broken' version 1: could not be loaded: model.onnx: not ONNX"));
  EXPECT_EQ(error("big", "").code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(Message(error("big", ""))), HasSubstr("too large"));
  EXPECT_THAT(std::string(Message(error("bug", ""))), Not(HasSubstr("0x7ffe")));
}

TEST(ModelRegistryTest, RefusesNamesAndVersionsThatAreNotWellFormed) {
  ModelRegistry registry;
  registry.Set(Ready("m", "1"));
  for (const std::string name : {"", ".", "..", "../m", "m/1", "-m", "m m", "m\n", "é"}) {
    EXPECT_EQ(registry.Find(name, "").status().code(), absl::StatusCode::kInvalidArgument) << name;
  }
  for (const std::string version : {"latest", "01", "-1", "1.0", " 1", "1234567890123456789"}) {
    EXPECT_EQ(registry.Find("m", version).status().code(), absl::StatusCode::kInvalidArgument)
        << version;
  }
}

TEST(ModelRegistryTest, LookupGivesAVersionInWhateverState) {
  ModelRegistry registry;
  registry.Set(Loading("m", "1"));
  EXPECT_EQ(registry.Lookup("m", "")->state, ModelState::kLoading);
  registry.Set(Broken("m", "1", absl::InvalidArgumentError("bad")));
  EXPECT_EQ(registry.Lookup("m", "1")->state, ModelState::kUnavailable);
  EXPECT_EQ(registry.Lookup("m", "1")->error, absl::InvalidArgumentError("bad"));
}

TEST(ModelRegistryTest, ListsByNameThenByNumber) {
  ModelRegistry registry;
  registry.Set(Ready("b", "10"));
  registry.Set(Ready("b", "9"));
  registry.Set(Loading("a", "1"));
  std::vector<std::string> lines;
  for (const ModelVersion& version : registry.List()) {
    lines.push_back(version.name + "/" + version.version + " " + std::string(Name(version.state)));
  }
  EXPECT_THAT(lines, ElementsAre("a/1 LOADING", "b/9 READY", "b/10 READY"));
}

TEST(ModelRegistryTest, AReplacedVersionIsFreedWithItsLastHandle) {
  ModelRegistry registry;
  bool freed = false;
  registry.Set(Ready("m", "1", [&] { freed = true; }));
  auto handle = registry.Find("m", "1");
  registry.Set(Ready("m", "1"));
  EXPECT_FALSE(freed);
  handle = absl::NotFoundError("");
  EXPECT_TRUE(freed);
}

TEST(ModelRegistryTest, FreesOutsideItsLock) {
  ModelRegistry registry;
  size_t seen = 0;
  const auto look = [&] { seen += registry.List().size(); };
  registry.Set(Ready("m", "1", look));
  registry.Set(Ready("m", "1", look));  // would not return
  EXPECT_EQ(seen, 1u);
  registry.Clear();
  EXPECT_EQ(seen, 2u);
}

TEST(ModelRegistryTest, EverythingIsUnavailableAfterClear) {
  ModelRegistry registry;
  bool freed = false;
  registry.Set(Ready("m", "1", [&] { freed = true; }));
  registry.Clear();
  EXPECT_TRUE(freed);
  registry.Set(Ready("m", "2"));
  for (const char* name : {"m", "nobody"}) {
    EXPECT_EQ(registry.Find(name, "").status().code(), absl::StatusCode::kUnavailable);
  }
  EXPECT_EQ(registry.List().size(), 1u);
}

TEST(ModelNameTest, IsLettersDigitsDotsDashesAndUnderscores) {
  for (const char* name : {"m", "7", "resnet-50_v1.5"}) EXPECT_TRUE(IsModelName(name)) << name;
  EXPECT_TRUE(IsModelName(std::string(128, 'x')));
  EXPECT_FALSE(IsModelName(std::string(129, 'x')));
  EXPECT_FALSE(IsModelName(std::string("m\0", 2)));
}

TEST(ModelVersionTest, IsANumberWithoutLeadingZeros) {
  EXPECT_EQ(ParseVersion("0"), 0);
  EXPECT_EQ(ParseVersion("42"), 42);
  EXPECT_EQ(ParseVersion("999999999999999999"), 999'999'999'999'999'999);
  for (const char* version : {"", "00", "1a", "+1", "1000000000000000000"}) {
    EXPECT_EQ(ParseVersion(version), std::nullopt) << version;
  }
}

}  // namespace
}  // namespace rectifier
