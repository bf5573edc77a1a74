#include "server/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <memory>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace rectifier {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

// The value of a series, written as in the exposition, or "absent".
std::string Value(const Metrics& metrics, const std::string& series) {
  const std::string text = "\n" + metrics.TextExposition();
  const size_t place = text.find("\n" + series + " ");
  if (place == std::string::npos) return "absent";
  const size_t begin = place + series.size() + 2;
  return text.substr(begin, text.find('\n', begin) - begin);
}

// A request that spent 1 ms in the queue, 2 on its input, 4 computing and 8 on its output.
InferenceTimes Times() {
  const TimePoint start = TimePoint(std::chrono::hours(1));
  InferenceTimes times;
  times.enqueued = start;
  times.dequeued = start + milliseconds(1);
  times.input_ready = start + milliseconds(3);
  times.computed = start + milliseconds(7);
  times.output_ready = start + milliseconds(15);
  times.batch = 4;
  return times;
}

class MetricsTest : public testing::Test {
 protected:
  void Request(absl::StatusCode code, Duration total, const InferenceTimes* times = nullptr) {
    const auto requests = metrics_.RequestsOf("m", "1");
    requests->OnStarted();
    requests->OnFinished(code, total, times);
  }
  std::string Value(const std::string& series) { return rectifier::Value(metrics_, series); }

  Metrics metrics_{{"1.2.3", "3.2.0", "avx2"}};
};

TEST_F(MetricsTest, TellsTheBuild) {
  EXPECT_EQ(Value(R"(rectifier_build_info{isa="avx2",onednn_version="3.2.0",version="1.2.3"})"),
            "1");
}

TEST_F(MetricsTest, TellsTheWorkers) {
  metrics_.SetWorkers(4);
  EXPECT_EQ(Value("rectifier_workers"), "4");
}

TEST_F(MetricsTest, CountsRequestsByModelVersionAndCode) {
  Request(absl::StatusCode::kOk, milliseconds(1));
  Request(absl::StatusCode::kOk, milliseconds(1));
  Request(absl::StatusCode::kInvalidArgument, milliseconds(1));
  const auto requests = metrics_.RequestsOf("m", "2");
  requests->OnStarted();
  requests->OnFinished(absl::StatusCode::kUnauthenticated, milliseconds(1), nullptr);
  const std::string family = "rectifier_inference_requests_total";
  EXPECT_EQ(Value(family + R"({code="ok",model="m",version="1"})"), "2");
  EXPECT_EQ(Value(family + R"({code="invalid_argument",model="m",version="1"})"), "1");
  EXPECT_EQ(Value(family + R"({code="ok",model="m",version="2"})"), "0");
  EXPECT_EQ(Value(family + R"({code="unauthenticated",model="m",version="2"})"), "1");
}

TEST_F(MetricsTest, CountsACodeThatIsNoneAsUnknown) {
  Request(static_cast<absl::StatusCode>(99), milliseconds(1));
  Request(static_cast<absl::StatusCode>(-1), milliseconds(1));
  EXPECT_EQ(Value(R"(rectifier_inference_requests_total{code="unknown",model="m",version="1"})"),
            "2");
}

TEST_F(MetricsTest, CountsRequestsOfUnknownModelsApartAndWithoutTheirNames) {
  metrics_.OnRejected(absl::StatusCode::kNotFound);
  metrics_.OnRejected(absl::StatusCode::kNotFound);
  EXPECT_EQ(Value(R"(rectifier_inference_rejected_total{code="not_found"})"), "2");
}

TEST_F(MetricsTest, TellsTheRequestsInFlight) {
  const std::string series = R"(rectifier_inference_requests_in_flight{model="m",version="1"})";
  const auto requests = metrics_.RequestsOf("m", "1");
  requests->OnStarted();
  requests->OnStarted();
  EXPECT_EQ(Value(series), "2");
  requests->OnFinished(absl::StatusCode::kOk, milliseconds(1), nullptr);
  EXPECT_EQ(Value(series), "1");
}

TEST_F(MetricsTest, EveryCodeHasASeriesBeforeItsFirstRequest) {
  const auto requests = metrics_.RequestsOf("m", "1");
  for (const char* code : {"ok", "cancelled", "resource_exhausted", "internal"}) {
    EXPECT_EQ(
        Value(fmt::format(
            R"(rectifier_inference_requests_total{{code="{}",model="m",version="1"}})", code)),
        "0");
  }
}

TEST_F(MetricsTest, MeasuresRequestsInBucketsBelowAMillisecond) {
  Request(absl::StatusCode::kOk, microseconds(7));
  Request(absl::StatusCode::kOk, microseconds(60));
  Request(absl::StatusCode::kOk, microseconds(300));
  Request(absl::StatusCode::kOk, std::chrono::seconds(60));
  const std::string family = "rectifier_inference_request_duration_seconds";
  const auto bucket = [&](const std::string& bound) {
    return Value(family + R"(_bucket{model="m",version="1",le=")" + bound + R"("})");
  };
  EXPECT_EQ(bucket("5e-06"), "0");
  EXPECT_EQ(bucket("1e-05"), "1");
  EXPECT_EQ(bucket("5e-05"), "1");
  EXPECT_EQ(bucket("0.0001"), "2");
  EXPECT_EQ(bucket("0.00025"), "2");
  EXPECT_EQ(bucket("0.0005"), "3");
  EXPECT_EQ(bucket("10"), "3");
  EXPECT_EQ(bucket("+Inf"), "4");
  EXPECT_EQ(Value(family + R"(_count{model="m",version="1"})"), "4");
}

class PhaseTest : public MetricsTest {
 protected:
  double Sum(const std::string& phase) {
    return std::stod(Value("rectifier_inference_phase_duration_seconds_sum{model=\"m\",phase=\"" +
                           phase + "\",version=\"1\"}"));
  }
  std::string Count(const std::string& phase) {
    return Value("rectifier_inference_phase_duration_seconds_count{model=\"m\",phase=\"" + phase +
                 "\",version=\"1\"}");
  }
};

TEST_F(PhaseTest, MeasuresEachPhaseOfARequestThatWasRun) {
  const InferenceTimes times = Times();
  Request(absl::StatusCode::kOk, milliseconds(16), &times);
  EXPECT_DOUBLE_EQ(Sum("queue"), 0.001);
  EXPECT_DOUBLE_EQ(Sum("input"), 0.002);
  EXPECT_DOUBLE_EQ(Sum("compute"), 0.004);
  EXPECT_DOUBLE_EQ(Sum("output"), 0.008);
}

TEST_F(PhaseTest, LeavesOutThePhasesThatARequestDidNotReach) {
  InferenceTimes times = Times();
  times.computed = times.output_ready = TimePoint{};
  Request(absl::StatusCode::kInternal, milliseconds(16), &times);
  Request(absl::StatusCode::kResourceExhausted, milliseconds(1));
  EXPECT_EQ(Count("queue"), "1");
  EXPECT_EQ(Count("input"), "1");
  EXPECT_EQ(Count("compute"), "0");
  EXPECT_EQ(Count("output"), "0");
}

TEST_F(MetricsTest, TellsTheQueueDepth) {
  const auto observer = metrics_.ObserverFor("m", "1");
  observer->OnQueueDepth(3, 4096);
  EXPECT_EQ(Value(R"(rectifier_queue_tasks{model="m",version="1"})"), "3");
  EXPECT_EQ(Value(R"(rectifier_queue_bytes{model="m",version="1"})"), "4096");
}

TEST_F(MetricsTest, CountsRefusedRequestsByReasonApartFromDroppedOnes) {
  const auto observer = metrics_.ObserverFor("m", "1");
  for (int why = 0; why < kRejections; ++why) observer->OnRefused(static_cast<Rejection>(why));
  observer->OnRefused(Rejection::kQueueBytes);
  for (const char* reason : {"queue_items", "queue_wait", "priority_items", "cancelled", "expired",
                             "deadline", "shutdown"}) {
    EXPECT_EQ(Value(fmt::format(
                  R"(rectifier_queue_refused_total{{model="m",reason="{}",version="1"}})", reason)),
              "1");
  }
  EXPECT_EQ(Value(R"(rectifier_queue_refused_total{model="m",reason="queue_bytes",version="1"})"),
            "2");
  EXPECT_EQ(Value(R"(rectifier_queue_dropped_total{model="m",reason="expired",version="1"})"), "0");
}

TEST_F(MetricsTest, CountsDroppedRequestsByReason) {
  const auto observer = metrics_.ObserverFor("m", "1");
  observer->OnDropped(Rejection::kCancelled);
  observer->OnDropped(Rejection::kExpired);
  observer->OnDropped(Rejection::kExpired);
  observer->OnDropped(Rejection::kShutdown);
  const auto dropped = [&](const std::string& reason) {
    return Value("rectifier_queue_dropped_total{model=\"m\",reason=\"" + reason +
                 "\",version=\"1\"}");
  };
  EXPECT_EQ(dropped("cancelled"), "1");
  EXPECT_EQ(dropped("expired"), "2");
  EXPECT_EQ(dropped("shutdown"), "1");
  EXPECT_EQ(dropped("deadline"), "0");
}

TEST_F(MetricsTest, MeasuresTheBatchesThatWereRun) {
  const auto observer = metrics_.ObserverFor("m", "1");
  observer->OnRun({8, 0, 3, milliseconds(250)});
  observer->OnRun({1, 0, 1, milliseconds(250)});
  const std::string labels = R"({model="m",version="1",le=)";
  EXPECT_EQ(Value("rectifier_batch_samples_bucket" + labels + "\"4\"}"), "1");
  EXPECT_EQ(Value("rectifier_batch_samples_bucket" + labels + "\"8\"}"), "2");
  EXPECT_EQ(Value("rectifier_batch_requests_bucket" + labels + "\"4\"}"), "2");
  EXPECT_EQ(Value(R"(rectifier_batch_samples_sum{model="m",version="1"})"), "9");
  EXPECT_EQ(Value(R"(rectifier_worker_busy_seconds_total{model="m",version="1"})"), "0.5");
}

TEST_F(MetricsTest, CountsPadding) {
  const auto observer = metrics_.ObserverFor("m", "1");
  observer->OnRun({5, 3, 2, milliseconds(1)});
  observer->OnRun({8, 0, 2, milliseconds(1)});
  EXPECT_EQ(Value(R"(rectifier_batch_padding_samples_total{model="m",version="1"})"), "3");
}

TEST_F(MetricsTest, TellsWhyBatchesClosedAndWhatTheyTookInPartsOfWhatWasPredicted) {
  const auto observer = metrics_.ObserverFor("m", "1");
  observer->OnBatch(CloseReason::kIdle, Duration::zero(), milliseconds(1));
  observer->OnBatch(CloseReason::kFull, milliseconds(10), milliseconds(12));
  observer->OnBatch(CloseReason::kFull, milliseconds(10), milliseconds(9));
  observer->OnBatch(CloseReason::kDeadline, milliseconds(10), milliseconds(100));
  const auto closed = [&](const std::string& reason) {
    return Value("rectifier_batches_closed_total{model=\"m\",reason=\"" + reason +
                 "\",version=\"1\"}");
  };
  EXPECT_EQ(closed("idle") + closed("full") + closed("delay") + closed("deadline"), "1201");
  const auto ratio = [&](const std::string& bound) {
    return Value(R"(rectifier_batch_cost_ratio_bucket{model="m",version="1",le=")" + bound + "\"}");
  };
  EXPECT_EQ(ratio("0.8"), "0");
  EXPECT_EQ(ratio("0.9"), "1");
  EXPECT_EQ(ratio("1.25"), "2");
  EXPECT_EQ(ratio("4"), "2");
  EXPECT_EQ(ratio("+Inf"), "3");  // of the first nothing was predicted
}

TEST_F(MetricsTest, TellsTheProgramsAndWhatTheyCost) {
  const auto observer = metrics_.ObserverFor("m", "1");
  observer->OnCost(8, milliseconds(2));
  observer->OnCost(8, milliseconds(4));
  EXPECT_EQ(Value(R"(rectifier_program_cost_seconds{batch="8",model="m",version="1"})"), "0.004");
  const std::string cached = R"(rectifier_programs_cached{model="m",version="1"})";
  metrics_.SetModelState("m", "1", {.state = ModelState::kReady, .programs = 6});
  EXPECT_EQ(Value(cached), "6");
  EXPECT_EQ(Value(R"(rectifier_programs_built_total{model="m",version="1"})"), "0");
  observer->OnProgramBuilt(7, milliseconds(250));
  EXPECT_EQ(Value(cached), "7");
  EXPECT_EQ(Value(R"(rectifier_programs_built_total{model="m",version="1"})"), "1");
  EXPECT_EQ(Value(R"(rectifier_program_build_seconds_total{model="m",version="1"})"), "0.25");
}

TEST_F(MetricsTest, TellsWhatTheServerHolds) {
  EXPECT_EQ(Value("rectifier_open_streams"), "0");
  ServerLoad load{.service = {.unsent_reply_bytes = 1,
                              .max_unsent_reply_bytes = 2,
                              .replies_refused = 3,
                              .open_streams = 4},
                  .access_log_suppressed = 5,
                  .log_lines_lost = 6};
  metrics_.SetLoadSource([&] { return load; });
  EXPECT_EQ(Value("rectifier_unsent_reply_bytes"), "1");
  EXPECT_EQ(Value("rectifier_unsent_reply_limit_bytes"), "2");
  EXPECT_EQ(Value("rectifier_unsent_reply_refused_total"), "3");
  EXPECT_EQ(Value("rectifier_open_streams"), "4");
  EXPECT_EQ(Value("rectifier_access_log_suppressed_total"), "5");
  EXPECT_EQ(Value("rectifier_log_lines_lost_total"), "6");
  load.service.unsent_reply_bytes = 7;
  EXPECT_EQ(Value("rectifier_unsent_reply_bytes"), "7");
}

class ModelStateTest : public MetricsTest {
 protected:
  std::string State(const std::string& state) {
    return Value("rectifier_model_state{model=\"m\",state=\"" + state + "\",version=\"1\"}");
  }
  void Fail(const std::string& error) {
    metrics_.SetModelState("m", "1", {.state = ModelState::kUnavailable, .error = error});
  }
};

TEST_F(ModelStateTest, IsOneForTheStateOfAVersionAndZeroForTheOthers) {
  metrics_.SetModelState("m", "1", {.state = ModelState::kLoading});
  EXPECT_EQ(State("loading") + State("ready") + State("unavailable"), "100");
  metrics_.SetModelState("m", "1", {.state = ModelState::kReady});
  EXPECT_EQ(State("loading") + State("ready") + State("unavailable"), "010");
  metrics_.SetModelState("m", "1", {.state = ModelState::kUnavailable});
  EXPECT_EQ(State("loading") + State("ready") + State("unavailable"), "001");
}

TEST_F(ModelStateTest, TellsLoadTimeAndWeightsOfTheLastLoadThatEnded) {
  metrics_.SetModelState(
      "m", "1",
      {.state = ModelState::kReady, .load_time = milliseconds(1500), .weight_bytes = 1 << 20});
  metrics_.SetModelState("m", "1", {.state = ModelState::kLoading});
  EXPECT_EQ(Value(R"(rectifier_model_load_duration_seconds{model="m",version="1"})"), "1.5");
  EXPECT_EQ(Value(R"(rectifier_model_weight_bytes{model="m",version="1"})"), "1048576");
}

TEST_F(ModelStateTest, CountsFailedLoadsAndTellsTheLastError) {
  const auto error = [&](const std::string& text) {
    return Value("rectifier_model_last_load_error_info{error=\"" + text +
                 "\",model=\"m\",version=\"1\"}");
  };
  Fail("first");
  EXPECT_EQ(error("first"), "1");
  Fail("conv_3 (Conv): unknown attribute \"x\"");
  EXPECT_EQ(error("first"), "absent");
  EXPECT_EQ(error(R"(conv_3 (Conv): unknown attribute \"x\")"), "1");
  EXPECT_EQ(Value(R"(rectifier_model_load_failures_total{model="m",version="1"})"), "2");
}

TEST_F(ModelStateTest, ForgetsTheErrorWhenALoadSucceeds) {
  Fail("broken");
  metrics_.SetModelState("m", "1", {.state = ModelState::kLoading});
  EXPECT_THAT(metrics_.TextExposition(), HasSubstr("error=\"broken\""));
  metrics_.SetModelState("m", "1", {.state = ModelState::kReady});
  EXPECT_THAT(metrics_.TextExposition(), Not(HasSubstr("error=\"broken\"")));
  EXPECT_EQ(Value(R"(rectifier_model_load_failures_total{model="m",version="1"})"), "1");
}

TEST_F(ModelStateTest, CutsTheErrorAt256Bytes) {
  Fail(std::string(300, 'x'));
  EXPECT_EQ(Value("rectifier_model_last_load_error_info{error=\"" + std::string(256, 'x') +
                  "\",model=\"m\",version=\"1\"}"),
            "1");
}

TEST_F(MetricsTest, ForgetsAVersionThatWasRemoved) {
  metrics_.SetModelState("m", "1", {.state = ModelState::kUnavailable, .error = "broken"});
  metrics_.SetModelState("m", "2", {.state = ModelState::kReady});
  Request(absl::StatusCode::kOk, milliseconds(1));
  metrics_.RemoveModel("m", "1");
  metrics_.RemoveModel("m", "1");
  metrics_.RemoveModel("never known", "1");
  EXPECT_THAT(metrics_.TextExposition(), Not(HasSubstr("version=\"1\"")));
  EXPECT_THAT(metrics_.TextExposition(), HasSubstr("version=\"2\""));
}

TEST_F(MetricsTest, KeepsARemovedVersionUntilItsRequestsAreAnswered) {
  metrics_.SetModelState("m", "1", {.state = ModelState::kReady});
  auto requests = metrics_.RequestsOf("m", "1");
  requests->OnStarted();
  metrics_.RemoveModel("m", "1");
  EXPECT_EQ(Value(R"(rectifier_inference_requests_in_flight{model="m",version="1"})"), "1");
  requests->OnFinished(absl::StatusCode::kOk, milliseconds(1), nullptr);
  requests.reset();
  EXPECT_THAT(metrics_.TextExposition(), Not(HasSubstr("model=\"m\"")));
}

TEST_F(MetricsTest, KeepsARemovedVersionUntilItsObserversAreGone) {
  auto observer = metrics_.ObserverFor("m", "1");
  metrics_.RemoveModel("m", "1");
  observer->OnQueueDepth(1, 10);
  EXPECT_EQ(Value(R"(rectifier_queue_tasks{model="m",version="1"})"), "1");
  observer.reset();
  EXPECT_THAT(metrics_.TextExposition(), Not(HasSubstr("model=\"m\"")));
}

TEST_F(MetricsTest, GoesOnCountingWhenAVersionReturnsBeforeItsOldObserversAreGone) {
  auto old_observer = metrics_.ObserverFor("m", "1");
  old_observer->OnRun({1, 0, 1, milliseconds(1)});
  metrics_.RemoveModel("m", "1");
  metrics_.SetModelState("m", "1", {.state = ModelState::kReady});
  const auto new_observer = metrics_.ObserverFor("m", "1");
  old_observer.reset();
  new_observer->OnRun({1, 0, 1, milliseconds(1)});
  EXPECT_EQ(Value(R"(rectifier_batch_samples_count{model="m",version="1"})"), "2");
}

// A page on which every family has a series.
class PageTest : public MetricsTest {
 protected:
  PageTest() {
    metrics_.SetWorkers(2);
    metrics_.OnRejected(absl::StatusCode::kNotFound);
    observer_->OnQueueDepth(1, 2);
    observer_->OnDropped(Rejection::kCancelled);
    observer_->OnRun({4, 0, 2, milliseconds(1)});
    observer_->OnCost(4, milliseconds(1));
    const InferenceTimes times = Times();
    Request(absl::StatusCode::kOk, milliseconds(20), &times);
    metrics_.SetModelState(
        "m", "1", {.state = ModelState::kUnavailable, .error = "bytes: \"\xFF\\\n\xE2\x82\xAC"});
    page_ = metrics_.TextExposition();
  }

  std::shared_ptr<ModelObserver> observer_ = metrics_.ObserverFor("m", "1");
  std::string page_;
};

// Every family of a page as docs/metrics.md writes it: name, labels as a set, type.
std::set<std::string> Described(const std::string& page) {
  std::map<std::string, std::string> types;
  std::map<std::string, std::set<std::string>> labels;
  std::istringstream lines(page);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string hash;
    std::string keyword;
    std::string name;
    if (line.starts_with("# TYPE ") && words >> hash >> keyword >> name) {
      words >> types[name];
    } else if (!line.starts_with("#")) {
      std::string family = line.substr(0, line.find_first_of("{ "));
      for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
        if (!family.ends_with(suffix)) continue;
        const std::string histogram = family.substr(0, family.size() - suffix.size());
        if (types.contains(histogram)) family = histogram;
      }
      const std::regex label("([a-z_]+)=\"(?:[^\"\\\\]|\\\\.)*\"");
      for (std::sregex_iterator match(line.begin(), line.end(), label), end; match != end;
           ++match) {
        if ((*match)[1] != "le") labels[family].insert((*match)[1]);
      }
    }
  }
  std::set<std::string> described;
  for (const auto& [name, type] : types) {
    described.insert(name + "{" + absl::StrJoin(labels[name], ",") + "} " + type);
  }
  return described;
}

TEST_F(PageTest, IsWhatTheDocumentationSays) {
  std::ifstream document(std::string(RECTIFIER_SOURCE_DIR) + "/docs/metrics.md");
  ASSERT_TRUE(document);
  std::set<std::string> documented;
  const std::regex row("\\| `([a-z_]+)(?:\\{([a-z_,]+)\\})?` \\| ([a-z]+) \\| .+ \\|");
  for (std::string line; std::getline(document, line);) {
    std::smatch match;
    if (!std::regex_match(line, match, row)) continue;
    const std::vector<std::string> given = absl::StrSplit(match[2].str(), ',', absl::SkipEmpty());
    const std::set<std::string> labels(given.begin(), given.end());
    const auto [place, is_new] = documented.insert(
        match[1].str() + "{" + absl::StrJoin(labels, ",") + "} " + match[3].str());
    EXPECT_TRUE(is_new) << *place << " is documented twice";
  }
  EXPECT_EQ(documented, Described(page_));
}

// What Prometheus' own tool thinks of it.
TEST_F(PageTest, PassesPromtool) {
  for (size_t type = page_.find("# TYPE "); type != std::string::npos;
       type = page_.find("# TYPE ", type + 1)) {
    const std::string name = page_.substr(type + 7, page_.find(' ', type + 7) - type - 7);
    EXPECT_TRUE(page_.find("\n" + name + "{") != std::string::npos ||
                page_.find("\n" + name + " ") != std::string::npos ||
                page_.find("\n" + name + "_bucket{") != std::string::npos)
        << name << " has no series";
  }

  const std::string path = testing::TempDir() + "/exposition.txt";
  std::ofstream(path) << page_;
  FILE* tool = popen(("promtool check metrics < '" + path + "' 2>&1").c_str(), "r");
  ASSERT_NE(tool, nullptr);
  std::string complaints;
  for (int c = 0; (c = std::fgetc(tool)) != EOF;) complaints += static_cast<char>(c);
  const int status = pclose(tool);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0)
      << "promtool (Debian package prometheus) must be installed and agree: " << complaints
      << page_;
  EXPECT_EQ(complaints, "");
}

TEST_F(MetricsTest, CountsEverythingFromManyThreads) {
  constexpr int kThreads = 4;
  constexpr int kRounds = 500;
  metrics_.SetModelState("m", "1", {.state = ModelState::kReady});
  std::atomic<int> running = kThreads;
  std::vector<std::thread> threads;
  threads.reserve(kThreads);
  for (int thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const InferenceTimes times = Times();
      const std::string own = std::to_string(thread);
      for (int round = 0; round < kRounds; ++round) {
        const auto observer = metrics_.ObserverFor("m", "1");
        Request(round % 2 == 0 ? absl::StatusCode::kOk : absl::StatusCode::kInternal,
                milliseconds(1), &times);
        observer->OnQueueDepth(round, round);
        observer->OnRun({1, 0, 1, milliseconds(1)});
        observer->OnDropped(Rejection::kCancelled);
        metrics_.OnRejected(absl::StatusCode::kNotFound);
        // Versions that come and go.
        metrics_.SetModelState("other", own, {.state = ModelState::kUnavailable, .error = own});
        metrics_.RemoveModel("other", own);
      }
      --running;
    });
  }
  while (running > 0) EXPECT_NE(metrics_.TextExposition(), "");
  for (std::thread& thread : threads) thread.join();
  const std::string half = std::to_string(kThreads * kRounds / 2);
  const std::string all = std::to_string(kThreads * kRounds);
  EXPECT_EQ(Value(R"(rectifier_inference_requests_total{code="ok",model="m",version="1"})"), half);
  EXPECT_EQ(Value(R"(rectifier_inference_requests_total{code="internal",model="m",version="1"})"),
            half);
  EXPECT_EQ(Value(R"(rectifier_inference_requests_in_flight{model="m",version="1"})"), "0");
  EXPECT_EQ(Value(R"(rectifier_batch_samples_count{model="m",version="1"})"), all);
  EXPECT_EQ(Value(R"(rectifier_inference_rejected_total{code="not_found"})"), all);
  EXPECT_THAT(metrics_.TextExposition(), Not(HasSubstr("model=\"other\"")));
}

}  // namespace
}  // namespace rectifier
