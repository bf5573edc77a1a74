#pragma once

#include <grpcpp/grpcpp.h>
#include <grpcpp/support/async_unary_call.h>

#include <functional>

#include "absl/status/status.h"
#include "server/core/status.h"
#include "server/service/server_call.h"
#include "server/service/unary.h"
#include "server/service/wire_scan.h"

namespace rectifier {

using UnaryWriter = grpc::ServerAsyncResponseWriter<grpc::ByteBuffer>;

// Asks gRPC for the next call of one method, as the generated Request…() does.
using AcceptUnary =
    std::function<void(grpc::ServerContext* context, grpc::ByteBuffer* request, UnaryWriter* writer,
                       grpc::ServerCompletionQueue* queue, void* tag)>;

// A generated Request…() of a service that derives from Base.
template <typename Base>
using UnaryRequest = void (Base::*)(grpc::ServerContext*, grpc::ByteBuffer*, UnaryWriter*,
                                    grpc::CompletionQueue*, grpc::ServerCompletionQueue*, void*);

// The AcceptUnary of a method: UnaryMethod(service, &Service::RequestModelInfer). The service
// outlives it.
template <typename Service, typename Base>
AcceptUnary UnaryMethod(Service& service, UnaryRequest<Base> request) {
  return [&service, request](grpc::ServerContext* context, grpc::ByteBuffer* bytes,
                             UnaryWriter* writer, grpc::ServerCompletionQueue* queue, void* tag) {
    (service.*request)(context, bytes, writer, queue, queue, tag);
  };
}

// A call with one request and one reply.
//
// Threading and ownership: as ServerCall.
class UnaryCall : public ServerCall {
 protected:
  explicit UnaryCall(EventLoop& loop) : ServerCall(loop) {}

  // To be called at the end of the constructor of what derives from this: OnStarted() may come at
  // once, on another thread.
  void Accept(const AcceptUnary& accept) {
    accept(&context(), &request_, &writer_, &loop().queue(), accepted());
  }

  // After OnStarted() was called.
  const grpc::ByteBuffer& request() const { return request_; }

  // Both from any thread; nothing of the call may be touched afterwards by a thread that is not in
  // one of its handlers.
  void Finish(const grpc::ByteBuffer& reply) {
    writer_.Finish(reply, grpc::Status::OK, finished());
  }
  void FinishWithError(const grpc::Status& status) { writer_.FinishWithError(status, finished()); }

 private:
  grpc::ByteBuffer request_;
  UnaryWriter writer_{&context()};
};

// A method whose calls are answered at once, on a thread of the loop: what is in `reply` is sent if
// the status is OK.
struct AnsweredMethod {
  AcceptUnary accept;
  std::function<absl::Status(const grpc::ByteBuffer& request, grpc::ByteBuffer& reply)> answer;
};

// The method of `service` that `request` asks gRPC for: its requests are read as `wire` says, and
// `handle` is absl::Status(const Request&, Response&). `service` and `wire` outlive what it
// returns.
template <typename Request, typename Response, typename Service, typename Base, typename Handle>
AnsweredMethod AnsweredBy(Service& service, UnaryRequest<Base> request, const WireMessage& wire,
                          const Handle& handle) {
  return {UnaryMethod(service, request),
          [&wire, handle](const grpc::ByteBuffer& bytes,
                          grpc::ByteBuffer& reply_bytes) -> absl::Status {
            Request asked;
            Response reply;
            RECTIFIER_RETURN_IF_ERROR(ParseRequest(bytes, wire, asked));
            RECTIFIER_RETURN_IF_ERROR(handle(asked, reply));
            reply_bytes = SerializeReply(reply);
            return absl::OkStatus();
          }};
}

// Takes calls from now on, until the server stops. `method` outlives the loop.
void AnswerCalls(EventLoop& loop, const AnsweredMethod& method);

}  // namespace rectifier
