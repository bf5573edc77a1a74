#pragma once

#include <map>
#include <set>
#include <string>

#include "proto/grpc/health/v1/health.grpc.pb.h"
#include "server/core/mutex.h"
#include "server/service/event_loop.h"
#include "server/service/unary_call.h"

namespace rectifier {

// grpc.health.v1 for the whole server ("") and for each model by its name.
//
// gRPC brings a health service of its own, but its Watch streams stay open until a shutdown's
// deadline has passed, so that a server with one watching client would always drain for as long as
// it may; and it is switched on for the whole process.
//
// Threading: safe from any thread. Lifetime: outlives the grpc::Server that it is registered with.
class HealthService final
    : public grpc::health::v1::Health::WithRawMethod_Check<
          grpc::health::v1::Health::WithRawMethod_Watch<grpc::health::v1::Health::Service>> {
 public:
  HealthService();
  ~HealthService() override;

  // Says whether `service` is serving from now on. Without effect after BeginDrain().
  void Set(const std::string& service, bool serving);

  // Everything is NOT_SERVING, for good.
  void BeginDrain();

  // Ends every Watch, those to come too, with UNAVAILABLE.
  void EndWatches();

  // Takes calls from now on, until the server stops. Check answers NOT_FOUND for a service that was
  // never set; Watch tells the status now and whenever it changes, SERVICE_UNKNOWN until it is set.
  void TakeCalls(EventLoop& loop);

 private:
  class Watcher;
  using ServingStatus = grpc::health::v1::HealthCheckResponse::ServingStatus;

  ServingStatus StatusOf(const std::string& service) const RECTIFIER_REQUIRES(mutex_);

  absl::Status Answer(const grpc::health::v1::HealthCheckRequest& asked,
                      grpc::health::v1::HealthCheckResponse& reply) const;

  const AnsweredMethod check_;
  mutable Mutex mutex_;
  bool draining_ RECTIFIER_GUARDED_BY(mutex_) = false;
  bool watches_ended_ RECTIFIER_GUARDED_BY(mutex_) = false;
  std::map<std::string, bool> serving_ RECTIFIER_GUARDED_BY(mutex_);
  std::set<Watcher*> watchers_ RECTIFIER_GUARDED_BY(mutex_);  // each owns itself
};

}  // namespace rectifier
