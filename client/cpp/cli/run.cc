#include "client/cpp/cli/run.h"

#include <cmath>
#include <string>

#include "client/cpp/cli/commands.h"
#include "client/cpp/cli/files.h"
#include "client/cpp/cli/text.h"
#include "rectifier/client.h"
#include "server/core/status.h"

namespace rectifier::client::cli {
namespace {

constexpr int64_t kMaxPemBytes = 1 << 20;
// The user's own machine and files: no need for the smaller limits of a service.
constexpr int64_t kMaxMessageBytes = int64_t{1} << 30;

// "" for no file.
absl::StatusOr<std::string> ReadIfNamed(const std::filesystem::path& path) {
  if (path.empty()) return std::string();
  return ReadFile(path, kMaxPemBytes);
}

absl::StatusOr<Client> Connect(const ConnectionOptions& connection) {
  ClientOptions options;
  options.default_timeout =
      std::chrono::milliseconds(std::llround(connection.timeout_seconds * 1000));
  options.max_message_bytes = kMaxMessageBytes;
  // The program asks one server, also whether it is ready, and must reach one that is not.
  options.watch_health = false;
  if (connection.tls || !connection.tls_ca.empty() || !connection.tls_certificate.empty()) {
    TlsOptions tls;
    RECTIFIER_ASSIGN_OR_RETURN(tls.root_certificates, ReadIfNamed(connection.tls_ca));
    RECTIFIER_ASSIGN_OR_RETURN(tls.certificate_chain, ReadIfNamed(connection.tls_certificate));
    RECTIFIER_ASSIGN_OR_RETURN(tls.private_key, ReadIfNamed(connection.tls_key));
    options.tls = std::move(tls);
  }
  RECTIFIER_ASSIGN_OR_RETURN(options.bearer_token, ReadIfNamed(connection.token_file));
  // Files end in a newline, headers do not hold one.
  options.bearer_token.erase(options.bearer_token.find_last_not_of(" \r\n") + 1);
  return Client::Connect(connection.server, options);
}

absl::Status RunCommand(const CommandLine& line, std::ostream& out) {
  RECTIFIER_ASSIGN_OR_RETURN(const Client client, Connect(line.connection));
  struct Dispatch {
    const Client& client;
    std::ostream& out;
    absl::Status operator()(const ReadyOptions& options) { return RunReady(options, client, out); }
    absl::Status operator()(const MetadataOptions& options) {
      return RunMetadata(options, client, out);
    }
    absl::Status operator()(const InferOptions& options) { return RunInfer(options, client, out); }
    absl::Status operator()(const ClassifyOptions& options) {
      return RunClassify(options, client, out);
    }
  };
  return std::visit(Dispatch{client, out}, line.command);
}

}  // namespace

int Run(const CommandLine& line, std::ostream& out, std::ostream& err) {
  const absl::Status status = RunCommand(line, out);
  out.flush();
  if (!status.ok()) {
    err << "rectifier-client: " << Printable(Message(status)) << " ["
        << absl::StatusCodeToString(status.code()) << "]\n";
    return 1;
  }
  return 0;
}

}  // namespace rectifier::client::cli
