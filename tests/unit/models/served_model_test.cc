#include "server/models/served_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <list>
#include <thread>

#include "tests/support/fake_clock.h"
#include "tests/support/status_testing.h"
#include "tests/unit/engine/graph_writer.h"
#include "tests/unit/models/serving_testing.h"
#include "tests/unit/passes/ticking_clock.h"

namespace rectifier {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kSample[] = "digits_prelu";

class ServedModelTest : public testing::Test {
 protected:
  Call& NewCall(const ServedModel& served, int64_t samples, size_t misalignment = 0) {
    const uint64_t seed = 1000 * (calls_.size() + 1);
    return calls_.emplace_back(served, SampleInputs(served.model(), samples, seed), samples,
                               misalignment);
  }
  void SubmitNew(ServedModel& served, int64_t samples, size_t misalignment = 0) {
    const absl::Status status = served.Submit(NewCall(served, samples, misalignment).Request());
    ASSERT_TRUE(status.ok()) << Message(status);
  }
  void ExpectAllAnsweredAsAlone(const ServedModel& served) {
    for (Call& call : calls_) {
      ASSERT_EQ(StatusText(call.Wait()), "OK");
      EXPECT_EQ(call.Outputs(), RunAlone(served.model(), call.inputs(), call.samples()))
          << call.samples() << " samples";
    }
  }

  FakeClock clock_;
  std::list<Call> calls_;  // do not move
  Serving serving_{clock_};
};

TEST_F(ServedModelTest, HasTheNamesAndTheSignatureOfItsModel) {
  const auto served = serving_.Serve(TwoPortModel(), 4);
  EXPECT_EQ(served->name(), "m");
  EXPECT_EQ(served->version(), "1");
  EXPECT_EQ(served->signature().max_batch, 4);
  EXPECT_THAT(*served->OutputTypes(3, {}), ElementsAre(TensorType{DType::kFloat32, {3, 2}},
                                                       TensorType{DType::kFloat32, {3, 3}}));
}

TEST_F(ServedModelTest, TypesOfAModelOfFixedShapesDoNotDependOnTheSamples) {
  const auto served = serving_.Serve(LeakyModel({2, 3}), 4);
  EXPECT_THAT(*served->OutputTypes(1, {}), ElementsAre(TensorType{DType::kFloat32, {2, 3}}));
}

TEST_F(ServedModelTest, EverySizeOfRequestGetsTheBitsOfItsSamplesAlone) {
  for (const char* name : {"digits_prelu", "digits_leaky_relu"}) {
    calls_.clear();
    const auto served = serving_.Serve(SampleModel(name), 40);
    for (int64_t samples = 1; samples <= 40; ++samples) SubmitNew(*served, samples);
    ExpectAllAnsweredAsAlone(*served);
  }
}

TEST_F(ServedModelTest, RandomMixesGetTheBitsOfTheirSamplesAlone) {
  const auto served = serving_.Serve(SampleModel(kSample), 40);
  Random random(7);
  for (int round = 0; round < 20; ++round) {
    calls_.clear();
    serving_.pool.Pause();
    const int64_t requests = random.Between(1, 12);
    for (int64_t i = 0; i < requests; ++i) {
      SubmitNew(*served, random.Between(1, random.Chance(70) ? 6 : 40),
                static_cast<size_t>(random.Pick<int64_t>({0, 0, 4, 1})));
    }
    serving_.pool.Resume();
    ExpectAllAnsweredAsAlone(*served);
  }
}

// Where every Program costs the same, everything is padded to the largest.
TEST_F(ServedModelTest, PaddedBatchesGiveTheBitsOfTheirSamplesAlone) {
  for (const char* name : {"digits_prelu", "digits_leaky_relu"}) {
    calls_.clear();
    const auto served = serving_.Serve(SampleModel(name), 8);
    for (const int64_t size : served->model().batch_sizes()) {
      served->Calibrate({size, std::chrono::milliseconds(1)});
    }
    for (const int64_t samples : {5, 1, 3, 7, 8}) {
      SubmitNew(*served, samples);
      ASSERT_EQ(StatusText(calls_.back().Wait()), "OK");
    }
    ExpectAllAnsweredAsAlone(*served);
  }
  EXPECT_GT(serving_.runs.padding(), 0);
}

TEST_F(ServedModelTest, ARequestOfMoreSamplesThanABatchIsSplitAndAnsweredAsOne) {
  const auto served = serving_.Serve(SampleModel(kSample), 4);
  EXPECT_EQ(served->signature().max_samples, 4 * ServedModel::kMaxParts);
  for (const int64_t samples : {5, 8, 11, 30}) SubmitNew(*served, samples);
  ExpectAllAnsweredAsAlone(*served);
  for (const Call& call : calls_) EXPECT_EQ(call.statuses.size(), 1) << "it is told once";
  const InferenceStatistics statistics = served->Statistics();
  EXPECT_EQ(statistics.success.count, 4);
  EXPECT_EQ(statistics.samples, 54);
}

// What a model that is replaced under load comes to.
TEST_F(ServedModelTest, TheLastHandleMayBeDroppedFromWithinABatch) {
  LatchCounter freed;
  std::shared_ptr<ServedModel> served(serving_.Serve(SampleModel(kSample), 4).release(),
                                      [&freed](const ServedModel* model) {
                                        delete model;
                                        freed.Add();
                                      });
  Call& call = NewCall(*served, 1);
  InferenceRequest request = call.Request();
  std::shared_ptr<ServedModel> last;
  request.done = [&last](const absl::Status&, const InferenceTimes&) { last.reset(); };
  serving_.pool.Pause();
  ASSERT_TRUE(served->Submit(std::move(request)).ok());
  last = std::move(served);
  serving_.pool.Resume();
  freed.WaitFor(1);
}

TEST_F(ServedModelTest, ARequestMayBeRefusedForItsSamplesInPlaceOfBeingSplit) {
  const auto served = serving_.Serve(SampleModel(kSample), 4, {.split_requests = false});
  EXPECT_EQ(served->signature().max_samples, 0);
  EXPECT_EQ(served->signature().max_batch, 4);
}

TEST_F(ServedModelTest, ASplitRequestThatTheQueueHasNoRoomForIsToldSoOnceAndNotRunInVain) {
  const auto served = serving_.Serve(SampleModel(kSample), 4, {.batching = {.max_queue_tasks = 2}});
  serving_.pool.Pause();
  SubmitNew(*served, 16);
  serving_.pool.Resume();
  EXPECT_EQ(calls_.back().Wait().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(calls_.back().statuses.size(), 1);
  EXPECT_TRUE(serving_.runs.runs().empty());
  EXPECT_EQ(served->Statistics().fail.count, 1);
}

TEST_F(ServedModelTest, ASplitRequestThatIsCancelledIsToldSoOnce) {
  const auto served = serving_.Serve(SampleModel(kSample), 4);
  serving_.pool.Pause();
  SubmitNew(*served, 12);
  calls_.back().cancelled = true;
  serving_.pool.Resume();
  EXPECT_EQ(calls_.back().Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_EQ(calls_.back().statuses.size(), 1);
}

TEST_F(ServedModelTest, SeveralInputsAndOutputsAreNotMixedUp) {
  const auto served = serving_.Serve(TwoPortModel(), 8);
  serving_.pool.Pause();
  for (const int64_t samples : {1, 3, 2, 5, 8, 1}) SubmitNew(*served, samples);
  serving_.pool.Resume();
  ExpectAllAnsweredAsAlone(*served);
}

// y = leaky_relu(x) of pictures of any size.
OnnxBuilder AnySizeModel() { return LeakyModel({-1, 1, -1, -1}); }

TEST_F(ServedModelTest, RequestsOfDifferentShapesNeverShareABatch) {
  const auto served = serving_.Serve(AnySizeModel(), 8);
  serving_.pool.Pause();
  for (const Shape& shape : {Shape{1, 1, 2, 3}, Shape{2, 1, 3, 2}, Shape{1, 1, 2, 3},
                             Shape{1, 1, 3, 2}, Shape{1, 1, 2, 3}}) {
    calls_.emplace_back(*served, SeededTensors({shape}, calls_.size()), shape[0]);
    ASSERT_TRUE(served->Submit(calls_.back().Request()).ok());
  }
  serving_.pool.Resume();
  for (Call& call : calls_) {
    ASSERT_EQ(StatusText(call.Wait()), "OK");
    const auto bytes = call.Outputs()[0];
    std::vector<float> y(bytes.size() / sizeof(float));
    std::memcpy(y.data(), bytes.data(), bytes.size());
    const auto x = call.inputs()[0].data<float>();
    for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], x[i] > 0 ? x[i] : 0.5F * x[i]);
  }
  // 3 of the first shape are run as 2 + 1, those of the other likewise.
  EXPECT_THAT(serving_.runs.runs(),
              ElementsAre(BatchRun{2, 2}, BatchRun{2, 1}, BatchRun{1, 1}, BatchRun{1, 1}));
  EXPECT_THAT(serving_.runs.cached(), ElementsAre(1, 2, 3, 4));
}

TEST_F(ServedModelTest, AProgramIsBuiltOnceForItsShapes) {
  const auto served = serving_.Serve(AnySizeModel(), 8);
  for (int i = 0; i < 3; ++i) {
    calls_.emplace_back(*served, SeededTensors({Shape{1, 1, 4, 4}}, 1), 1);
    ASSERT_TRUE(served->Submit(calls_.back().Request()).ok());
    ASSERT_EQ(StatusText(calls_.back().Wait()), "OK");
  }
  EXPECT_THAT(serving_.runs.cached(), ElementsAre(1));
}

TEST_F(ServedModelTest, AnOutputThatIsNotWantedIsNotWritten) {
  const auto served = serving_.Serve(TwoPortModel(), 8);
  serving_.pool.Pause();
  // One that fills a run alone, and a run of three.
  for (const int64_t samples : {8, 1, 2, 1}) {
    Call& call = NewCall(*served, samples);
    if (samples != 2) call.unwanted_outputs = {samples == 8 ? 0u : 1u};
    ASSERT_TRUE(served->Submit(call.Request()).ok());
  }
  serving_.pool.Resume();
  for (Call& call : calls_) {
    ASSERT_EQ(StatusText(call.Wait()), "OK");
    const auto alone = RunAlone(served->model(), call.inputs(), call.samples());
    for (size_t i = 0; i < alone.size(); ++i) {
      const bool wanted = call.unwanted_outputs.count(i) == 0;
      const auto expected = wanted ? alone[i] : std::vector<std::byte>(alone[i].size());
      EXPECT_EQ(call.Outputs()[i], expected) << call.samples() << " samples, output " << i;
    }
  }
}

TEST_F(ServedModelTest, AnswersFromManyThreadsAndWorkersAreThoseOfTheSamplesAlone) {
  Serving serving(SteadyClock(), 3);
  const auto served = serving.Serve(SampleModel(kSample), 8);
  for (int i = 0; i < 60; ++i) NewCall(*served, i % 8 + 1);
  std::vector<Call*> calls;
  for (Call& call : calls_) calls.push_back(&call);
  std::vector<std::thread> threads;
  for (size_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (size_t i = thread; i < calls.size(); i += 4) {
        EXPECT_TRUE(served->Submit(calls[i]->Request()).ok());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  ExpectAllAnsweredAsAlone(*served);
}

TEST_F(ServedModelTest, TakesTensorsAtAnyAddress) {
  const auto served = serving_.Serve(SampleModel(kSample), 4);
  for (size_t misalignment = 0; misalignment < 9; ++misalignment) {
    SubmitNew(*served, 1, misalignment);
    SubmitNew(*served, 3, misalignment);
  }
  ExpectAllAnsweredAsAlone(*served);
}

TEST_F(ServedModelTest, ARequestIsRunAsTheFewestPrograms) {
  const auto served = serving_.Serve(SampleModel(kSample), 8);
  SubmitNew(*served, 5);
  ExpectAllAnsweredAsAlone(*served);
  EXPECT_THAT(serving_.runs.runs(), ElementsAre(BatchRun(4, 1), BatchRun(1, 1)));
}

TEST_F(ServedModelTest, RequestsThatWaitShareARunAndMayBeSpreadOverSeveral) {
  const auto served = serving_.Serve(SampleModel(kSample), 8);
  serving_.pool.Pause();
  for (const int64_t samples : {1, 2, 4}) SubmitNew(*served, samples);  // 4 + 2 + 1
  serving_.pool.Resume();
  ExpectAllAnsweredAsAlone(*served);
  EXPECT_THAT(serving_.runs.runs(), ElementsAre(BatchRun(4, 3), BatchRun(2, 1), BatchRun(1, 1)));
}

TEST_F(ServedModelTest, ARequestThatDoesNotFitBesideTheOthersWaitsForTheNextBatch) {
  const auto served = serving_.Serve(SampleModel(kSample), 4);
  serving_.pool.Pause();
  for (const int64_t samples : {3, 2, 2}) SubmitNew(*served, samples);
  serving_.pool.Resume();
  ExpectAllAnsweredAsAlone(*served);
  EXPECT_THAT(serving_.runs.runs(), ElementsAre(BatchRun(2, 1), BatchRun(1, 1), BatchRun(4, 2)));
}

TEST_F(ServedModelTest, RequestsForAModelOfFixedShapesAreRunOneByOne) {
  const auto served = serving_.Serve(LeakyModel({2, 3}), 8);
  serving_.pool.Pause();
  for (int i = 0; i < 3; ++i) SubmitNew(*served, 1);
  serving_.pool.Resume();
  ExpectAllAnsweredAsAlone(*served);
  EXPECT_THAT(serving_.runs.runs(), ElementsAre(BatchRun(1, 1), BatchRun(1, 1), BatchRun(1, 1)));
}

TEST_F(ServedModelTest, ANanInOneRequestReachesNoOther) {
  const auto served = serving_.Serve(SampleModel(kSample), 8);
  serving_.pool.Pause();
  for (int i = 0; i < 3; ++i) NewCall(*served, i == 1 ? 2 : 1);
  std::vector<Tensor> poisoned = SampleInputs(served->model(), 2, 5);
  for (float& value : poisoned[0].data<float>()) value = std::numeric_limits<float>::quiet_NaN();
  Call poison(*served, std::move(poisoned), 2);
  auto next = calls_.begin();
  ASSERT_TRUE(served->Submit((next++)->Request()).ok());
  ASSERT_TRUE(served->Submit(poison.Request()).ok());
  ASSERT_TRUE(served->Submit((next++)->Request()).ok());
  ASSERT_TRUE(served->Submit((next++)->Request()).ok());
  serving_.pool.Resume();
  ExpectAllAnsweredAsAlone(*served);
  ASSERT_TRUE(poison.Wait().ok());
  float first = 0;
  std::memcpy(&first, poison.Outputs()[0].data(), sizeof(first));
  EXPECT_TRUE(std::isnan(first));
}

TEST_F(ServedModelTest, PhasesEndOneAfterTheOther) {
  const TickingClock clock{milliseconds(1)};
  Serving serving(clock);
  const auto served = serving.Serve(SampleModel(kSample), 8);
  SubmitNew(*served, 4);
  ASSERT_TRUE(calls_.front().Wait().ok());
  const InferenceTimes& times = calls_.front().times;
  EXPECT_LT(TimePoint(), times.enqueued);
  EXPECT_LT(times.enqueued, times.dequeued);
  EXPECT_LT(times.dequeued, times.input_ready);
  EXPECT_LT(times.input_ready, times.computed);
  EXPECT_LT(times.computed, times.output_ready);
  EXPECT_EQ(times.batch, 4);
  EXPECT_EQ(serving.runs.busy(), milliseconds(3));  // read at the start, then after each phase
}

TEST_F(ServedModelTest, EveryRequestOfABatchIsToldTheBatch) {
  const auto served = serving_.Serve(SampleModel(kSample), 8);
  serving_.pool.Pause();
  for (const int64_t samples : {1, 3}) SubmitNew(*served, samples);
  serving_.pool.Resume();
  for (Call& call : calls_) {
    ASSERT_TRUE(call.Wait().ok());
    EXPECT_EQ(call.times.batch, 4);
  }
}

TEST_F(ServedModelTest, ARequestOfSeveralRunsIsToldTheLargest) {
  const auto served = serving_.Serve(SampleModel(kSample), 8);
  SubmitNew(*served, 5);  // 4 + 1
  ASSERT_TRUE(calls_.front().Wait().ok());
  EXPECT_EQ(calls_.front().times.batch, 4);
}

TEST_F(ServedModelTest, StatisticsCountRequestsSamplesAndExecutions) {
  const auto served = serving_.Serve(SampleModel(kSample), 8);
  EXPECT_EQ(served->Statistics().success.count, 0u);
  serving_.pool.Pause();
  for (const int64_t samples : {1, 3, 5}) SubmitNew(*served, samples);  // 1 + 3, then 5 as 4 + 1
  clock_.Advance(milliseconds(7));
  serving_.pool.Resume();
  for (Call& call : calls_) ASSERT_TRUE(call.Wait().ok());
  const InferenceStatistics statistics = served->Statistics();
  EXPECT_EQ(statistics.last_inference, clock_.Now());
  EXPECT_EQ(statistics.samples, 9u);
  EXPECT_EQ(statistics.executions, 3u);
  EXPECT_EQ(statistics.fail.count, 0u);
  for (const DurationSum* phase : {&statistics.success, &statistics.queue, &statistics.input,
                                   &statistics.compute, &statistics.output}) {
    EXPECT_EQ(phase->count, 3u);
  }
  EXPECT_EQ(statistics.queue.total, 3 * milliseconds(7));
  EXPECT_EQ(statistics.success.total, 3 * milliseconds(7));
  ASSERT_EQ(statistics.runs.size(), 2u);
  EXPECT_EQ(statistics.runs.at(1).compute.count, 1u);
  EXPECT_EQ(statistics.runs.at(4).input.count, 2u);
  EXPECT_EQ(statistics.runs.at(4).output.count, 2u);
}

TEST_F(ServedModelTest, StatisticsDivideTheTimeOfARequestIntoItsPhases) {
  const TickingClock clock{milliseconds(1)};
  Serving serving(clock);
  const auto served = serving.Serve(SampleModel(kSample), 8);
  SubmitNew(*served, 4);
  ASSERT_TRUE(calls_.front().Wait().ok());
  const InferenceStatistics statistics = served->Statistics();
  EXPECT_EQ(statistics.compute.total, milliseconds(1));
  EXPECT_EQ(statistics.runs.at(4).compute.total, milliseconds(1));
  EXPECT_EQ(statistics.output.total, milliseconds(1));
  EXPECT_EQ(statistics.queue.total + statistics.input.total + statistics.compute.total +
                statistics.output.total,
            statistics.success.total);
}

TEST_F(ServedModelTest, StatisticsCountRefusedAndDroppedRequestsAsFailures) {
  const auto served = serving_.Serve(SampleModel(kSample), 4, {.split_requests = false});
  EXPECT_FALSE(served->Submit(NewCall(*served, 5).Request()).ok());
  serving_.pool.Pause();
  Call& cancelled = NewCall(*served, 1);
  ASSERT_TRUE(served->Submit(cancelled.Request()).ok());
  clock_.Advance(milliseconds(2));
  cancelled.cancelled = true;
  serving_.pool.Resume();
  EXPECT_EQ(cancelled.Wait().code(), absl::StatusCode::kCancelled);
  const InferenceStatistics statistics = served->Statistics();
  EXPECT_EQ(statistics.fail.count, 2u);
  EXPECT_EQ(statistics.fail.total, milliseconds(2));
  EXPECT_EQ(statistics.success.count, 0u);
  EXPECT_EQ(statistics.samples, 0u);
  EXPECT_EQ(statistics.last_inference, TimePoint());
}

TEST_F(ServedModelTest, DestructionDropsWhatIsQueuedAsUnavailable) {
  auto served = serving_.Serve(SampleModel(kSample), 8);
  serving_.pool.Pause();
  SubmitNew(*served, 1);
  SubmitNew(*served, 8);
  served.reset();
  for (Call& call : calls_) {
    EXPECT_THAT(call.statuses,
                ElementsAre(absl::UnavailableError("queue: the model is shutting down")));
  }
  EXPECT_THAT(serving_.runs.runs(), IsEmpty());
  EXPECT_THAT(serving_.queue.dropped(), ElementsAre(Rejection::kShutdown, Rejection::kShutdown));
}

TEST_F(ServedModelTest, ExpiredAndCancelledRequestsAreNeverRun) {
  const auto served = serving_.Serve(SampleModel(kSample), 8);
  serving_.pool.Pause();
  Call& expired = NewCall(*served, 1);
  InferenceRequest request = expired.Request();
  request.deadline = clock_.Now() + milliseconds(1);
  ASSERT_TRUE(served->Submit(std::move(request)).ok());
  Call& cancelled = NewCall(*served, 1);
  ASSERT_TRUE(served->Submit(cancelled.Request()).ok());
  Call& wanted = NewCall(*served, 1);
  ASSERT_TRUE(served->Submit(wanted.Request()).ok());
  clock_.Advance(milliseconds(1));
  cancelled.cancelled = true;
  serving_.pool.Resume();
  EXPECT_TRUE(wanted.Wait().ok());
  EXPECT_EQ(expired.Wait().code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(expired.times.batch, 0);
  EXPECT_EQ(expired.times.dequeued, TimePoint());
  EXPECT_EQ(cancelled.Wait().code(), absl::StatusCode::kCancelled);
  EXPECT_THAT(serving_.runs.runs(), ElementsAre(BatchRun(1, 1)));
}

TEST_F(ServedModelTest, ARequestThatIsRefusedIsNotTold) {
  const auto served = serving_.Serve(SampleModel(kSample), 4,
                                     {.batching = {.max_queue_tasks = 1}, .split_requests = false});
  serving_.pool.Pause();
  SubmitNew(*served, 1);
  const auto refusal = [&](InferenceRequest request) {
    return StatusText(served->Submit(std::move(request)));
  };
  Call& large = NewCall(*served, 5);
  EXPECT_EQ(refusal(large.Request()), "INVALID_ARGUMENT: batch: expected 1 to 4 samples, got 5");
  Call& late = NewCall(*served, 1);
  InferenceRequest over = late.Request();
  over.deadline = clock_.Now();
  EXPECT_THAT(refusal(std::move(over)), HasSubstr("DEADLINE_EXCEEDED"));
  Call& gone = NewCall(*served, 1);
  gone.cancelled = true;
  EXPECT_THAT(refusal(gone.Request()), HasSubstr("CANCELLED"));
  Call& surplus = NewCall(*served, 1);
  EXPECT_THAT(refusal(surplus.Request()), HasSubstr("RESOURCE_EXHAUSTED"));
  for (Call* call : {&large, &late, &gone, &surplus}) EXPECT_THAT(call->statuses, IsEmpty());
  serving_.pool.Resume();
  EXPECT_TRUE(calls_.front().Wait().ok());
}

TEST_F(ServedModelTest, BytesOfInputsAndOutputsCountAgainstTheQueue) {
  // A sample has 64 floats, a result 10.
  const int64_t one = (64 + 10) * 4;
  const auto served =
      serving_.Serve(SampleModel(kSample), 4, {.batching = {.max_queue_bytes = 2 * one}});
  serving_.pool.Pause();
  SubmitNew(*served, 2);
  EXPECT_EQ(serving_.queue.bytes(), 2 * one);
  EXPECT_EQ(served->Submit(NewCall(*served, 1).Request()).code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace rectifier
