#include "server/core/scattered_bytes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/support/cut_bytes.h"

namespace rectifier {
namespace {

std::string Text(const ScatteredBytes& bytes) {
  std::string text(bytes.size(), '?');
  bytes.CopyTo(std::as_writable_bytes(std::span(text)));
  return text;
}

TEST(ScatteredBytesTest, AnyRangeOfAnyPiecesIsThatOfTheWhole) {
  constexpr std::string_view kWhole = "abcdef";
  for (size_t cut = 0; cut <= kWhole.size(); ++cut) {
    for (size_t next = cut; next <= kWhole.size(); ++next) {
      const ScatteredBytes bytes = CutAt(kWhole, {cut, next});
      ASSERT_EQ(Text(bytes), kWhole);
      for (size_t begin = 0; begin <= kWhole.size(); ++begin) {
        for (size_t size = 0; begin + size <= kWhole.size(); ++size) {
          EXPECT_EQ(Text(bytes.Range(begin, size)), kWhole.substr(begin, size));
        }
      }
    }
  }
}

TEST(ScatteredBytesTest, HasNoEmptyPieces) {
  EXPECT_TRUE(CutAt("", {0, 0}).pieces().empty());
  EXPECT_EQ(CutAt("ab", {0, 2, 2}).pieces().size(), 1u);
  EXPECT_TRUE(CutAt("abcd", {2}).Range(2, 0).pieces().empty());
  EXPECT_EQ(CutAt("abcd", {2}).Range(2, 2).pieces().size(), 1u);
}

TEST(ScatteredBytesTest, ATensorInOnePieceIsItsView) {
  const Tensor tensor = Tensor::From<float>({2}, std::vector<float>{1, 2});
  const ScatteredTensor scattered = tensor.view();
  EXPECT_EQ(scattered.type, tensor.type());
  ASSERT_EQ(scattered.bytes.pieces().size(), 1u);
  EXPECT_EQ(scattered.bytes.pieces()[0].data(), tensor.bytes().data());
}

}  // namespace
}  // namespace rectifier
