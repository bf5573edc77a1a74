#pragma once

#include "server/service/inference.h"
#include "server/service/unary_call.h"

namespace rectifier {

// Takes calls of ModelInfer from now on, until the server stops: checks each request and queues it,
// or finishes the call with what is wrong. `accept` and `collaborators` outlive the loop.
void TakeInferCalls(EventLoop& loop, const AcceptUnary& accept,
                    const Inference::Collaborators& collaborators);

}  // namespace rectifier
