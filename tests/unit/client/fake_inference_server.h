#pragma once

#include <grpcpp/grpcpp.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "proto/inference.grpc.pb.h"

namespace rectifier::client::testing {

// A server in the test's own process, on a free port. It has one model, "brightest", that takes
// `image`, FP32 [-1,1,2,2], and answers `logits`, FP32 [-1,4]: ten times each pixel. So the class
// of a picture is its brightest pixel.
//
// Threading: every method is safe from any thread; the hooks are called from gRPC's, several at
// once.
class FakeInferenceServer {
 public:
  using Hook = std::function<grpc::Status(grpc::ServerContext& context,
                                          const inference::ModelInferRequest& request,
                                          inference::ModelInferResponse& response)>;

  explicit FakeInferenceServer(
      std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials());
  ~FakeInferenceServer();

  std::string target() const { return "127.0.0.1:" + std::to_string(port_); }

  // Called before an inference is answered; an error is the answer.
  void set_before_infer(Hook hook) { Set(before_infer_, std::move(hook)); }
  // Called with the answer of an inference, to change it.
  void set_after_infer(Hook hook) { Set(after_infer_, std::move(hook)); }
  // ServerReady and ModelReady say no so many times first.
  void set_not_ready(int times) { not_ready_ = times; }
  // What grpc.health.v1 says.
  void set_serving(bool serving);

  int infer_calls() const { return infer_calls_; }

 private:
  class Service;

  void Set(Hook& hook, Hook value) {
    const std::lock_guard lock(mutex_);
    hook = std::move(value);
  }
  grpc::Status Call(const Hook& hook, grpc::ServerContext& context,
                    const inference::ModelInferRequest& request,
                    inference::ModelInferResponse& response);

  std::mutex mutex_;  // of the hooks
  Hook before_infer_;
  Hook after_infer_;
  std::atomic<int> not_ready_ = 0;
  std::atomic<int> infer_calls_ = 0;
  int port_ = 0;
  std::unique_ptr<Service> service_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace rectifier::client::testing
