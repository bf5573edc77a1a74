#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>

#include "server/core/check.h"

namespace rectifier {

// A TCP connection to this machine.
class Connection {
 public:
  explicit Connection(int port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    RECTIFIER_CHECK(
        connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0);
  }
  ~Connection() { close(socket_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void Send(const std::string& bytes) {
    const auto size = static_cast<ssize_t>(bytes.size());
    RECTIFIER_CHECK(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == size);
  }

  // Everything until the server closes the connection.
  std::string ReadAll() {
    std::string all;
    char buffer[4096];
    ssize_t size = 0;
    while ((size = recv(socket_, buffer, sizeof(buffer), 0)) > 0) {
      all.append(buffer, static_cast<size_t>(size));
    }
    return all;
  }

 private:
  const int socket_;
};

struct HttpReply {
  int code = 0;
  std::string head;  // status line and headers
  std::string body;
};

inline HttpReply Http(int port, const std::string& method, const std::string& path) {
  Connection connection(port);
  connection.Send(method + " " + path +
                  " HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n");
  const std::string all = connection.ReadAll();
  const size_t end = all.find("\r\n\r\n");
  if (!all.starts_with("HTTP/1.1 ") || end == std::string::npos) return {0, all, ""};
  return {std::stoi(all.substr(9, 3)), all.substr(0, end + 2), all.substr(end + 4)};
}

}  // namespace rectifier
