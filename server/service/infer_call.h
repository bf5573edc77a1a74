#pragma once

#include <grpcpp/grpcpp.h>

#include "server/service/inference.h"

namespace rectifier {

// Takes one call of ModelInfer: checks the request and queues it, or finishes the call with what is
// wrong. What is returned is the handler's to return.
//
// It is gRPC's own reactor that ends the call, so that nothing of that waits for another thread.
grpc::ServerUnaryReactor* StartInferCall(const Inference::Collaborators& collaborators,
                                         grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request,
                                         grpc::ByteBuffer& response);

}  // namespace rectifier
