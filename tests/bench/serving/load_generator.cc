// Sends one request over and over to a server of the Open Inference Protocol and says how it was
// answered. Nothing is made or parsed for a request, so that the server is what one measures.
//
// In a closed loop a number of requests is always in flight; in an open one they are sent at random
// times (Poisson) whether or not earlier ones have been answered, and a latency counts from the
// time at which the request was to be sent. A burst sends a number of requests at once.
//
// A client may cancel some of its requests, and may watch the server's health and stop to send on
// a connection that says anything else than SERVING.

#include <grpcpp/alarm.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

constexpr const char* kMethod = "/inference.GRPCInferenceService/ModelInfer";
constexpr const char* kWatch = "/grpc.health.v1.Health/Watch";
constexpr const char* kServing = "\x08\x01";  // a HealthCheckResponse that says SERVING
constexpr const char* kPushback = "grpc-retry-pushback-ms";

struct Options {
  std::string target;
  std::string request_file;
  std::string reply_file;
  int concurrency = 1;
  int connections = 1;
  double seconds = 3;
  double warmup = 0.5;
  std::vector<std::string> phases;
  double timeout_ms = 0;
  double window = 0.5;
  int burst = 0;
  int cancel_every = 0;
  double cancel_after_ms = 0;
  bool watch_health = false;
};

std::string ReadFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw CLI::FileError::Missing(path);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string Text(const grpc::ByteBuffer& buffer) {
  std::vector<grpc::Slice> slices;
  std::string text;
  if (!buffer.Dump(&slices).ok()) return text;
  for (const grpc::Slice& slice : slices) {
    text.append(reinterpret_cast<const char*>(slice.begin()), slice.size());
  }
  return text;
}

// How requests were answered that ended within some time.
struct Answers {
  std::map<std::string, int64_t> codes;  // by name
  int64_t wrong = 0;                     // OK, but not the reply that was expected
  int64_t late = 0;                      // OK, but after the deadline of the open loop
  int64_t pushed_back = 0;               // refused, and told when to come again
  std::vector<double> latencies;         // of those that are OK; seconds

  void Add(const Answers& other) {
    for (const auto& [code, count] : other.codes) codes[code] += count;
    wrong += other.wrong;
    late += other.late;
    pushed_back += other.pushed_back;
    latencies.insert(latencies.end(), other.latencies.begin(), other.latencies.end());
  }
};

const char* CodeName(grpc::StatusCode code) {
  constexpr const char* kNames[] = {"OK",
                                    "CANCELLED",
                                    "UNKNOWN",
                                    "INVALID_ARGUMENT",
                                    "DEADLINE_EXCEEDED",
                                    "NOT_FOUND",
                                    "ALREADY_EXISTS",
                                    "PERMISSION_DENIED",
                                    "RESOURCE_EXHAUSTED",
                                    "FAILED_PRECONDITION",
                                    "ABORTED",
                                    "OUT_OF_RANGE",
                                    "UNIMPLEMENTED",
                                    "INTERNAL",
                                    "UNAVAILABLE",
                                    "DATA_LOSS",
                                    "UNAUTHENTICATED"};
  return code >= 0 && code <= 16 ? kNames[code] : "?";
}

double Quantile(const std::vector<double>& sorted, double share) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<size_t>(share * static_cast<double>(sorted.size() - 1))];
}

nlohmann::json Report(Answers answers, double seconds) {
  std::sort(answers.latencies.begin(), answers.latencies.end());
  const auto milliseconds = [&](double share) { return Quantile(answers.latencies, share) * 1e3; };
  return {{"seconds", seconds},
          {"per_second", static_cast<double>(answers.latencies.size()) / seconds},
          {"p50_ms", milliseconds(0.5)},
          {"p90_ms", milliseconds(0.9)},
          {"p99_ms", milliseconds(0.99)},
          {"max_ms", milliseconds(1)},
          {"codes", answers.codes},
          {"wrong", answers.wrong},
          {"late", answers.late},
          {"pushed_back", answers.pushed_back}};
}

// What one connection hears of the server's health. The object lives until the process ends.
class HealthWatch final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  explicit HealthWatch(grpc::GenericStub& stub) {
    stub.PrepareBidiStreamingCall(&context_, kWatch, {}, this);
    StartWriteLast(&everything_, {});
    StartRead(&reply_);
    StartCall();
  }

  bool serving() const { return serving_; }

  void OnReadDone(bool ok) override {
    serving_ = ok && Text(reply_) == kServing;
    if (ok) StartRead(&reply_);
  }
  void OnDone(const grpc::Status& /*status*/) override { serving_ = false; }

 private:
  grpc::ClientContext context_;
  const grpc::Slice no_bytes_;
  grpc::ByteBuffer everything_{&no_bytes_, 1};  // a HealthCheckRequest for the whole server
  grpc::ByteBuffer reply_;
  std::atomic<bool> serving_ = true;
};

class Generator {
 public:
  explicit Generator(const Options& options)
      : options_(options), request_(ReadFile(options.request_file)) {
    if (!options.reply_file.empty()) expected_ = ReadFile(options.reply_file);
    for (int i = 0; i < options.connections; ++i) {
      grpc::ChannelArguments arguments;
      arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
      arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
      arguments.SetMaxReceiveMessageSize(-1);
      channels_.push_back(
          grpc::CreateCustomChannel(options.target, grpc::InsecureChannelCredentials(), arguments));
      stubs_.push_back(std::make_unique<grpc::GenericStub>(channels_.back()));
      if (!channels_.back()->WaitForConnected(std::chrono::system_clock::now() +
                                              std::chrono::seconds(10))) {
        throw std::runtime_error("cannot connect to " + options.target);
      }
      if (options.watch_health) watches_.push_back(new HealthWatch(*stubs_.back()));
    }
  }

  nlohmann::json ClosedLoop() {
    std::vector<Answers> answers(static_cast<size_t>(options_.concurrency));
    const Clock::time_point begin =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(Seconds(options_.warmup));
    const Clock::time_point end =
        begin + std::chrono::duration_cast<Clock::duration>(Seconds(options_.seconds));
    for (size_t i = 0; i < answers.size(); ++i) {
      Enter();
      Next(i, begin, end, answers[i]);
    }
    WaitForAll();
    Answers all;
    for (const Answers& own : answers) all.Add(own);
    return Report(std::move(all), options_.seconds);
  }

  nlohmann::json Burst() {
    const Clock::time_point begin = Clock::now();
    for (int i = 0; i < options_.burst; ++i) {
      Enter();
      Send(begin, begin);
    }
    WaitForAll();
    std::lock_guard lock(mutex_);
    Answers all;
    for (const auto& [window, answers] : windows_) all.Add(answers);
    return Report(std::move(all), Seconds(Clock::now() - begin).count());
  }

  // `phases`: "RATE:SECONDS" each.
  nlohmann::json OpenLoop() {
    std::mt19937_64 random(1);
    nlohmann::json report = nlohmann::json::array();
    Clock::time_point at = Clock::now();
    const Clock::time_point begin = at;
    for (const std::string& phase : options_.phases) {
      const size_t colon = phase.find(':');
      const double rate = std::stod(phase.substr(0, colon));
      const double seconds = std::stod(phase.substr(colon + 1));
      const Clock::time_point end =
          at + std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
      std::exponential_distribution<double> pause(rate);
      while (at < end) {
        std::this_thread::sleep_until(at);
        Enter();
        Send(at, begin);
        at += std::chrono::duration_cast<Clock::duration>(Seconds(pause(random)));
      }
      at = end;
    }
    WaitForAll();
    std::lock_guard lock(mutex_);
    for (auto& [window, answers] : windows_) {
      nlohmann::json entry = Report(std::move(answers), options_.window);
      entry["at"] = window * options_.window;
      report.push_back(std::move(entry));
    }
    return report;
  }

 private:
  struct Call {
    const std::shared_ptr<grpc::ClientContext> owned_context =
        std::make_shared<grpc::ClientContext>();
    grpc::ClientContext& context = *owned_context;
    grpc::ByteBuffer request;
    grpc::ByteBuffer reply;
    grpc::Alarm cancel;
  };

  std::unique_ptr<Call> NewCall() {
    auto call = std::make_unique<Call>();
    call->request = grpc::ByteBuffer(&request_slice_, 1);
    if (options_.timeout_ms > 0) call->context.set_deadline(In(options_.timeout_ms));
    return call;
  }

  static std::chrono::system_clock::time_point In(double milliseconds) {
    return std::chrono::system_clock::now() +
           std::chrono::duration_cast<std::chrono::system_clock::duration>(
               Seconds(milliseconds / 1e3));
  }

  bool Stopped(size_t slot) const {
    return !watches_.empty() && !watches_[slot % watches_.size()]->serving();
  }

  // The next request of one that is always in flight.
  void Next(size_t slot, Clock::time_point begin, Clock::time_point end, Answers& answers) {
    Call* call = NewCall().release();
    const Clock::time_point sent = Clock::now();
    stubs_[slot % stubs_.size()]->UnaryCall(
        &call->context, kMethod, {}, &call->request, &call->reply,
        [this, slot, begin, end, sent, call, &answers](const grpc::Status& status) {
          const std::unique_ptr<Call> owned(call);
          const Clock::time_point now = Clock::now();
          if (now >= begin && now < end) Count(status, *call, now - sent, answers);
          if (now < end && !Stopped(slot)) return Next(slot, begin, end, answers);
          Leave();
        });
  }

  void Send(Clock::time_point at, Clock::time_point begin) {
    Call* call = NewCall().release();
    if (options_.cancel_every > 0 && sent_++ % options_.cancel_every == 0) {
      // The alarm may go off while the call ends, so it has a share in the context.
      call->cancel.Set(In(options_.cancel_after_ms), [context = call->owned_context](bool due) {
        if (due) context->TryCancel();
      });
    }
    stubs_[next_stub_++ % stubs_.size()]->UnaryCall(
        &call->context, kMethod, {}, &call->request, &call->reply,
        [this, at, begin, call](const grpc::Status& status) {
          const std::unique_ptr<Call> owned(call);
          const Clock::time_point now = Clock::now();
          const auto window = static_cast<int>(Seconds(now - begin).count() / options_.window);
          {
            std::lock_guard lock(mutex_);
            Count(status, *call, now - at, windows_[window]);
          }
          Leave();
        });
  }

  void Count(const grpc::Status& status, const Call& call, Clock::duration latency,
             Answers& answers) const {
    ++answers.codes[CodeName(status.error_code())];
    if (call.context.GetServerTrailingMetadata().count(kPushback) > 0) ++answers.pushed_back;
    if (!status.ok()) return;
    if (!expected_.empty() && Text(call.reply) != expected_) ++answers.wrong;
    const double seconds = Seconds(latency).count();
    if (options_.timeout_ms > 0 && seconds > options_.timeout_ms / 1e3) ++answers.late;
    answers.latencies.push_back(seconds);
  }

  void Enter() {
    std::lock_guard lock(mutex_);
    ++in_flight_;
  }
  void Leave() {
    std::lock_guard lock(mutex_);
    if (--in_flight_ == 0) done_.notify_all();
  }
  void WaitForAll() {
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return in_flight_ == 0; });
  }

  const Options options_;
  const std::string request_;
  const grpc::Slice request_slice_{request_};
  std::string expected_;
  std::vector<std::shared_ptr<grpc::Channel>> channels_;
  std::vector<std::unique_ptr<grpc::GenericStub>> stubs_;
  std::vector<HealthWatch*> watches_;
  size_t next_stub_ = 0;
  int64_t sent_ = 0;

  std::mutex mutex_;
  std::condition_variable done_;
  int64_t in_flight_ = 0;
  std::map<int, Answers> windows_;
};

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app("Sends one request of ModelInfer over and over and prints how it was answered");
  app.add_option("--target", options.target, "HOST:PORT or unix:PATH")->required();
  app.add_option("--request", options.request_file, "a serialized ModelInferRequest")->required();
  app.add_option("--reply", options.reply_file, "the serialized reply that must come");
  app.add_option("--concurrency", options.concurrency, "requests in flight (closed loop)");
  app.add_option("--connections", options.connections, "connections that they are spread over");
  app.add_option("--seconds", options.seconds, "how long to measure (closed loop)");
  app.add_option("--warmup", options.warmup, "seconds before that");
  app.add_option("--phase", options.phases, "RATE:SECONDS, may be repeated: an open loop");
  app.add_option("--timeout-ms", options.timeout_ms, "deadline of each request");
  app.add_option("--burst", options.burst, "send so many requests at once");
  app.add_option("--cancel-every", options.cancel_every,
                 "cancel every so-manieth request (open loop, burst)");
  app.add_option("--cancel-after-ms", options.cancel_after_ms, "so long after it was sent");
  app.add_flag("--watch-health", options.watch_health,
               "stop to send on a connection whose health is not SERVING (closed loop)");
  app.add_option("--window", options.window, "seconds of one entry of the report (open loop)");
  CLI11_PARSE(app, argc, argv);
  try {
    Generator generator(options);
    const nlohmann::json report = options.burst > 0        ? generator.Burst()
                                  : options.phases.empty() ? generator.ClosedLoop()
                                                           : generator.OpenLoop();
    std::cout << report.dump() << "\n";
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
