// A gRPC server that answers every ModelInfer with the same reply and does nothing else: the
// ceiling of what a server made with this library can reach. As a program that prints its address
// and serves until its standard input ends.

#include <grpcpp/grpcpp.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "proto/inference.grpc.pb.h"

namespace {

using inference::GRPCInferenceService;
using inference::ModelInferRequest;
using inference::ModelInferResponse;

// Neither reads the request nor makes the reply.
class BytesEcho final
    : public GRPCInferenceService::WithRawCallbackMethod_ModelInfer<GRPCInferenceService::Service> {
 public:
  explicit BytesEcho(const std::string& reply) : reply_(reply) {}
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context,
                                       const grpc::ByteBuffer* /*request*/,
                                       grpc::ByteBuffer* response) override {
    *response = grpc::ByteBuffer(&reply_, 1);
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const grpc::Slice reply_;
};

// As services are usually written: the request is parsed, the reply is a message.
class MessageEcho final
    : public GRPCInferenceService::WithCallbackMethod_ModelInfer<GRPCInferenceService::Service> {
 public:
  explicit MessageEcho(const std::string& reply) { reply_.ParseFromString(reply); }
  grpc::ServerUnaryReactor* ModelInfer(grpc::CallbackServerContext* context,
                                       const ModelInferRequest* request,
                                       ModelInferResponse* response) override {
    *response = reply_;
    response->set_id(request->id());
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  ModelInferResponse reply_;
};

}  // namespace

int main(int argc, char** argv) {
  std::string reply_file;
  bool messages = false;
  CLI::App app("Answers every ModelInfer with the same reply");
  app.add_option("--reply", reply_file, "a serialized ModelInferResponse")->required();
  app.add_flag("--messages", messages, "parse the requests and serialize the replies");
  CLI11_PARSE(app, argc, argv);
  std::ifstream in(reply_file, std::ios::binary);
  const std::string reply{std::istreambuf_iterator<char>(in), {}};
  BytesEcho bytes(reply);
  MessageEcho message(reply);
  grpc::ServerBuilder builder;
  int port = 0;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.SetMaxReceiveMessageSize(-1);
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(messages ? static_cast<grpc::Service*>(&message) : &bytes);
  const std::unique_ptr<grpc::Server> server = builder.BuildAndStart();
  std::cout << "127.0.0.1:" << port << std::endl;
  std::cin.ignore(std::numeric_limits<std::streamsize>::max());
  server->Shutdown(std::chrono::system_clock::now());
  return 0;
}
