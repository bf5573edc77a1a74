#include "client/cpp/cli/terminal_art.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "client/cpp/cli/digit_cards.h"

namespace rectifier::client::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TerminalArtTest, BrightnessChoosesTheBlock) {
  EXPECT_THAT(TerminalArt({5, 1, 1, {0, 60, 120, 180, 255}}), ElementsAre("  ░░▒▒▓▓██"));
}

TEST(TerminalArtTest, TheEdgesOfTheShadesAreFifths) {
  EXPECT_THAT(TerminalArt({4, 1, 1, {51, 52, 204, 205}}), ElementsAre("  ░░▓▓██"));
}

TEST(TerminalArtTest, ValuesOutsideTheRangeAreDarkOrBright) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(TerminalArt({3, 1, 1, {-1e9F, nan, 1e9F}}), ElementsAre("    ██"));
}

TEST(TerminalArtTest, EachRowIsALine) {
  EXPECT_THAT(TerminalArt({2, 2, 1, {255, 0, 0, 255}}), ElementsAre("██  ", "  ██"));
}

TEST(TerminalArtTest, LargePicturesAreNotDrawn) {
  EXPECT_THAT(TerminalArt({33, 1, 1, std::vector<float>(33)}), IsEmpty());
}

TEST(DigitCardTest, TheResultStandsBesideTheDigit) {
  const Image seven{4, 5, 1, {255, 255, 255, 255,  //
                              0,   0,   200, 255,  //
                              0,   60,  255, 120,  //
                              0,   255, 120, 0,    //
                              0,   255, 0,   0}};
  EXPECT_EQ(DigitCard(seven, {"0000_label7.png", 7, {7, 0.9987}}),
            "  ████████\n"
            "      ▓▓██   0000_label7.png\n"
            "    ░░██▒▒   7  99.9 %\n"
            "    ██▒▒     right\n"
            "    ██\n"
            "\n");
}

TEST(DigitCardTest, AWrongAnswerSaysTheLabel) {
  EXPECT_EQ(DigitCard({1, 1, 1, {255}}, {"a", 8, {3, 0.5}}),
            "  ██   a\n"
            "       3  50.0 %\n"
            "       WRONG, label 8\n"
            "\n");
}

TEST(DigitCardTest, WithoutALabelThereIsNoVerdict) {
  EXPECT_EQ(DigitCard({1, 3, 1, {255, 255, 255}}, {"a", std::nullopt, {3, 0.5}}),
            "  ██   a\n"
            "  ██   3  50.0 %\n"
            "  ██\n"
            "\n");
}

TEST(DigitCardTest, ALargePictureHasOnlyItsLine) {
  EXPECT_EQ(DigitCard({40, 1, 1, std::vector<float>(40)}, {"big", 1, {1, 1}}),
            "big  1  100.0 %  right\n");
}

TEST(ResultLineTest, ControlCharactersInNamesDoNotReachTheTerminal) {
  EXPECT_EQ(ResultLine({"a\x1b[2J", std::nullopt, {0, 0.25}}), "a?[2J  0  25.0 %\n");
}

}  // namespace
}  // namespace rectifier::client::cli
