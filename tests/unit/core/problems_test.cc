#include "server/core/problems.h"

#include <gtest/gtest.h>

#include "server/core/status.h"

namespace rectifier {
namespace {

TEST(ProblemsTest, NoneIsOk) {
  Problems problems;
  problems.Add(absl::OkStatus());
  EXPECT_TRUE(problems.empty());
  EXPECT_TRUE(problems.ToStatus().ok());
}

TEST(ProblemsTest, AllAreToldWithTheCodeOfTheFirst) {
  Problems problems;
  problems.Add(Unimplemented("a", "one"));
  problems.Add(InvalidArgument("b", "two"));
  EXPECT_EQ(problems.ToStatus(), absl::UnimplementedError("a: one\nb: two"));
}

TEST(ProblemsTest, AHundredAreListedAndTheOthersCounted) {
  Problems problems;
  for (int i = 0; i < 102; ++i) problems.Add(InvalidArgument("p", "{}", i));
  const std::string text(Message(problems.ToStatus()));
  EXPECT_TRUE(text.ends_with("p: 99\nand 2 more")) << text;
}

}  // namespace
}  // namespace rectifier
