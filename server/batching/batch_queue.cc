#include "server/batching/batch_queue.h"

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>

#include "server/core/check.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

// When to try again, told to those who find the queue full: when half of what waits should be done.
constexpr Duration kLeastPushback = std::chrono::milliseconds(1);
constexpr Duration kMostPushback = std::chrono::seconds(10);
constexpr Duration kUnknownPushback = std::chrono::milliseconds(100);

Duration Pushback(Duration wait) {
  return wait == Duration::zero() ? kUnknownPushback
                                  : std::clamp(wait / 2, kLeastPushback, kMostPushback);
}

// A wait may be longer than estimated by this part of it. When far more comes than can be run, the
// queue is as long as deadlines let it be: without a margin, a part of what is run would be late.
constexpr int kWaitMargin = 4;

double Milliseconds(Duration duration) { return Seconds(duration) * 1e3; }

// `time` after `now`; for ever where that overflows.
TimePoint After(TimePoint now, Duration time) {
  return time > TimePoint::max() - now ? TimePoint::max() : now + time;
}

}  // namespace

BatchQueue::BatchQueue(const BatchingOptions& options)
    : options_(options), levels_(static_cast<size_t>(options.priority_levels)) {
  RECTIFIER_CHECK(options.priority_levels >= 1);
  RECTIFIER_CHECK(options.default_priority >= 1 &&
                  options.default_priority <= options.priority_levels);
  for (size_t i = 0; i < levels_.size(); ++i) {
    const auto own = options_.priority_policies.find(static_cast<int>(i) + 1);
    levels_[i].policy =
        own != options_.priority_policies.end() ? own->second : options_.queue_policy;
  }
}

size_t BatchQueue::LevelOf(const Task& task) const {
  const uint64_t priority =
      task.priority() == 0 ? static_cast<uint64_t>(options_.default_priority) : task.priority();
  return static_cast<size_t>(std::min<uint64_t>(priority, levels_.size()) - 1);
}

CostCurve& BatchQueue::Costs(uint64_t cost_class) {
  const auto found = std::find_if(classes_.begin(), classes_.end(),
                                  [&](const Class& c) { return c.id == cost_class; });
  if (found != classes_.end()) {
    classes_.splice(classes_.begin(), classes_, found);
  } else {
    if (classes_.size() == kMaxCostClasses) classes_.pop_back();
    classes_.push_front({cost_class, CostCurve(ProgramBatchSizes(options_.max_batch))});
  }
  return classes_.front().curve;
}

Duration BatchQueue::expected_work() const {
  Duration expected{};
  for (const Level& level : levels_) expected += level.expected;
  return expected;
}

Duration BatchQueue::WaitAt(size_t level, const PoolLoad& load) const {
  if (empty() && load.idle > 0) return Duration::zero();
  Duration own{};
  for (size_t i = 0; i <= level; ++i) own += levels_[i].expected;
  // The workers' time is shared evenly by the models that have work waiting.
  const Duration ahead = std::min(own + load.others, own * (1 + load.others_waiting));
  return (load.running + ahead) / load.workers;
}

std::optional<BatchQueue::Refusal> BatchQueue::Over(Task& task, TimePoint now, Duration wait) {
  // A call whose deadline passes is cancelled, too, so the deadline is what tells the two apart.
  if (task.deadline() <= now) {
    return Refusal{
        Rejection::kExpired,
        absl::DeadlineExceededError("queue: the deadline passed before the request was run")};
  }
  if (task.cancelled()) {
    return Refusal{Rejection::kCancelled,
                   absl::CancelledError("queue: the client cancelled the request")};
  }
  if (task.queue_deadline_ <= now) {
    return Refusal{Rejection::kExpired,
                   absl::DeadlineExceededError(
                       "queue: the request waited for as long as the model's configuration lets "
                       "it")};
  }
  if (task.deadline() == TimePoint::max() || task.probe_) return std::nullopt;
  const Duration needed =
      wait + wait / kWaitMargin + Costs(task.cost_class()).costs().Of(task.samples());
  const Duration left = task.deadline() - now;
  if (needed <= left) return std::nullopt;
  if (++unreachable_ % kProbeEvery == 0) {
    task.probe_ = true;
    return std::nullopt;
  }
  return Refusal{Rejection::kUnreachable,
                 ErrorAt(absl::StatusCode::kDeadlineExceeded, "queue",
                         "the deadline cannot be met: {:.3f} ms are left, about {:.3f} ms are "
                         "needed, {:.3f} of them to wait",
                         Milliseconds(left), Milliseconds(needed), Milliseconds(wait))};
}

std::optional<BatchQueue::Refusal> BatchQueue::Full(const Task& task, const Level& level,
                                                    Duration wait) const {
  const auto refuse = [](Rejection why, const absl::Status& status, Duration retry_after) {
    return Refusal{why, WithRetryAfter(status, retry_after)};
  };
  if (tasks_ >= options_.max_queue_tasks) {
    return refuse(Rejection::kQueueTasks,
                  ResourceExhausted("queue", "full: {} requests wait, max_queue_tasks is {}",
                                    tasks_, options_.max_queue_tasks),
                  Pushback(wait));
  }
  const int64_t room = options_.max_queue_bytes - bytes_;
  if (room < 0 || task.bytes() > static_cast<size_t>(room)) {
    return refuse(
        Rejection::kQueueBytes,
        ResourceExhausted("queue", "full: {} bytes wait, {} more do not fit, max_queue_bytes is {}",
                          bytes_, task.bytes(), options_.max_queue_bytes),
        Pushback(wait));
  }
  const auto waiting = static_cast<int64_t>(level.tasks.size());
  if (level.policy.max_tasks > 0 && waiting >= level.policy.max_tasks) {
    return refuse(Rejection::kPriority,
                  ResourceExhausted("queue", "full: {} requests of this priority wait, {} may",
                                    waiting, level.policy.max_tasks),
                  Pushback(wait));
  }
  if (wait > options_.max_queue_wait) {
    return refuse(Rejection::kQueueWait,
                  ResourceExhausted("queue",
                                    "the request would wait for about {:.3f} s, max_queue_wait is "
                                    "{:.3f} s",
                                    Seconds(wait), Seconds(options_.max_queue_wait)),
                  std::clamp(wait - options_.max_queue_wait, kLeastPushback, kMostPushback));
  }
  return std::nullopt;
}

std::optional<BatchQueue::Refusal> BatchQueue::Submit(std::unique_ptr<Task>& task, TimePoint now,
                                                      const PoolLoad& load) {
  RECTIFIER_CHECK(task != nullptr);
  RECTIFIER_CHECK(task->samples() >= 1 && task->samples() <= options_.max_batch);
  const size_t index = LevelOf(*task);
  Level& level = levels_[index];
  const Duration wait = WaitAt(index, load);
  if (std::optional<Refusal> refusal = Over(*task, now, wait)) return refusal;
  if (std::optional<Refusal> refusal = Full(*task, level, wait)) return refusal;
  task->enqueued_ = now;
  if (level.policy.timeout > Duration::zero()) {
    task->queue_deadline_ = After(now, level.policy.timeout);
  }
  task->expected_ = Costs(task->cost_class()).costs().PerSample() * task->samples();
  Enter(*task, level);
  level.tasks.push_back(std::move(task));
  return std::nullopt;
}

bool BatchQueue::FallsBehind(Task& task, const Level& level, TimePoint now) {
  if (level.policy.action != TimeoutAction::kDelay || task.queue_deadline_ > now) return false;
  task.queue_deadline_ = TimePoint::max();
  return true;
}

void BatchQueue::Enter(const Task& task, Level& level) {
  ++tasks_;
  samples_ += task.samples();
  bytes_ += static_cast<int64_t>(task.bytes());
  level.expected += task.expected_;
}

std::unique_ptr<Task> BatchQueue::PopFront(Level& level) {
  std::unique_ptr<Task> task = std::move(level.tasks.front());
  level.tasks.pop_front();
  --tasks_;
  samples_ -= task->samples();
  bytes_ -= static_cast<int64_t>(task->bytes());
  level.expected -= task->expected_;
  return task;
}

std::vector<size_t> BatchQueue::LevelsInTurn() {
  std::vector<size_t> turn;
  for (size_t i = 0; i < levels_.size(); ++i) {
    if (!levels_[i].tasks.empty()) turn.push_back(i);
  }
  // Of those that were passed over for long enough, the least urgent: it has waited longest.
  const auto due = std::find_if(turn.rbegin(), turn.rend(), [this](size_t i) {
    return levels_[i].passed_over >= kMostPassedOver * static_cast<int>(i);
  });
  if (due != turn.rend() && *due != 0) std::rotate(turn.begin(), std::prev(due.base()), due.base());
  return turn;
}

BatchQueue::Taken BatchQueue::TakeBatch(TimePoint now, int idle_workers) {
  struct Looked {
    std::unique_ptr<Task> task;
    Level* level;
  };
  Taken taken;
  if (options_.delay > Duration::zero()) {
    // Of what is enough, whole batches; else it is the delay itself that is over, for all.
    const int64_t rest = samples_ < Enough() ? 0 : samples_ % Enough();
    due_ = std::max(due_, samples_ - rest);
  }
  const int64_t waited = samples_;
  std::vector<Looked> looked_at;     // in order, but for those that are over
  std::vector<size_t> candidates;    // their places among them
  std::vector<WaitingTask> waiting;  // what the policy sees of them
  int64_t samples = 0;
  for (const size_t index : LevelsInTurn()) {
    Level& level = levels_[index];
    while (!level.tasks.empty() && samples < options_.max_batch &&
           looked_at.size() < kMaxLookedAt) {
      std::unique_ptr<Task> task = PopFront(level);
      if (FallsBehind(*task, level, now)) {
        Enter(*task, level);
        level.tasks.push_back(std::move(task));
        continue;
      }
      if (std::optional<Refusal> over = Over(*task, now, Duration::zero())) {
        taken.dropped.push_back({std::move(task), *std::move(over)});
        continue;
      }
      const Task* first = candidates.empty() ? nullptr : looked_at[candidates.front()].task.get();
      if (first == nullptr ||
          (task->cost_class() == first->cost_class() && task->CanShareBatch(*first))) {
        candidates.push_back(looked_at.size());
        // A probe is late already; the others are not to be hurried for its sake.
        waiting.push_back({task->samples(), task->probe_ ? TimePoint::max() : task->deadline()});
        samples += task->samples();
      }
      looked_at.push_back({std::move(task), &level});
    }
  }
  if (!candidates.empty()) {
    const BatchCosts& costs = Costs(looked_at[candidates[0]].task->cost_class()).costs();
    const BatchChoice choice =
        ChooseBatch(waiting, costs, options_.preferred_batches, now, idle_workers);
    const Level* leader = looked_at[candidates[0]].level;
    int64_t chosen = 0;
    for (size_t i = 0; i < choice.tasks; ++i) {
      chosen += waiting[i].samples;
      taken.batch.tasks.push_back(std::move(looked_at[candidates[i]].task));
    }
    taken.batch.runs = costs.Runs(chosen);
    taken.batch.predicted = costs.Of(chosen);
    taken.batch.reason = choice.reason;
    if (choice.reason == CloseReason::kIdle && options_.delay > Duration::zero()) {
      taken.batch.reason = CloseReason::kDelay;
    }
    // What the policy leaves goes back to where it stood.
    while (!looked_at.empty()) {
      if (looked_at.back().task != nullptr) {
        Level& level = *looked_at.back().level;
        Enter(*looked_at.back().task, level);
        level.tasks.push_front(std::move(looked_at.back().task));
      }
      looked_at.pop_back();
    }
    for (Level& level : levels_) {
      if (&level == leader || level.tasks.empty()) {
        level.passed_over = 0;
      } else {
        ++level.passed_over;
      }
    }
  }
  due_ = std::max<int64_t>(0, due_ - (waited - samples_));
  return taken;
}

int64_t BatchQueue::Enough() const {
  return options_.preferred_batches.empty() ? options_.max_batch
                                            : options_.preferred_batches.back();
}

Duration BatchQueue::CostOfNext() {
  const auto level = std::find_if(levels_.begin(), levels_.end(),
                                  [](const Level& one) { return !one.tasks.empty(); });
  if (level == levels_.end() || level->tasks.front()->cost_class() != 0) return Duration::zero();
  return Costs(0).costs().Of(std::min(samples_, options_.max_batch));
}

TimePoint BatchQueue::NextBatchAt() const {
  if (empty()) return TimePoint::max();
  if (options_.delay == Duration::zero()) return TimePoint::min();
  if (due_ > 0 || samples_ >= Enough()) return TimePoint::min();
  TimePoint at = After(oldest_arrival(), options_.delay);
  for (const Level& level : levels_) {
    for (const std::unique_ptr<Task>& task : level.tasks) {
      at = std::min({at, task->deadline(), task->queue_deadline_});
    }
  }
  // A batch of all that waits is begun so early that its tightest deadline is met.
  if (!classes_.empty()) at -= classes_.front().curve.costs().Of(samples_) * 5 / 4;
  return at;
}

std::vector<BatchQueue::Dropped> BatchQueue::Sweep(TimePoint now) {
  std::vector<Dropped> dropped;
  if (now < next_sweep_) return dropped;
  next_sweep_ = now + std::max(kSweepPause, kSweepPausePerTask * tasks_);
  for (Level& level : levels_) {
    std::deque<std::unique_ptr<Task>> wanted;
    std::deque<std::unique_ptr<Task>> behind;
    while (!level.tasks.empty()) {
      std::unique_ptr<Task> task = PopFront(level);
      const bool falls_behind = FallsBehind(*task, level, now);
      if (std::optional<Refusal> over = Over(*task, now, Duration::zero())) {
        dropped.push_back({std::move(task), *std::move(over)});
      } else {
        (falls_behind ? behind : wanted).push_back(std::move(task));
      }
    }
    std::move(behind.begin(), behind.end(), std::back_inserter(wanted));
    for (const std::unique_ptr<Task>& task : wanted) Enter(*task, level);
    level.tasks = std::move(wanted);
  }
  due_ = std::min(due_, samples_);
  return dropped;
}

Batch BatchQueue::TakeAll() {
  Batch all;
  for (Level& level : levels_) {
    while (!level.tasks.empty()) all.push_back(PopFront(level));
  }
  return all;
}

TimePoint BatchQueue::oldest_arrival() const {
  TimePoint oldest = TimePoint::max();
  for (const Level& level : levels_) {
    if (!level.tasks.empty()) oldest = std::min(oldest, level.tasks.front()->enqueued_);
  }
  return oldest;
}

}  // namespace rectifier
