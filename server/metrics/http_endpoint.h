#pragma once

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "server/metrics/health_source.h"
#include "server/metrics/metrics.h"

namespace rectifier {

// The HTTP port of the server: /metrics for Prometheus, /healthz/live, /healthz/ready and
// /healthz/startup for probes (200 or 503, one line of text). GET and HEAD only; no files, one
// request a connection, a slow client is cut off. Plain HTTP: for trusted networks.
//
// Threading: it has a few threads of its own, on which the HealthSource is asked.
// Ownership: `metrics` and `health` outlive it. Destruction closes the port and waits for requests
// under way.
class HttpEndpoint {
 public:
  // Listens on `host` (a name or an address) and `port`; port 0 takes a free one. An error names
  // host and port: INVALID_ARGUMENT for a host that cannot be one (an IPv6 address, where civetweb
  // knows none: Debian's), UNAVAILABLE with the reason when it cannot listen.
  static absl::StatusOr<std::unique_ptr<HttpEndpoint>> Start(const std::string& host, int port,
                                                             const Metrics& metrics,
                                                             HealthSource& health);
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  int port() const;  // the real one

 private:
  struct Impl;
  explicit HttpEndpoint(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace rectifier
