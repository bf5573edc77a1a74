#include "server/metrics/http_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "tests/unit/metrics/http_client.h"

namespace rectifier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class FakeHealth final : public HealthSource {
 public:
  bool Live() override { return live; }
  bool Ready() override { return ready; }
  bool Started() override { return started; }

  std::atomic<bool> live = true;
  std::atomic<bool> ready = true;
  std::atomic<bool> started = true;
};

class HttpEndpointTest : public testing::Test {
 protected:
  std::unique_ptr<HttpEndpoint> Start() {
    auto endpoint = HttpEndpoint::Start("127.0.0.1", 0, metrics_, health_);
    EXPECT_TRUE(endpoint.ok()) << endpoint.status();
    return *std::move(endpoint);
  }

  Metrics metrics_{{"1.2.3", "3.2.0", "avx2"}};
  FakeHealth health_;
};

TEST_F(HttpEndpointTest, TakesAFreePortForPortZero) {
  const auto first = Start();
  const auto second = Start();
  EXPECT_GT(first->port(), 0);
  EXPECT_GT(second->port(), 0);
  EXPECT_NE(first->port(), second->port());
}

TEST_F(HttpEndpointTest, ServesTheMetricsAsPrometheusText) {
  const auto endpoint = Start();
  const HttpReply reply = Http(endpoint->port(), "GET", "/metrics");
  EXPECT_EQ(reply.code, 200);
  EXPECT_THAT(reply.head, HasSubstr("Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
  EXPECT_THAT(reply.head,
              HasSubstr("Content-Length: " + std::to_string(reply.body.size()) + "\r\n"));
  EXPECT_THAT(reply.body, HasSubstr("rectifier_build_info{"));
}

TEST_F(HttpEndpointTest, AnswersProbesWith200Or503AndOneLine) {
  const auto endpoint = Start();
  struct Case {
    const char* path;
    std::atomic<bool>& state;
    const char* yes;
    const char* no;
  };
  for (const Case& probe :
       {Case{"/healthz/live", health_.live, "live\n", "not live\n"},
        Case{"/healthz/ready", health_.ready, "ready\n", "not ready\n"},
        Case{"/healthz/startup", health_.started, "started\n", "not started\n"}}) {
    SCOPED_TRACE(probe.path);
    HttpReply reply = Http(endpoint->port(), "GET", probe.path);
    EXPECT_EQ(reply.code, 200);
    EXPECT_EQ(reply.body, probe.yes);
    probe.state = false;
    reply = Http(endpoint->port(), "GET", probe.path);
    EXPECT_EQ(reply.code, 503);
    EXPECT_EQ(reply.body, probe.no);
    EXPECT_THAT(reply.head, HasSubstr("Content-Type: text/plain; charset=utf-8\r\n"));
    probe.state = true;
  }
}

TEST_F(HttpEndpointTest, IgnoresAQueryString) {
  const auto endpoint = Start();
  EXPECT_EQ(Http(endpoint->port(), "GET", "/healthz/live?verbose=1").code, 200);
}

TEST_F(HttpEndpointTest, AnswersNotFoundForEveryOtherPath) {
  const auto endpoint = Start();
  for (const char* path :
       {"/", "/metrics/", "/metricsx", "/healthz", "/healthz/", "/healthz/live/x", "/etc/passwd",
        "/../../../../etc/passwd", "/%2e%2e/etc/passwd", "//"}) {
    const HttpReply reply = Http(endpoint->port(), "GET", path);
    EXPECT_EQ(reply.code, 404) << path << "\n" << reply.head;
    EXPECT_EQ(reply.body, "not found\n") << path;
  }
}

TEST_F(HttpEndpointTest, AllowsOnlyGetAndHead) {
  const auto endpoint = Start();
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PROPFIND"}) {
    for (const char* path : {"/metrics", "/healthz/live", "/other"}) {
      const HttpReply reply = Http(endpoint->port(), method, path);
      EXPECT_EQ(reply.code, 405) << method << " " << path << "\n" << reply.head;
      EXPECT_THAT(reply.head, HasSubstr("Allow: GET, HEAD\r\n"));
    }
  }
}

TEST_F(HttpEndpointTest, AnswersHeadWithTheHeadersOfGetAndNoBody) {
  const auto endpoint = Start();
  const HttpReply reply = Http(endpoint->port(), "HEAD", "/healthz/live");
  EXPECT_EQ(reply.code, 200);
  EXPECT_THAT(reply.head, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(reply.body, "");
}

TEST_F(HttpEndpointTest, AnswersAnErrorToWhatIsNotHttp) {
  const auto endpoint = Start();
  Connection connection(endpoint->port());
  connection.Send("\x16\x03\x01 this is no request\r\n\r\n");
  EXPECT_THAT(connection.ReadAll(), Not(HasSubstr(" 200 ")));
  EXPECT_EQ(Http(endpoint->port(), "GET", "/healthz/live").code, 200);
}

TEST_F(HttpEndpointTest, AnswersProbesWhileOtherConnectionsStaySilent) {
  const auto endpoint = Start();
  const Connection first(endpoint->port());
  const Connection second(endpoint->port());
  EXPECT_EQ(Http(endpoint->port(), "GET", "/healthz/live").code, 200);
}

TEST_F(HttpEndpointTest, NamesHostPortAndReasonWhenThePortIsInUse) {
  const auto first = Start();
  const auto second = HttpEndpoint::Start("127.0.0.1", first->port(), metrics_, health_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(second.status().message()),
              AllOf(testing::StartsWith("127.0.0.1:" + std::to_string(first->port()) + ": "),
                    HasSubstr("in use")));
}

TEST_F(HttpEndpointTest, RefusesAHostOrPortThatCannotBeOne) {
  for (const char* host : {"", "127.0.0.1:1,127.0.0.1", "a b", "host/path"}) {
    const auto endpoint = HttpEndpoint::Start(host, 0, metrics_, health_);
    EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument) << host;
  }
  for (const int port : {-1, 65536}) {
    const auto endpoint = HttpEndpoint::Start("127.0.0.1", port, metrics_, health_);
    EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument) << port;
  }
}

TEST_F(HttpEndpointTest, FreesItsPortWhenDestroyed) {
  auto first = Start();
  const int port = first->port();
  first.reset();
  const auto second = HttpEndpoint::Start("127.0.0.1", port, metrics_, health_);
  EXPECT_TRUE(second.ok()) << second.status();
}

TEST_F(HttpEndpointTest, ListensOnEveryAddressWhenAsked) {
  const auto endpoint = HttpEndpoint::Start("0.0.0.0", 0, metrics_, health_);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ(Http((*endpoint)->port(), "GET", "/healthz/live").code, 200);
}

TEST_F(HttpEndpointTest, NamesAnIpv6AddressThatItCannotListenOn) {
  // Nobody owns an address for documentation; Debian's civetweb knows no IPv6 at all.
  const auto endpoint = HttpEndpoint::Start("2001:db8::1", 1, metrics_, health_);
  ASSERT_FALSE(endpoint.ok());
  EXPECT_THAT(std::string(endpoint.status().message()), testing::StartsWith("[2001:db8::1]:1: "));
}

// Importers run in child processes: with SIGCHLD ignored, their exit status would be lost.
TEST_F(HttpEndpointTest, LeavesTheHandlingOfChildProcessesAlone) {
  struct sigaction before {};
  struct sigaction after {};
  sigaction(SIGCHLD, nullptr, &before);
  const auto endpoint = Start();
  sigaction(SIGCHLD, nullptr, &after);
  EXPECT_EQ(before.sa_handler, after.sa_handler);
}

TEST_F(HttpEndpointTest, ServesSeveralScrapersWhileMetricsChange) {
  const auto endpoint = Start();
  std::atomic<bool> done = false;
  std::thread requests([&] {
    while (!done) {
      const auto model = metrics_.RequestsOf("model", "1");
      model->OnStarted();
      model->OnFinished(absl::StatusCode::kOk, std::chrono::milliseconds(1), nullptr);
    }
  });
  constexpr int kScrapers = 3;
  std::vector<std::thread> scrapers;
  scrapers.reserve(kScrapers);
  for (int i = 0; i < kScrapers; ++i) {
    scrapers.emplace_back([&] {
      for (int scrape = 0; scrape < 10; ++scrape) {
        EXPECT_EQ(Http(endpoint->port(), "GET", "/metrics").code, 200);
      }
    });
  }
  for (std::thread& scraper : scrapers) scraper.join();
  done = true;
  requests.join();
}

}  // namespace
}  // namespace rectifier
