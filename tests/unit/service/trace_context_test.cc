#include "server/service/trace_context.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace rectifier {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kSpan = "b7ad6b7169203331";

TEST(TraceContextTest, ReadsTraceAndSpan) {
  for (const char* flags : {"00", "01", "fe"}) {
    const std::string header = "00-" + kTrace + "-" + kSpan + "-" + flags;
    const auto trace = ParseTraceparent(header);
    ASSERT_TRUE(trace) << header;
    EXPECT_EQ(trace->trace_id, kTrace);
    EXPECT_EQ(trace->span_id, kSpan);
  }
}

TEST(TraceContextTest, ReadsOfLaterVersionsWhatVersionZeroHas) {
  for (const std::string& header : std::vector<std::string>{
           "01-" + kTrace + "-" + kSpan + "-01", "cc-" + kTrace + "-" + kSpan + "-01-more-of-it",
           "cc-" + kTrace + "-" + kSpan + "-01-"}) {
    const auto trace = ParseTraceparent(header);
    ASSERT_TRUE(trace) << header;
    EXPECT_EQ(trace->span_id, kSpan);
  }
}

TEST(TraceContextTest, IgnoresWhatIsNotValid) {
  const std::string zeros(32, '0');
  const std::vector<std::string> headers = {
      "",
      "00",
      kTrace,
      "00-" + kTrace + "-" + kSpan,                            // no flags
      "00-" + kTrace + "-" + kSpan + "-1",                     // half of them
      "00-" + kTrace + "-" + kSpan + "-01-more",               // version 00 has no more
      "00-" + kTrace + "-" + kSpan + "-01 ",                   //
      " 00-" + kTrace + "-" + kSpan + "-01",                   //
      "ff-" + kTrace + "-" + kSpan + "-01",                    // no version
      "0g-" + kTrace + "-" + kSpan + "-01",                    //
      "0A-" + kTrace + "-" + kSpan + "-01",                    //
      "00-0AF7651916CD43DD8448EB211C80319C-" + kSpan + "-01",  // upper case
      "00-" + kTrace + "-B7AD6B7169203331-01",                 //
      "00-" + kTrace + "-" + kSpan + "-0A",                    //
      "00-" + zeros + "-" + kSpan + "-01",                     // no trace
      "00-" + kTrace + "-" + zeros.substr(16) + "-01",         // no span
      "00-" + kTrace.substr(1) + "-" + kSpan + "-011",         // a digit short
      "00-" + kTrace + "0-" + kSpan.substr(1) + "-01",         // one too many
      "00_" + kTrace + "-" + kSpan + "-01",                    //
      "00-" + kTrace + "-" + kSpan + "_01",                    //
      "00-" + kTrace + "-" + kSpan + "-0\n",                   //
      "01-" + kTrace + "-" + kSpan + "-01more",                // a later one goes on with '-'
      "00-" + kTrace.substr(0, 31) + std::string("\0", 1) + "-" + kSpan + "-01"};
  for (const std::string& header : headers) EXPECT_FALSE(ParseTraceparent(header)) << header;
}

}  // namespace
}  // namespace rectifier
