#include "client/cpp/src/pending_calls.h"

#include <utility>

namespace rectifier::client {

PendingCalls::Membership::Membership(std::shared_ptr<PendingCalls> calls)
    : calls_(std::move(calls)) {
  const std::lock_guard lock(calls_->mutex_);
  ++calls_->members_;
}

PendingCalls::Membership::~Membership() {
  const std::lock_guard lock(calls_->mutex_);
  if (--calls_->members_ == 0) calls_->left_.notify_all();
}

void PendingCalls::Add(grpc::ClientContext* context) {
  const std::lock_guard lock(mutex_);
  contexts_.insert(context);
}

void PendingCalls::Remove(grpc::ClientContext* context) {
  const std::lock_guard lock(mutex_);
  contexts_.erase(context);
}

void PendingCalls::CancelAndWait() {
  std::unique_lock lock(mutex_);
  for (grpc::ClientContext* context : contexts_) context->TryCancel();
  left_.wait(lock, [&] { return members_ == 0; });
}

}  // namespace rectifier::client
