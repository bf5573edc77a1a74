#include "server/metrics/server_collector.h"

#include "server/metrics/single_metric.h"

namespace rectifier {

std::vector<prometheus::MetricFamily> CollectServerLoad(const ServerLoad& load) {
  constexpr auto kCounter = prometheus::MetricType::Counter;
  constexpr auto kGauge = prometheus::MetricType::Gauge;
  const auto metric = [](const char* name, const char* help, prometheus::MetricType type,
                         int64_t value) {
    return SingleMetric(name, help, type, static_cast<double>(value));
  };
  const ServiceLoad& service = load.service;
  return {
      metric("rectifier_unsent_reply_bytes",
             "Bytes of replies that are being made or that clients have not read yet.", kGauge,
             service.unsent_reply_bytes),
      metric("rectifier_unsent_reply_limit_bytes", "What they may be.", kGauge,
             service.max_unsent_reply_bytes),
      metric("rectifier_unsent_reply_refused_total",
             "Requests that were refused because there was no room for their replies.", kCounter,
             service.replies_refused),
      metric("rectifier_open_streams", "Calls of ModelStreamInfer that are open.", kGauge,
             service.open_streams),
      metric("rectifier_access_log_suppressed_total",
             "Lines about failed requests that the bound of the access log left out.", kCounter,
             load.access_log_suppressed),
      metric("rectifier_log_lines_lost_total",
             "Log lines that were thrown away because standard error did not take them.", kCounter,
             load.log_lines_lost),
  };
}

}  // namespace rectifier
