#include "server/core/address.h"

#include <gtest/gtest.h>

namespace rectifier {
namespace {

TEST(AddressTest, OnlyABareIpv6AddressIsPutInBrackets) {
  EXPECT_EQ(HostAndPort("127.0.0.1", 8001), "127.0.0.1:8001");
  EXPECT_EQ(HostAndPort("localhost", 0), "localhost:0");
  EXPECT_EQ(HostAndPort("::1", 8001), "[::1]:8001");
  EXPECT_EQ(HostAndPort("[::1]", 8001), "[::1]:8001");
}

}  // namespace
}  // namespace rectifier
