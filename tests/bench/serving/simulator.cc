// A discrete-event simulation of the queue, the batching policy and the cost curve of the server,
// which are the server's own, with made-up arrivals and workers: what a change of the policy or of
// the machine would come to, in a moment and without a machine. Prints its figures as JSON.
// compare_simulation.py compares them with those of the real server.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <queue>
#include <random>
#include <string>
#include <vector>

#include "server/batching/batch_queue.h"

namespace rectifier {
namespace {

struct Options {
  std::vector<std::string> costs;
  double per_batch_ms = 0;
  double transport_ms = 0;
  int workers = 1;
  int64_t max_batch = 32;
  int64_t max_queue_items = 1024;
  double delay_ms = 0;
  int clients = 0;
  double rate = 0;
  double timeout_ms = 0;
  double seconds = 10;
  double warmup = 1;
  unsigned seed = 1;
};

Duration Milliseconds(double milliseconds) {
  return std::chrono::duration_cast<Duration>(
      std::chrono::duration<double, std::milli>(milliseconds));
}

class Request final : public Task {
 public:
  Request(TimePoint sent_at, int from, const Wants& wants)
      : Task(wants), sent(sent_at), client(from) {}
  bool cancelled() const override { return false; }
  void Drop(const absl::Status& /*status*/) override {}

  const TimePoint sent;
  const int client;  // of a closed loop
};

class Simulation {
 public:
  explicit Simulation(const Options& options)
      : options_(options), queue_(Batching(options)), random_(options.seed) {
    for (const std::string& entry : options.costs) {
      const size_t colon = entry.find(':');
      if (colon == std::string::npos) throw CLI::ValidationError("--cost", "expected SIZE:MS");
      const int64_t size = std::stoll(entry.substr(0, colon));
      costs_[size] = Milliseconds(std::stod(entry.substr(colon + 1)));
      queue_.Costs(0).Calibrate(size, costs_[size]);
    }
    running_.assign(static_cast<size_t>(options.workers), TimePoint::min());
    begin_ = now_ + Milliseconds(1e3 * options.warmup);
    end_ = begin_ + Milliseconds(1e3 * options.seconds);
  }

  nlohmann::json Run() {
    for (int client = 0; client < options_.clients; ++client) SendAt(now_, client);
    if (options_.rate > 0) SendNext();
    while (!events_.empty() && events_.top().at <= end_) {
      const Event event = events_.top();
      events_.pop();
      now_ = event.at;
      event.happen();
      BeginBatches();
    }
    return Report();
  }

 private:
  struct Event {
    TimePoint at;
    int64_t order;
    std::function<void()> happen;
    bool operator<(const Event& other) const {
      return at != other.at ? at > other.at : order > other.order;
    }
  };

  static BatchingOptions Batching(const Options& options) {
    return {.max_batch = options.max_batch,
            .max_queue_tasks = options.max_queue_items,
            .delay = Milliseconds(options.delay_ms)};
  }

  void At(TimePoint at, std::function<void()> happen) {
    events_.push({at, order_++, std::move(happen)});
  }

  // Half of what lies outside of the workers comes before the queue.
  Duration HalfOfTransport() const { return Milliseconds(options_.transport_ms / 2); }

  void SendAt(TimePoint sent, int client) {
    At(sent + HalfOfTransport(), [this, sent, client] { Arrive(sent, client); });
  }

  // Of an open loop.
  void SendNext() {
    std::exponential_distribution<double> gap(options_.rate);
    const TimePoint sent = now_ + Milliseconds(1e3 * gap(random_));
    At(sent, [this] {
      SendAt(now_, -1);
      SendNext();
    });
  }

  void Arrive(TimePoint sent, int client) {
    Task::Wants wants;
    if (options_.timeout_ms > 0) wants.deadline = sent + Milliseconds(options_.timeout_ms);
    std::unique_ptr<Task> task = std::make_unique<Request>(sent, client, wants);
    PoolLoad load{.workers = options_.workers, .idle = Idle()};
    for (const TimePoint done_at : running_) {
      if (done_at > now_) load.running += done_at - now_;
    }
    const auto refusal = queue_.Submit(task, now_, load);
    if (refusal) Answer(sent, client, "refused");
  }

  void BeginBatches() {
    while (Idle() > 0) {
      const TimePoint at = queue_.NextBatchAt();
      if (at == TimePoint::max()) return;
      if (at > now_) {  // a delay
        if (at < next_look_ || next_look_ <= now_) At(next_look_ = at, [] {});
        return;
      }
      BatchQueue::Taken taken = queue_.TakeBatch(now_, Idle());
      for (const BatchQueue::Dropped& dropped : taken.dropped) End(*dropped.task, "dropped");
      if (!taken.batch.tasks.empty()) Begin(std::move(taken.batch));
    }
  }

  void Begin(FormedBatch batch) {
    Duration time = Milliseconds(options_.per_batch_ms);
    for (const int64_t size : batch.runs) time += costs_.at(size);
    const auto worker = std::find(running_.begin(), running_.end(), TimePoint::min());
    *worker = now_ + batch.predicted;
    const size_t place = static_cast<size_t>(worker - running_.begin());
    const auto held = std::make_shared<FormedBatch>(std::move(batch));
    At(now_ + time, [this, place, held] {
      running_[place] = TimePoint::min();
      for (const int64_t size : held->runs) queue_.Costs(0).Observe(size, costs_.at(size));
      if (Measured()) {
        ++batches_;
        samples_ += static_cast<int64_t>(held->tasks.size());
      }
      for (const std::unique_ptr<Task>& task : held->tasks) End(*task, "answered");
    });
  }

  void End(const Task& task, const char* how) {
    const auto& request = static_cast<const Request&>(task);
    Answer(request.sent, request.client, how);
  }

  void Answer(TimePoint sent, int client, const char* how) {
    const TimePoint there = now_ + HalfOfTransport();
    if (there > begin_ && there <= end_) {
      ++ended_[how];
      if (std::string_view(how) == "answered") latencies_.push_back(Seconds(there - sent) * 1e3);
    }
    if (client >= 0) SendAt(there, client);
  }

  int Idle() const {
    return static_cast<int>(std::count(running_.begin(), running_.end(), TimePoint::min()));
  }
  bool Measured() const { return now_ > begin_ && now_ <= end_; }

  nlohmann::json Report() {
    std::sort(latencies_.begin(), latencies_.end());
    const auto quantile = [this](double q) {
      return latencies_.empty()
                 ? 0.0
                 : latencies_[static_cast<size_t>(q * static_cast<double>(latencies_.size() - 1))];
    };
    const auto per_second = [this](int64_t count) {
      return static_cast<double>(count) / options_.seconds;
    };
    return {{"per_second", per_second(ended_["answered"])},
            {"refused_per_second", per_second(ended_["refused"])},
            {"dropped_per_second", per_second(ended_["dropped"])},
            {"p50_ms", quantile(0.5)},
            {"p99_ms", quantile(0.99)},
            {"mean_batch",
             batches_ == 0 ? 0.0 : static_cast<double>(samples_) / static_cast<double>(batches_)}};
  }

  const Options options_;
  BatchQueue queue_;
  std::mt19937_64 random_;
  std::map<int64_t, Duration> costs_;
  std::priority_queue<Event> events_;
  int64_t order_ = 0;
  TimePoint now_{};
  TimePoint begin_;
  TimePoint end_;
  TimePoint next_look_ = TimePoint::min();
  std::vector<TimePoint> running_;  // as WorkerPool has it
  std::map<std::string, int64_t> ended_;
  std::vector<double> latencies_;
  int64_t batches_ = 0;
  int64_t samples_ = 0;
};

}  // namespace
}  // namespace rectifier

int main(int argc, char** argv) {
  rectifier::Options options;
  CLI::App app("Simulates the server's batching");
  app.add_option("--cost", options.costs, "SIZE:MS of one run of a Program; each size")->required();
  app.add_option("--per-batch-ms", options.per_batch_ms, "a worker's time besides the Programs");
  app.add_option("--transport-ms", options.transport_ms, "of a request outside of the workers");
  app.add_option("--workers", options.workers, "batches at a time");
  app.add_option("--max-batch", options.max_batch, "samples in one batch");
  app.add_option("--max-queue-items", options.max_queue_items, "requests that may wait");
  app.add_option("--delay-ms", options.delay_ms, "as max_queue_delay_microseconds");
  app.add_option("--clients", options.clients, "each sends when it is answered (closed loop)");
  app.add_option("--rate", options.rate, "requests a second, independent (open loop)");
  app.add_option("--timeout-ms", options.timeout_ms, "deadline of each request");
  app.add_option("--seconds", options.seconds, "to measure");
  app.add_option("--warmup", options.warmup, "seconds before that");
  app.add_option("--seed", options.seed, "of the arrivals");
  CLI11_PARSE(app, argc, argv);
  try {
    std::cout << rectifier::Simulation(options).Run().dump() << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
