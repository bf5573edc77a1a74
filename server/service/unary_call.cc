#include "server/service/unary_call.h"

#include "server/service/status_mapping.h"

namespace rectifier {
namespace {

class AnsweredCall final : public UnaryCall {
 public:
  AnsweredCall(EventLoop& loop, const AnsweredMethod& method) : UnaryCall(loop), method_(method) {
    Accept(method_.accept);
  }

 private:
  void AcceptNext() override { new AnsweredCall(loop(), method_); }
  void OnStarted() override {
    grpc::ByteBuffer reply;
    const absl::Status status = method_.answer(request(), reply);
    if (status.ok()) {
      Finish(reply);
    } else {
      FinishWithError(ToGrpcStatus(status));
    }
  }

  const AnsweredMethod& method_;
};

}  // namespace

void AnswerCalls(EventLoop& loop, const AnsweredMethod& method) { new AnsweredCall(loop, method); }

}  // namespace rectifier
