#pragma once

#include <grpcpp/client_context.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <set>

namespace rectifier::client {

// The asynchronous calls of one Client, so that it can go after them and not before. gRPC (1.51)
// runs callbacks on threads that it joins when the last channel that used them is destroyed. A call
// holds its channel, so the callback's own thread could be the one to destroy it, and join itself.
//
// Threading: every method is safe from any thread.
class PendingCalls {
 public:
  // Held by a call until all else that it holds is released.
  class Membership {
   public:
    explicit Membership(std::shared_ptr<PendingCalls> calls);
    ~Membership();
    Membership(const Membership&) = delete;
    Membership& operator=(const Membership&) = delete;

   private:
    const std::shared_ptr<PendingCalls> calls_;
  };

  // While it is added, `context` can be cancelled.
  void Add(grpc::ClientContext* context);
  void Remove(grpc::ClientContext* context);

  // Cancels every call and blocks until there are no members.
  void CancelAndWait();

 private:
  std::mutex mutex_;  // guards what follows
  std::condition_variable left_;
  int members_ = 0;
  std::set<grpc::ClientContext*> contexts_;
};

}  // namespace rectifier::client
