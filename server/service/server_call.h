#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>

#include "server/service/event_loop.h"

namespace rectifier {

// A ServerCall is one call of a method: first it waits for a client to make it, then it is under
// way until it is finished and gRPC has said everything of it.
//
// Threading: OnStarted(), OnCancel(), OnDone() and the handlers of steps are called by the loop's
// threads, perhaps several at a time.
// Ownership: its own. It frees itself after OnDone(), or when the server stops before it has begun.
class ServerCall {
 public:
  virtual ~ServerCall() = default;
  ServerCall(const ServerCall&) = delete;
  ServerCall& operator=(const ServerCall&) = delete;

 protected:
  // A tag for gRPC: calls `kHandler` of the `call` when what it was given for is done.
  template <typename Call, void (Call::*kHandler)(bool ok)>
  class Step final : public EventLoop::Event {
   public:
    explicit Step(Call& call) : call_(call) {}
    // Before gRPC gets it. The call stays until the handler has returned.
    void* Begin() {
      call_.pending_.fetch_add(1, std::memory_order_relaxed);
      return AsTag();
    }
    void OnEvent(bool ok) override {
      (call_.*kHandler)(ok);
      call_.EndStep();
    }

   private:
    Call& call_;
  };

  explicit ServerCall(EventLoop& loop);

  // What gRPC is given to accept the call with, at the end of the constructor of the class that is
  // final.
  grpc::ServerContext& context() { return context_; }
  const grpc::ServerContext& context() const { return context_; }
  EventLoop& loop() { return presence_.loop; }
  void* accepted() { return accepted_.AsTag(); }

  // The client has gone, or its deadline has passed, as far as the loop has been told.
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }

  // Makes the call that waits for the next client.
  virtual void AcceptNext() = 0;
  // A client has made the call. It is finished once from here on, at any time, from any thread.
  virtual void OnStarted() = 0;
  // cancelled() has become true.
  virtual void OnCancel() {}
  // Nothing more comes.
  virtual void OnDone() {}

  // For Finish() of gRPC's. To be called once.
  void* finished() { return finished_.AsTag(); }

 private:
  // The one event that decides whether there are others.
  class Accepted final : public EventLoop::Event {
   public:
    explicit Accepted(ServerCall& call) : call_(call) {}
    void OnEvent(bool ok) override;

   private:
    ServerCall& call_;
  };

  // Counts the call among the loop's for as long as anything of it is there.
  struct Presence {
    explicit Presence(EventLoop& of) : loop(of) { loop.Enter(); }
    ~Presence() { loop.Leave(); }
    EventLoop& loop;
  };

  void OnOver(bool ok);
  void OnFinished(bool /*ok*/) {}
  void EndStep();

  const Presence presence_;
  grpc::ServerContext context_;
  std::atomic<bool> cancelled_ = false;
  // What gRPC has yet to say. These come for certain once the call is accepted: that it is, that it
  // is finished, and that it is over.
  std::atomic<int> pending_ = 3;
  Accepted accepted_{*this};
  Step<ServerCall, &ServerCall::OnOver> over_{*this};
  Step<ServerCall, &ServerCall::OnFinished> finished_{*this};
};

}  // namespace rectifier
