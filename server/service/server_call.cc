#include "server/service/server_call.h"

namespace rectifier {

ServerCall::ServerCall(EventLoop& loop) : presence_(loop) {
  context_.AsyncNotifyWhenDone(over_.AsTag());
}

void ServerCall::Accepted::OnEvent(bool ok) {
  ServerCall& call = call_;
  if (!ok) {
    delete &call;
    return;
  }
  call.AcceptNext();
  call.OnStarted();
  call.EndStep();
}

void ServerCall::OnOver(bool /*ok*/) {
  if (!context_.IsCancelled()) return;
  cancelled_.store(true, std::memory_order_relaxed);
  OnCancel();
}

void ServerCall::EndStep() {
  if (pending_.fetch_sub(1, std::memory_order_acq_rel) > 1) return;
  OnDone();
  delete this;
}

}  // namespace rectifier
