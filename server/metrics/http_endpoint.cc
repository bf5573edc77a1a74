#include "server/metrics/http_endpoint.h"

#include <CivetServer.h>
#include <fmt/format.h>

#include <chrono>
#include <future>
#include <string_view>
#include <utility>
#include <vector>

#include "server/core/address.h"
#include "server/core/check.h"
#include "server/core/log.h"
#include "server/core/mutex.h"
#include "server/core/status.h"

namespace rectifier {
namespace {

struct Response {
  int code;
  const char* reason;
  const char* content_type;
  std::string body;
};

constexpr const char* kText = "text/plain; charset=utf-8";

Response PlainText(int code, const char* reason, std::string body) {
  return {code, reason, kText, std::move(body)};
}

Response Probe(bool good, const char* yes, const char* no) {
  return good ? PlainText(200, "OK", yes) : PlainText(503, "Service Unavailable", no);
}

// What civetweb gives back to its callbacks. It lives before and after the server itself.
struct Context {
  const Metrics& metrics;
  HealthSource& health;
  Mutex mutex;
  std::string first_message RECTIFIER_GUARDED_BY(mutex);
};

Response Answer(std::string_view method, std::string_view path, const Context& context) {
  if (method != "GET" && method != "HEAD") {
    return PlainText(405, "Method Not Allowed", "only GET and HEAD\n");
  }
  if (path == "/metrics") {
    return {200, "OK", "text/plain; version=0.0.4; charset=utf-8",
            context.metrics.TextExposition()};
  }
  if (path == "/healthz/live") return Probe(context.health.Live(), "live\n", "not live\n");
  if (path == "/healthz/ready") return Probe(context.health.Ready(), "ready\n", "not ready\n");
  if (path == "/healthz/startup") {
    return Probe(context.health.Started(), "started\n", "not started\n");
  }
  return PlainText(404, "Not Found", "not found\n");
}

Context& ContextOf(const mg_connection* connection) {
  const auto* server =
      static_cast<const CivetServer*>(mg_get_user_data(mg_get_context(connection)));
  return *static_cast<Context*>(const_cast<void*>(server->getUserContext()));
}

// Called for every well-formed request, before civetweb would look for handlers or files.
int OnRequest(mg_connection* connection) {
  const mg_request_info* request = mg_get_request_info(connection);
  const std::string_view method = request->request_method;
  const std::string_view path = request->local_uri == nullptr ? "" : request->local_uri;
  const Response response = Answer(method, path, ContextOf(connection));
  std::string reply = fmt::format(
      "HTTP/1.1 {} {}\r\nContent-Type: {}\r\nContent-Length: {}\r\nCache-Control: no-store\r\n"
      "{}Connection: close\r\n\r\n",
      response.code, response.reason, response.content_type, response.body.size(),
      response.code == 405 ? "Allow: GET, HEAD\r\n" : "");
  if (method != "HEAD") reply += response.body;
  mg_write(connection, reply.data(), reply.size());
  return response.code;  // not 0: the request has been answered
}

// civetweb's own messages: the first one tells why the port cannot be opened.
int OnLogMessage(const mg_connection* connection, const char* message) {
  log::Debug("http", {{"message", message}});
  Context& context = ContextOf(connection);
  MutexLock lock(context.mutex);
  if (context.first_message.empty()) context.first_message = message;
  return 1;  // logged
}

bool MayBeHost(std::string_view host) {
  // A comma would begin another port in civetweb's list, an "s" after the port turn on TLS.
  constexpr std::string_view kAllowed =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-:";
  return !host.empty() && host.find_first_not_of(kAllowed) == std::string_view::npos;
}

}  // namespace

struct HttpEndpoint::Impl {
  Impl(std::string host_name, const Metrics& metrics, HealthSource& health)
      : context{metrics, health, {}, {}}, host(std::move(host_name)) {
    mg_init_library(MG_FEATURES_DEFAULT);
  }
  ~Impl() {
    if (server != nullptr) Stop();
    mg_exit_library();
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // civetweb looks at its stop flag every two seconds, or when somebody connects: so connect.
  void Stop() {
    const std::future<void> stopped = std::async(std::launch::async, [this] { server->close(); });
    do {
      char error[128];
      mg_close_connection(mg_connect_client(host.c_str(), port, 0, error, sizeof(error)));
    } while (stopped.wait_for(std::chrono::milliseconds(5)) != std::future_status::ready);
  }

  Context context;
  const std::string host;
  std::unique_ptr<CivetServer> server;
  int port = 0;
};

absl::StatusOr<std::unique_ptr<HttpEndpoint>> HttpEndpoint::Start(const std::string& host, int port,
                                                                  const Metrics& metrics,
                                                                  HealthSource& health) {
  const std::string place = HostAndPort(host, port);
  if (!MayBeHost(host)) return InvalidArgument(place, "not a host name or an address");
  if (host.find(':') != std::string::npos && mg_check_feature(MG_FEATURES_IPV6) == 0) {
    return InvalidArgument(place, "the HTTP library (civetweb) is built without IPv6");
  }
  if (port < 0 || port > 65535) return InvalidArgument(place, "a port is a number up to 65535");

  auto impl = std::make_unique<Impl>(host, metrics, health);
  // A probe that finds all threads taken fails, so no connection may hold one for long. There is no
  // document_root: civetweb serves no files.
  const std::vector<std::string> options = {
      "listening_ports",    place,   //
      "num_threads",        "16",    //
      "request_timeout_ms", "2000",  //
      "enable_keep_alive",  "no",    //
  };
  CivetCallbacks callbacks;
  callbacks.begin_request = OnRequest;
  callbacks.log_message = OnLogMessage;
  try {
    impl->server = std::make_unique<CivetServer>(options, &callbacks, &impl->context);
  } catch (const CivetException& error) {
    MutexLock lock(impl->context.mutex);
    const std::string& reason = impl->context.first_message;
    return ErrorAt(absl::StatusCode::kUnavailable, place, "cannot listen: {}",
                   reason.empty() ? error.what() : reason);
  }
  const std::vector<int> ports = impl->server->getListeningPorts();
  RECTIFIER_CHECK(ports.size() == 1);
  impl->port = ports.front();
  return std::unique_ptr<HttpEndpoint>(new HttpEndpoint(std::move(impl)));
}

HttpEndpoint::HttpEndpoint(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

HttpEndpoint::~HttpEndpoint() = default;

int HttpEndpoint::port() const { return impl_->port; }

}  // namespace rectifier
