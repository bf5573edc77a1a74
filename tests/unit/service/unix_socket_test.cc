#include "server/service/unix_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/unit/service/server_fixture.h"

namespace rectifier {
namespace {

using ::testing::HasSubstr;

class UnixSocketTest : public ServerTest {
 protected:
  UnixSocketTest() {
    std::string name = std::filesystem::temp_directory_path() / "rectifier-socket-XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~UnixSocketTest() override { std::filesystem::remove_all(folder_); }

  std::string Path(const std::string& name) const { return folder_ / name; }

  std::filesystem::path folder_;
};

TEST_F(UnixSocketTest, IsServedBesideThePort) {
  options_.unix_socket = Path("grpc.sock");
  StartServer();
  const auto stub = inference::GRPCInferenceService::NewStub(
      grpc::CreateChannel("unix:" + Path("grpc.sock"), grpc::InsecureChannelCredentials()));
  grpc::ClientContext context;
  inference::ModelInferResponse response;
  const grpc::Status status = stub->ModelInfer(&context, DoublingRequest(), &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(response.id(), "id-1");
  EXPECT_TRUE(Infer(DoublingRequest()).ok());
}

TEST_F(UnixSocketTest, OneThatAServerListensOnIsNotTakenFromIt) {
  options_.unix_socket = Path("grpc.sock");
  StartServer();
  const auto second = GrpcServer::Start(options_, registry_, observer_, clock_);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(Message(second.status()), HasSubstr("grpc.sock: another process listens there"));
}

TEST_F(UnixSocketTest, OneThatAServerLeftBehindIsReplaced) {
  options_.unix_socket = Path("grpc.sock");
  StartServer();
  // A name beside the one that the server removes when it stops.
  std::filesystem::create_hard_link(Path("grpc.sock"), Path("left.sock"));
  server_.reset();
  EXPECT_EQ(CheckUnixSocketIsFree(Path("left.sock")), absl::OkStatus());
  options_.unix_socket = Path("left.sock");
  StartServer();
}

TEST_F(UnixSocketTest, AFileInItsPlaceIsLeftAlone) {
  std::ofstream(Path("file")) << "precious";
  EXPECT_THAT(Message(CheckUnixSocketIsFree(Path("file"))), HasSubstr("found something else"));
}

TEST_F(UnixSocketTest, APathThatIsTooLongIsRefusedWithTheBound) {
  EXPECT_THAT(Message(CheckUnixSocketIsFree(std::string(200, 'x'))),
              HasSubstr("at most 107 bytes, this one has 200"));
}

TEST_F(UnixSocketTest, AFolderThatIsNotThereIsAnErrorThatNamesThePath) {
  options_.unix_socket = Path("nowhere/grpc.sock");
  const auto server = GrpcServer::Start(options_, registry_, observer_, clock_);
  EXPECT_THAT(Message(server.status()), HasSubstr("nowhere/grpc.sock: cannot listen there"));
}

}  // namespace
}  // namespace rectifier
