#include "server/metrics/metrics.h"

#include <prometheus/text_serializer.h>

#include <map>
#include <sstream>
#include <utility>
#include <vector>

#include "server/core/mutex.h"
#include "server/metrics/metric_families.h"
#include "server/metrics/model_series.h"
#include "server/metrics/process_collector.h"
#include "server/metrics/server_collector.h"

namespace rectifier {
namespace {

// A version's series and what keeps them: that it is known, and its observers.
struct Version {
  Version(MetricFamilies& families, const std::string& model, const std::string& version)
      : series(families, model, version) {}

  bool InUse() const { return known || observers > 0; }

  ModelSeries series;
  bool known = true;  // until RemoveModel()
  int64_t observers = 0;
};

}  // namespace

struct Metrics::Impl {
  class Observer;

  Version& FindOrAdd(const std::string& model, const std::string& version)
      RECTIFIER_REQUIRES(mutex) {
    std::map<std::string, Version>& versions = models[model];
    return versions.try_emplace(version, families, model, version).first->second;
  }

  // Null when there is none.
  Version* Find(const std::string& model, const std::string& version) RECTIFIER_REQUIRES(mutex) {
    const auto versions = models.find(model);
    if (versions == models.end()) return nullptr;
    const auto found = versions->second.find(version);
    return found == versions->second.end() ? nullptr : &found->second;
  }

  // Removes the version if nothing keeps it. `model` and `version` are not part of what goes.
  void RemoveIfUnused(const std::string& model, const std::string& version)
      RECTIFIER_REQUIRES(mutex) {
    const auto versions = models.find(model);
    if (versions == models.end()) return;
    const auto found = versions->second.find(version);
    if (found == versions->second.end() || found->second.InUse()) return;
    versions->second.erase(found);
    if (versions->second.empty()) models.erase(versions);
  }

  MetricFamilies families;
  ProcessCollector process;
  std::function<ServerLoad()> read_load;
  Mutex mutex;
  std::map<std::string, std::map<std::string, Version>> models RECTIFIER_GUARDED_BY(mutex);
};

// Writes to the series without the lock: its count in Version keeps them in place.
class Metrics::Impl::Observer final : public ModelObserver {
 public:
  Observer(Impl& impl, std::string model, std::string version)
      : impl_(impl), model_(std::move(model)), version_(std::move(version)), series_(Enter()) {}
  ~Observer() override {
    MutexLock lock(impl_.mutex);
    --impl_.Find(model_, version_)->observers;
    impl_.RemoveIfUnused(model_, version_);
  }
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  void OnStarted() override { series_.RecordStarted(); }
  void OnFinished(absl::StatusCode code, Duration total, const InferenceTimes* times) override {
    series_.RecordFinished(code, total, times);
  }
  void OnQueueDepth(int64_t tasks, int64_t bytes) override {
    series_.RecordQueueDepth(tasks, bytes);
  }
  void OnRefused(Rejection why) override { series_.RecordRefused(why); }
  void OnDropped(Rejection why) override { series_.RecordDropped(why); }
  void OnBatch(CloseReason reason, Duration predicted, Duration measured) override {
    series_.RecordBatch(reason, predicted, measured);
  }
  void OnCost(int64_t size, Duration cost) override { series_.RecordCost(size, cost); }
  void OnRun(const Run& run) override { series_.RecordRun(run); }
  void OnProgramBuilt(int64_t cached, Duration time) override {
    series_.RecordProgramBuilt(cached, time);
  }

 private:
  ModelSeries& Enter() {
    MutexLock lock(impl_.mutex);
    Version& version = impl_.FindOrAdd(model_, version_);
    ++version.observers;
    return version.series;
  }

  Impl& impl_;
  const std::string model_;
  const std::string version_;
  ModelSeries& series_;
};

Metrics::Metrics(const BuildInfo& build) : impl_(std::make_unique<Impl>()) {
  impl_->families.build_info
      .Add({{"version", build.version},
            {"onednn_version", build.onednn_version},
            {"isa", build.isa}})
      .Set(1);
}

Metrics::~Metrics() = default;

void Metrics::OnRejected(absl::StatusCode code) {
  impl_->families.rejected.Add({{"code", CodeLabel(code)}}).Increment();
}

std::shared_ptr<ModelObserver> Metrics::ObserverFor(const std::string& model,
                                                    const std::string& version) {
  return std::make_shared<Impl::Observer>(*impl_, model, version);
}

void Metrics::SetModelState(const std::string& model, const std::string& version,
                            const ModelStatus& status) {
  MutexLock lock(impl_->mutex);
  Version& found = impl_->FindOrAdd(model, version);
  found.known = true;
  found.series.RecordStatus(status);
}

void Metrics::RemoveModel(const std::string& model, const std::string& version) {
  MutexLock lock(impl_->mutex);
  Version* found = impl_->Find(model, version);
  if (found == nullptr) return;
  found->known = false;
  impl_->RemoveIfUnused(model, version);
}

void Metrics::SetWorkers(int workers) { impl_->families.workers.Add({}).Set(workers); }

void Metrics::SetLoadSource(std::function<ServerLoad()> read) {
  impl_->read_load = std::move(read);
}

std::string Metrics::TextExposition() const {
  std::vector<prometheus::MetricFamily> families = impl_->families.Collect();
  const auto append = [&families](std::vector<prometheus::MetricFamily> more) {
    for (prometheus::MetricFamily& family : more) families.push_back(std::move(family));
  };
  append(CollectServerLoad(impl_->read_load ? impl_->read_load() : ServerLoad{}));
  append(impl_->process.Collect());
  std::ostringstream out;
  prometheus::TextSerializer().Serialize(out, families);
  return std::move(out).str();
}

}  // namespace rectifier
