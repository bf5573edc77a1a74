#include "server/core/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace rectifier::log {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string Text(std::string_view message, std::initializer_list<Field> fields = {}) {
  return FormatLine(Format::kText, Level::kInfo, message, fields);
}

// The line's object: it ends the test when the line is not JSON.
nlohmann::json Json(std::string_view message, std::initializer_list<Field> fields = {}) {
  return nlohmann::json::parse("{" + FormatLine(Format::kJson, Level::kInfo, message, fields) +
                               "}");
}

TEST(LogTextTest, ShowsLevelMessageAndFields) {
  EXPECT_EQ(Text("model loaded", {{"model", "digits"}, {"version", 3}, {"seconds", 0.25}}),
            "info    model loaded model=digits version=3 seconds=0.25");
}

TEST(LogTextTest, LeavesPlainWordsUnquoted) {
  EXPECT_EQ(Text("m", {{"at", "[::1]:8001"}, {"path", "/models/a-b_c.onnx"}}),
            "info    m at=[::1]:8001 path=/models/a-b_c.onnx");
}

TEST(LogTextTest, QuotesWhatCouldForgeAField) {
  EXPECT_EQ(Text("m", {{"model", "x status=ok"}}), R"(info    m model="x status=ok")");
  EXPECT_EQ(Text("m", {{"model", "x=y"}}), R"(info    m model="x=y")");
  EXPECT_EQ(Text("m", {{"model", R"(" status="ok)"}}), R"(info    m model="\" status=\"ok")");
  EXPECT_EQ(Text("m", {{"model", "\\\" a"}}), R"(info    m model="\\\" a")");
  EXPECT_EQ(Text("m", {{"model", ""}}), R"(info    m model="")");
}

TEST(LogTextTest, AValueNeverForgesALine) {
  for (const std::string forged : {"x\ninfo    all is well", "x\r\ninfo", "x\vy", "x\x1b[2Jy"}) {
    const std::string line = Text("m", {{"model", forged}});
    for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
  }
}

TEST(LogTextTest, AMessageNeverForgesALine) {
  const std::string line = Text("cannot load x\ninfo    all is well\x1b[2J");
  for (const char c : line) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << line;
}

TEST(LogTextTest, DeleteAndControlCharactersAbove0x7fAreEscaped) {
  // Terminals take U+009B for the beginning of a control sequence.
  const std::string line = Text("m", {{"model",
                                       "a\x7f\xc2\x9b"
                                       "2J"}});
  EXPECT_THAT(line, Not(HasSubstr("\x7f")));
  EXPECT_THAT(line, Not(HasSubstr("\xc2\x9b")));
}

TEST(LogJsonTest, KeepsTypesOfValues) {
  const auto json = Json("loaded", {{"model", "digits"}, {"version", 3}, {"seconds", 0.25}});
  EXPECT_EQ(json["level"], "info");
  EXPECT_EQ(json["message"], "loaded");
  EXPECT_EQ(json["model"], "digits");
  EXPECT_EQ(json["version"], 3);
  EXPECT_EQ(json["seconds"], 0.25);
}

TEST(LogJsonTest, EscapesStringsAndMessages) {
  const std::string nasty = "\"},{\"level\":\"error\n\t\\\x01\x1f";
  const auto json = Json(nasty, {{"model", nasty}});
  EXPECT_EQ(json["level"], "info");
  EXPECT_EQ(json["message"], nasty);
  EXPECT_EQ(json["model"], nasty);
}

TEST(LogJsonTest, IsOneLine) {
  const std::string line =
      FormatLine(Format::kJson, Level::kError, "a\nb", {{"key", "c\nd"}, {"k\n2", "e"}});
  EXPECT_THAT(line, Not(HasSubstr("\n")));
}

TEST(LogJsonTest, ReplacesBytesThatAreNotUtf8) {
  const auto json = Json("m", {{"model", "a\xff\xc3z"}});
  EXPECT_THAT(json["model"].get<std::string>(), HasSubstr("\xef\xbf\xbd"));
}

TEST(LogJsonTest, NumbersThatJsonDoesNotHaveAreNull) {
  const auto json = Json("m", {{"a", std::numeric_limits<double>::infinity()},
                               {"b", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_TRUE(json["a"].is_null());
  EXPECT_TRUE(json["b"].is_null());
}

TEST(LogTest, StringsAreCutAt256Bytes) {
  const std::string fits(256, 'a');
  EXPECT_EQ(Json("m", {{"model", fits}})["model"], fits);
  EXPECT_EQ(Json("m", {{"model", fits + "b"}})["model"], fits + "…");
  EXPECT_THAT(Text("m", {{"model", fits + "bc"}}), Not(HasSubstr("b")));
}

TEST(LogTest, ACutInTheMiddleOfACharacterLeavesValidUtf8) {
  const std::string text = std::string(255, 'a') + "é" + std::string(10, 'b');
  EXPECT_NO_THROW(static_cast<void>(Json("m", {{"model", text}})));
  EXPECT_THAT(Text("m", {{"model", text}}), Not(HasSubstr("\xc3\xe2")));
}

TEST(LogTest, LevelAndFormatNamesReadBack) {
  EXPECT_EQ(ParseLevel("debug"), Level::kDebug);
  EXPECT_EQ(ParseLevel("info"), Level::kInfo);
  EXPECT_EQ(ParseLevel("warning"), Level::kWarning);
  EXPECT_EQ(ParseLevel("error"), Level::kError);
  EXPECT_EQ(ParseLevel("INFO"), std::nullopt);
  EXPECT_EQ(ParseFormat("text"), Format::kText);
  EXPECT_EQ(ParseFormat("json"), Format::kJson);
  EXPECT_EQ(ParseFormat(""), std::nullopt);
}

// What the process's log shows on standard error for `write`.
template <typename Write>
std::string Written(Level level, Format format, Write write) {
  Configure(level, format);
  ::testing::internal::CaptureStderr();
  write();
  return ::testing::internal::GetCapturedStderr();
}

TEST(LogTest, WritesLinesAtOrAboveItsLevelWithTheTime) {
  const std::string text = Written(Level::kWarning, Format::kText, [] {
    Info("quiet");
    Warning("loud", {{"model", "digits"}});
  });
  EXPECT_THAT(text,
              ::testing::MatchesRegex("[0-9-]+T[0-9:]+\\.[0-9]+Z warning loud model=digits\n"));
}

TEST(LogTest, WritesOneObjectALine) {
  const std::string text = Written(Level::kInfo, Format::kJson, [] {
    Info("first {}", {{"percent", "%v %s {}"}});
    Error("second");
  });
  const size_t end = text.find('\n');
  ASSERT_NE(end, std::string::npos);
  const auto first = nlohmann::json::parse(text.substr(0, end));
  EXPECT_EQ(first["message"], "first {}");
  EXPECT_EQ(first["percent"], "%v %s {}");
  EXPECT_TRUE(first.contains("time"));
  EXPECT_EQ(nlohmann::json::parse(text.substr(end + 1))["level"], "error");
}

TEST(LogTest, TellsWhetherALevelIsWritten) {
  Configure(Level::kWarning, Format::kText);
  EXPECT_FALSE(Enabled(Level::kInfo));
  EXPECT_TRUE(Enabled(Level::kWarning));
}

class LogBackgroundTest : public testing::Test {
 protected:
  LogBackgroundTest() { EXPECT_EQ(pipe(ends_), 0); }
  ~LogBackgroundTest() override {
    for (const int end : ends_) close(end);
  }
  std::string ReadPiece() {
    char piece[4096];
    const ssize_t bytes = read(ends_[0], piece, sizeof(piece));
    return {piece, static_cast<size_t>(std::max<ssize_t>(bytes, 0))};
  }

  int ends_[2] = {-1, -1};
};

TEST_F(LogBackgroundTest, WritesTheSameLines) {
  Configure(Level::kInfo, Format::kText);
  {
    const Background background(ends_[1]);
    Info("hello", {{"model", "digits"}});
  }
  EXPECT_THAT(ReadPiece(), ::testing::MatchesRegex("[0-9-]+T[0-9:]+\\.[0-9]+Z info    hello "
                                                   "model=digits\n"));
}

TEST_F(LogBackgroundTest, LinesOfRequestsAreLostBeforeThoseOfTheServer) {
  Configure(Level::kInfo, Format::kJson);
  const Background background(ends_[1]);
  const Field fields[] = {{"id", std::string(200, 'x')}};
  while (LostLines() == 0) Write(Level::kInfo, "request", fields, Kind::kRequest);
  Error("matters");
  EXPECT_EQ(LostLines(), 1);
  std::string text;
  while (text.find("\"message\":\"matters\"") == std::string::npos) text += ReadPiece();
  while (text.find("\"lines\":1}") == std::string::npos) text += ReadPiece();
  EXPECT_THAT(text, HasSubstr("log lines were lost"));
}

TEST_F(LogBackgroundTest, WithoutOneLinesAreWrittenAtOnce) {
  { const Background background(ends_[1]); }
  EXPECT_THAT(Written(Level::kInfo, Format::kText, [] { Info("direct"); }), HasSubstr("direct"));
  EXPECT_EQ(LostLines(), 0);
}

}  // namespace
}  // namespace rectifier::log
