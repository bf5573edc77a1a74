#include "rectifier/client.h"

#include <fmt/format.h>
#include <grpcpp/client_context.h>

#include <algorithm>
#include <thread>
#include <utility>

#include "client/cpp/src/channel.h"
#include "client/cpp/src/codec.h"
#include "client/cpp/src/pending_calls.h"
#include "proto/inference.grpc.pb.h"

namespace rectifier::client {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// How often WaitUntilReady asks: soon at first, then seldom.
constexpr milliseconds kFirstPoll{20};
constexpr milliseconds kSlowestPoll{500};
// An attempt of WaitUntilReady, so that one lost answer does not take all the time there is.
constexpr milliseconds kPollTimeout{2000};

// Where a call goes.
struct Destination {
  std::string target;
  std::shared_ptr<grpc::Channel> channel;

  // gRPC's codes are Abseil's. The errors of the way to the server say which server, and whether
  // there is a connection to it.
  absl::Status ToStatus(const grpc::Status& status) const {
    if (status.ok()) return absl::OkStatus();
    const auto code = static_cast<absl::StatusCode>(status.error_code());
    if (code != absl::StatusCode::kUnavailable && code != absl::StatusCode::kDeadlineExceeded) {
      return absl::Status(code, status.error_message());
    }
    const bool connected = channel->GetState(/*try_to_connect=*/false) == GRPC_CHANNEL_READY;
    return absl::Status(
        code, fmt::format("{}: {}{}", target,
                          connected ? "" : "cannot be reached: ", status.error_message()));
  }
};

void SetTimeout(grpc::ClientContext& context, milliseconds timeout) {
  // gRPC's deadlines are points in time, which a large enough timeout would overflow.
  constexpr milliseconds kMost = std::chrono::hours(24 * 365);
  context.set_deadline(std::chrono::system_clock::now() +
                       std::clamp(timeout, milliseconds::zero(), kMost));
}

// What an asynchronous call needs while it is in flight.
struct InferCall {
  const PendingCalls::Membership membership;  // the first member is the last to go
  const std::shared_ptr<PendingCalls> pending;
  const Destination destination;
  grpc::ClientContext context;
  inference::ModelInferRequest request;
  inference::ModelInferResponse response;
  InferCallback done;

  InferCall(const std::shared_ptr<PendingCalls>& calls, const Destination& to)
      : membership(calls), pending(calls), destination(to) {
    pending->Add(&context);
  }
  ~InferCall() { pending->Remove(&context); }
  InferCall(const InferCall&) = delete;
  InferCall& operator=(const InferCall&) = delete;

  absl::StatusOr<InferResponse> Result(const grpc::Status& status) {
    if (!status.ok()) return destination.ToStatus(status);
    return Decode(std::move(response));
  }
};

}  // namespace

struct Client::Connection {
  Destination destination;
  milliseconds default_timeout;
  std::unique_ptr<inference::GRPCInferenceService::Stub> stub;
  std::shared_ptr<PendingCalls> pending = std::make_shared<PendingCalls>();

  Connection(Destination to, milliseconds timeout)
      : destination(std::move(to)),
        default_timeout(timeout),
        stub(inference::GRPCInferenceService::NewStub(destination.channel)) {}
  ~Connection() { pending->CancelAndWait(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // One unary call, blocking; Stub::*method is the stub's generated method.
  template <typename Request, typename Response>
  absl::Status Call(grpc::Status (inference::GRPCInferenceService::Stub::*method)(
                        grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response* response, Timeout timeout) const {
    grpc::ClientContext context;
    SetTimeout(context, timeout.value_or(default_timeout));
    return destination.ToStatus((stub.get()->*method)(&context, request, response));
  }
};

const Tensor* InferResponse::Find(std::string_view name) const {
  const auto found = std::find_if(outputs.begin(), outputs.end(),
                                  [&](const Tensor& tensor) { return tensor.name == name; });
  return found == outputs.end() ? nullptr : &*found;
}

absl::StatusOr<Client> Client::Connect(const std::string& target, const ClientOptions& options) {
  auto channel = MakeChannel(target, options);
  if (!channel.ok()) return channel.status();
  return Client(std::make_unique<Connection>(Destination{target, *std::move(channel)},
                                             options.default_timeout));
}

Client::Client(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}
Client::Client(Client&&) noexcept = default;
Client& Client::operator=(Client&&) noexcept = default;
Client::~Client() = default;

const std::string& Client::target() const { return connection_->destination.target; }

absl::StatusOr<bool> Client::IsServerReady(Timeout timeout) const {
  inference::ServerReadyResponse response;
  const absl::Status status =
      connection_->Call(&inference::GRPCInferenceService::Stub::ServerReady,
                        inference::ServerReadyRequest(), &response, timeout);
  if (!status.ok()) return status;
  return response.ready();
}

absl::StatusOr<bool> Client::IsModelReady(const std::string& model, const std::string& version,
                                          Timeout timeout) const {
  inference::ModelReadyRequest request;
  request.set_name(model);
  request.set_version(version);
  inference::ModelReadyResponse response;
  const absl::Status status = connection_->Call(&inference::GRPCInferenceService::Stub::ModelReady,
                                                request, &response, timeout);
  if (!status.ok()) return status;
  return response.ready();
}

absl::Status Client::WaitUntilReady(milliseconds timeout, const std::string& model,
                                    const std::string& version) const {
  const auto deadline = Clock::now() + timeout;
  const auto left = [&] {
    return std::max(std::chrono::ceil<milliseconds>(deadline - Clock::now()), milliseconds::zero());
  };
  std::string reason;
  for (milliseconds pause = kFirstPoll;; pause = std::min(pause * 2, kSlowestPoll)) {
    const milliseconds attempt = std::clamp(left(), milliseconds(1), kPollTimeout);
    const absl::StatusOr<bool> ready =
        model.empty() ? IsServerReady(attempt) : IsModelReady(model, version, attempt);
    switch (ready.status().code()) {
      case absl::StatusCode::kOk:
        if (*ready) return absl::OkStatus();
        reason = fmt::format("{}: the {} is not", target(), model.empty() ? "server" : "model");
        break;
      case absl::StatusCode::kUnavailable:
      case absl::StatusCode::kResourceExhausted:
      case absl::StatusCode::kNotFound:
        reason = std::string(ready.status().message());
        break;
      case absl::StatusCode::kDeadlineExceeded:
        // The last attempt may be cut short; what was wrong before says more.
        if (reason.empty()) reason = std::string(ready.status().message());
        break;
      default:  // waiting does not mend it
        return ready.status();
    }
    if (left() <= pause) {
      return absl::DeadlineExceededError(
          fmt::format("not ready within {} ms: {}", timeout.count(), reason));
    }
    std::this_thread::sleep_for(pause);
  }
}

absl::StatusOr<ServerMetadata> Client::GetServerMetadata(Timeout timeout) const {
  inference::ServerMetadataResponse response;
  const absl::Status status =
      connection_->Call(&inference::GRPCInferenceService::Stub::ServerMetadata,
                        inference::ServerMetadataRequest(), &response, timeout);
  if (!status.ok()) return status;
  return Decode(response);
}

absl::StatusOr<ModelMetadata> Client::GetModelMetadata(const std::string& model,
                                                       const std::string& version,
                                                       Timeout timeout) const {
  inference::ModelMetadataRequest request;
  request.set_name(model);
  request.set_version(version);
  inference::ModelMetadataResponse response;
  const absl::Status status = connection_->Call(
      &inference::GRPCInferenceService::Stub::ModelMetadata, request, &response, timeout);
  if (!status.ok()) return status;
  return Decode(response);
}

absl::StatusOr<InferResponse> Client::Infer(InferRequest request, Timeout timeout) const {
  auto message = Encode(std::move(request));
  if (!message.ok()) return message.status();
  inference::ModelInferResponse response;
  const absl::Status status = connection_->Call(&inference::GRPCInferenceService::Stub::ModelInfer,
                                                *message, &response, timeout);
  if (!status.ok()) return status;
  return Decode(std::move(response));
}

void Client::InferAsync(InferRequest request, InferCallback done, Timeout timeout) const {
  auto message = Encode(std::move(request));
  if (!message.ok()) return done(message.status());
  const auto call = std::make_shared<InferCall>(connection_->pending, connection_->destination);
  call->request = *std::move(message);
  call->done = std::move(done);
  SetTimeout(call->context, timeout.value_or(connection_->default_timeout));
  // The callback owns the call, and with it everything that gRPC writes to.
  connection_->stub->async()->ModelInfer(
      &call->context, &call->request, &call->response,
      [call](const grpc::Status& status) { call->done(call->Result(status)); });
}

}  // namespace rectifier::client
