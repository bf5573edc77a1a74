#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace rectifier {

// "127.0.0.1:8001", "[::1]:8001": an IPv6 address stands in brackets before a port (RFC 3986).
inline std::string HostAndPort(std::string_view host, int port) {
  const bool bare_ipv6 = host.find(':') != std::string_view::npos && !host.starts_with('[');
  return bare_ipv6 ? fmt::format("[{}]:{}", host, port) : fmt::format("{}:{}", host, port);
}

}  // namespace rectifier
