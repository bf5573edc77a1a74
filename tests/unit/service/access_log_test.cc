#include "server/service/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/service/server_fixture.h"

namespace rectifier {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;
using Mode = AccessLog::Mode;

constexpr char kTraceparent[] = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

// The lines that an access log has written, without their times. Safe from any thread.
class Lines {
 public:
  AccessLog::Write Writer() {
    return [this](log::Level level, std::string_view message, std::span<const log::Field> fields) {
      MutexLock lock(mutex_);
      lines_.push_back(log::FormatLine(log::Format::kText, level, message, fields));
    };
  }
  std::vector<std::string> Get() const {
    MutexLock lock(mutex_);
    return lines_;
  }

 private:
  mutable Mutex mutex_;
  std::vector<std::string> lines_ RECTIFIER_GUARDED_BY(mutex_);
};

class AccessLogTest : public testing::Test {
 protected:
  AccessLogTest() { log::Configure(log::Level::kInfo, log::Format::kText); }
  ~AccessLogTest() override { log::Configure(log::Level::kInfo, log::Format::kText); }

  void Start(const AccessLog::Options& options) { log_.emplace(options, lines_.Writer()); }

  // A request that ended with `code` now; returns whether it made a line.
  bool Request(absl::StatusCode code, std::string_view traceparent = "") {
    const absl::Status status(code, code == absl::StatusCode::kOk ? "" : "what went wrong");
    AccessRecord record;
    record.model = "m";
    record.version = "1";
    record.status = &status;
    return Record(record, traceparent);
  }
  bool Record(const AccessRecord& record, std::string_view traceparent = "") {
    const size_t before = lines_.Get().size();
    log_->Record(record, clock_.Now(), [&] { return traceparent; });
    return lines_.Get().size() > before;
  }
  std::string Last() { return lines_.Get().back(); }

  FakeClock clock_;
  Lines lines_;
  std::optional<AccessLog> log_;
};

TEST_F(AccessLogTest, TellsAllThatIsKnownOfARequest) {
  Start({.mode = Mode::kAll});
  const TimePoint start = clock_.Now();
  const InferenceTimes times{.enqueued = start,
                             .dequeued = start + microseconds(1500),
                             .input_ready = start + microseconds(1510),
                             .computed = start + microseconds(4510),
                             .output_ready = start + microseconds(4511),
                             .batch = 8};
  const absl::Status status;
  AccessRecord record;
  record.id = "id-1";
  record.model = "m";
  record.version = "3";
  record.status = &status;
  record.samples = 2;
  record.request_bytes = 1000;
  record.reply_bytes = 100;
  record.total = microseconds(4600);
  record.times = &times;
  ASSERT_TRUE(Record(record, kTraceparent));
  EXPECT_EQ(Last(),
            "info    request id=id-1 model=m version=3 code=OK samples=2 request_bytes=1000 "
            "reply_bytes=100 batch=8 queue_ms=1.5 input_ms=0.01 compute_ms=3.0 output_ms=0.001 "
            "total_ms=4.6 trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331");
}

TEST_F(AccessLogTest, LeavesOutWhatIsNotKnown) {
  Start({.mode = Mode::kErrors});
  const absl::Status status = absl::InvalidArgumentError("the message cannot be parsed");
  AccessRecord record;
  record.status = &status;
  record.request_bytes = 7;
  ASSERT_TRUE(Record(record));
  EXPECT_EQ(Last(),
            "warning request code=INVALID_ARGUMENT request_bytes=7 reply_bytes=0 total_ms=0.0 "
            "error=\"the message cannot be parsed\"");
}

TEST_F(AccessLogTest, ARequestThatFailedOnItsWayHasThePhasesThatItReached) {
  Start({.mode = Mode::kErrors});
  const absl::Status status = absl::InternalError("no");
  const InferenceTimes times{.enqueued = clock_.Now(), .dequeued = clock_.Now() + milliseconds(1)};
  AccessRecord record;
  record.status = &status;
  record.times = &times;
  ASSERT_TRUE(Record(record));
  EXPECT_THAT(Last(), HasSubstr("queue_ms=1.0 total_ms"));
}

TEST_F(AccessLogTest, TheModeSaysOfWhichRequestsItTells) {
  struct Case {
    Mode mode;
    bool ok;
    bool failed;
  };
  for (const Case& c : {Case{Mode::kOff, false, false}, Case{Mode::kErrors, false, true},
                        Case{Mode::kSampled, true, true}, Case{Mode::kAll, true, true}}) {
    Start({.mode = c.mode, .sample_every = 1});
    EXPECT_EQ(Request(absl::StatusCode::kOk), c.ok);
    EXPECT_EQ(Request(absl::StatusCode::kNotFound), c.failed);
    EXPECT_EQ(log_->Considers(absl::StatusCode::kOk), c.ok);
    EXPECT_EQ(log_->Considers(absl::StatusCode::kNotFound), c.failed);
  }
}

TEST_F(AccessLogTest, SamplesOneOfSoManyRequestsThatSucceed) {
  Start({.mode = Mode::kSampled, .sample_every = 10});
  int lines = 0;
  for (int i = 0; i < 100; ++i) {
    lines += Request(absl::StatusCode::kOk) ? 1 : 0;
    if (i == 50) {
      EXPECT_TRUE(Request(absl::StatusCode::kCancelled));
    }
  }
  EXPECT_EQ(lines, 10);
}

TEST_F(AccessLogTest, TheServersOwnFaultsAreErrorsAndTheOthersWarnings) {
  Start({.mode = Mode::kAll});
  const auto level = [&](absl::StatusCode code) {
    Request(code);
    return Last().substr(0, Last().find(' '));
  };
  EXPECT_EQ(level(absl::StatusCode::kOk), "info");
  EXPECT_EQ(level(absl::StatusCode::kResourceExhausted), "warning");
  EXPECT_EQ(level(absl::StatusCode::kInvalidArgument), "warning");
  EXPECT_EQ(level(absl::StatusCode::kInternal), "error");
  EXPECT_EQ(level(absl::StatusCode::kUnknown), "error");
}

TEST_F(AccessLogTest, TheLevelOfTheLogAppliesAndWhatIsBelowItTakesNobodysTurn) {
  Start({.mode = Mode::kErrors, .errors_per_second = 1});
  log::Configure(log::Level::kError, log::Format::kText);
  EXPECT_FALSE(Request(absl::StatusCode::kNotFound));
  EXPECT_TRUE(Request(absl::StatusCode::kInternal));
  EXPECT_EQ(log_->suppressed(), 0);
}

TEST_F(AccessLogTest, AFloodOfFailuresIsBoundedAndTheNextLineTellsHowManyWereLeftOut) {
  Start({.mode = Mode::kErrors, .errors_per_second = 3});
  int lines = 0;
  for (int i = 0; i < 1000; ++i) {
    lines += Request(absl::StatusCode::kResourceExhausted) ? 1 : 0;
    clock_.Advance(microseconds(1));
  }
  EXPECT_EQ(lines, 3);
  EXPECT_EQ(log_->suppressed(), 997);
  EXPECT_THAT(Last(), Not(HasSubstr("suppressed")));
  clock_.Advance(std::chrono::seconds(1));
  EXPECT_TRUE(Request(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Last(), HasSubstr(" suppressed=997"));
  EXPECT_TRUE(Request(absl::StatusCode::kResourceExhausted));
  EXPECT_THAT(Last(), Not(HasSubstr("suppressed")));
  EXPECT_EQ(log_->suppressed(), 997);
}

TEST_F(AccessLogTest, WhatNoLineHasToldOfIsToldAtTheEnd) {
  Start({.mode = Mode::kErrors, .errors_per_second = 1});
  for (int i = 0; i < 5; ++i) Request(absl::StatusCode::kResourceExhausted);
  log_.reset();
  ASSERT_THAT(lines_.Get(), SizeIs(2));
  EXPECT_EQ(Last(), "warning failed requests were not logged one by one suppressed=4");
}

TEST_F(AccessLogTest, AllHasNoBound) {
  Start({.mode = Mode::kAll, .errors_per_second = 1});
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(Request(absl::StatusCode::kResourceExhausted));
  EXPECT_EQ(log_->suppressed(), 0);
}

TEST_F(AccessLogTest, ATraceThatIsNotValidIsLeftOut) {
  Start({.mode = Mode::kAll});
  for (const char* header : {"", "00-x", "\" forged=1"}) {
    EXPECT_TRUE(Request(absl::StatusCode::kOk, header));
    EXPECT_THAT(Last(), Not(HasSubstr("trace_id")));
    EXPECT_THAT(Last(), Not(HasSubstr("forged")));
  }
}

TEST_F(AccessLogTest, TheTraceIsOnlyAskedForWhenALineIsWritten) {
  Start({.mode = Mode::kSampled, .sample_every = 2});
  const absl::Status ok;
  AccessRecord record;
  record.status = &ok;
  int asked = 0;
  const auto traceparent = [&] {
    ++asked;
    return std::string_view();
  };
  for (int i = 0; i < 4; ++i) log_->Record(record, clock_.Now(), traceparent);
  EXPECT_EQ(asked, 2);
}

TEST_F(AccessLogTest, TextOfClientsIsCutAndForgesNothing) {
  Start({.mode = Mode::kAll});
  const absl::Status status;
  const std::string id = "\ninfo  request code=OK\x1b[2J\" model=\"x" + std::string(300, 'a');
  AccessRecord record;
  record.id = id;
  record.status = &status;
  ASSERT_TRUE(Record(record));
  EXPECT_THAT(Last(), Not(HasSubstr("\n")));
  EXPECT_THAT(Last(), Not(HasSubstr("\x1b")));
  EXPECT_THAT(Last(), HasSubstr(R"(id="\ninfo  request code=OK\u001b[2J\" model=\"x)"));
  EXPECT_THAT(Last(), Not(HasSubstr(std::string(257, 'a'))));
}

TEST(AccessLogModeTest, NamesReadBack) {
  EXPECT_EQ(ParseAccessLogMode("off"), Mode::kOff);
  EXPECT_EQ(ParseAccessLogMode("errors"), Mode::kErrors);
  EXPECT_EQ(ParseAccessLogMode("sampled"), Mode::kSampled);
  EXPECT_EQ(ParseAccessLogMode("all"), Mode::kAll);
  EXPECT_EQ(ParseAccessLogMode("ALL"), std::nullopt);
}

// Through gRPC.
class AccessLogOfServerTest : public ServerTest {
 protected:
  AccessLogOfServerTest() { log::Configure(log::Level::kInfo, log::Format::kText); }

  void Start(Mode mode) {
    log_.emplace(AccessLog::Options{.mode = mode, .sample_every = 1}, lines_.Writer());
    options_.access_log = &*log_;
    StartServer();
  }

  Lines lines_;
  std::optional<AccessLog> log_;
};

TEST_F(AccessLogOfServerTest, ARequestHasItsIdItsVersionItsSizesAndItsTrace) {
  Start(Mode::kAll);
  grpc::ClientContext context;
  context.AddMetadata("traceparent", kTraceparent);
  const inference::ModelInferRequest request = DoublingRequest();
  inference::ModelInferResponse response;
  ASSERT_TRUE(stub_->ModelInfer(&context, request, &response).ok());
  EXPECT_THAT(
      lines_.Get(),
      ElementsAre(fmt::format("info    request id=id-1 model=doubler version=2 code=OK samples=2 "
                              "request_bytes={} reply_bytes={} batch=2 total_ms=0.0 "
                              "trace_id=0af7651916cd43dd8448eb211c80319c span_id=b7ad6b7169203331",
                              request.ByteSizeLong(), response.ByteSizeLong())));
}

TEST_F(AccessLogOfServerTest, TwoTracesAreNone) {
  Start(Mode::kAll);
  grpc::ClientContext context;
  context.AddMetadata("traceparent", kTraceparent);
  context.AddMetadata("traceparent", kTraceparent);
  inference::ModelInferResponse response;
  ASSERT_TRUE(stub_->ModelInfer(&context, DoublingRequest(), &response).ok());
  EXPECT_THAT(lines_.Get(), ElementsAre(Not(HasSubstr("trace_id"))));
}

TEST_F(AccessLogOfServerTest, RefusalsHaveTheirReasonAndWhatWasRead) {
  Start(Mode::kErrors);
  EXPECT_TRUE(Infer(DoublingRequest()).ok());
  EXPECT_FALSE(Infer(DoublingRequest("nobody")).ok());
  inference::ModelInferRequest wrong = DoublingRequest();
  wrong.mutable_inputs(0)->set_datatype("INT8");
  EXPECT_FALSE(Infer(wrong).ok());
  doubler_->set_submit_status(absl::ResourceExhaustedError("queue: full"));
  EXPECT_FALSE(Infer(DoublingRequest()).ok());
  EXPECT_FALSE(SendBytes("/inference.GRPCInferenceService/ModelInfer", "\xff\xff").ok());
  EXPECT_THAT(
      lines_.Get(),
      ElementsAre(
          ::testing::AllOf(HasSubstr("id=id-1 model=nobody code=NOT_FOUND request_bytes="),
                           HasSubstr("error=\"model 'nobody': not found\"")),
          ::testing::AllOf(HasSubstr("model=doubler version=2 code=INVALID_ARGUMENT request_bytes"),
                           HasSubstr("expected datatype FP32")),
          ::testing::AllOf(HasSubstr("code=RESOURCE_EXHAUSTED samples=2 "),
                           HasSubstr("error=\"queue: full\"")),
          HasSubstr("warning request code=INVALID_ARGUMENT request_bytes=2 ")));
}

TEST_F(AccessLogOfServerTest, EachMessageOfAStreamHasALineWithTheTraceOfTheCall) {
  Start(Mode::kAll);
  grpc::ClientContext context;
  context.AddMetadata("traceparent", kTraceparent);
  const auto stream = stub_->ModelStreamInfer(&context);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(stream->Write(DoublingRequest()));
    inference::ModelStreamInferResponse response;
    ASSERT_TRUE(stream->Read(&response));
  }
  ASSERT_TRUE(stream->WritesDone());
  EXPECT_TRUE(stream->Finish().ok());
  EXPECT_THAT(lines_.Get(), ElementsAre(HasSubstr("span_id=b7ad6b7169203331"),
                                        HasSubstr("span_id=b7ad6b7169203331")));
}

}  // namespace
}  // namespace rectifier
