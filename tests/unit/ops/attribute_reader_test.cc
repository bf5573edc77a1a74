#include "server/ops/attribute_reader.h"

#include <gtest/gtest.h>

#include <functional>

#include "server/core/status.h"

namespace rectifier {
namespace {

Attributes OneOfEachType() {
  return {{"float", 0.5F},
          {"floats", std::vector<float>{0.5F}},
          {"int", int64_t{1}},
          {"ints", std::vector<int64_t>{1, 2}},
          {"string", std::string("text")}};
}

TEST(AttributeReaderTest, ReadsEveryType) {
  Attributes attributes = OneOfEachType();
  attributes.erase("floats");
  AttributeReader reader(attributes, "node");
  EXPECT_EQ(reader.Float("float", 0), 0.5F);
  EXPECT_EQ(reader.Int("int", 0), 1);
  EXPECT_TRUE(reader.Bool("int", false));
  EXPECT_EQ(reader.Ints("ints"), (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(reader.String("string", ""), "text");
  EXPECT_TRUE(reader.Finish().ok()) << Message(reader.Finish());
}

TEST(AttributeReaderTest, GivesTheDefaultsOfThoseThatAreAbsent) {
  const Attributes none;
  AttributeReader reader(none, "node");
  EXPECT_EQ(reader.Float("a", 1.5F), 1.5F);
  EXPECT_EQ(reader.Int("b", 7), 7);
  EXPECT_TRUE(reader.Bool("c", true));
  EXPECT_FALSE(reader.Bool("d", false));
  EXPECT_EQ(reader.String("e", "text"), "text");
  EXPECT_TRUE(reader.Ints("f").empty());
  EXPECT_TRUE(reader.Finish().ok()) << Message(reader.Finish());
}

TEST(AttributeReaderTest, HasKnowsWhatIsThereAndReadsNothing) {
  const Attributes attributes = {{"axis", int64_t{1}}};
  AttributeReader reader(attributes, "node");
  EXPECT_TRUE(reader.Has("axis"));
  EXPECT_FALSE(reader.Has("axes"));
  EXPECT_EQ(Message(reader.Finish()), "node: attribute axis is not one of this operator");
}

// Every reading function against every type.
TEST(AttributeReaderTest, RefusesEveryOtherType) {
  struct Reading {
    std::string type;  // the attribute that it accepts
    std::string words;
    std::function<void(AttributeReader&, const std::string&)> read;
  };
  const std::vector<Reading> readings = {
      {"float", "a float", [](auto& in, auto& name) { EXPECT_EQ(in.Float(name, 0.5F), 0.5F); }},
      {"int", "an integer", [](auto& in, auto& name) { EXPECT_EQ(in.Int(name, 1), 1); }},
      {"int", "an integer", [](auto& in, auto& name) { EXPECT_TRUE(in.Bool(name, true)); }},
      {"string", "a string",
       [](auto& in, auto& name) { EXPECT_EQ(in.String(name, "text"), "text"); }},
      {"ints", "a list of integers", [](auto& in, auto& name) { in.Ints(name); }},
  };
  for (const auto& [name, value] : OneOfEachType()) {
    const Attributes attributes = {{name, value}};
    for (const Reading& reading : readings) {
      AttributeReader reader(attributes, "node");
      reading.read(reader, name);
      EXPECT_EQ(Message(reader.Finish()),
                reading.type == name
                    ? ""
                    : fmt::format("node: attribute {}: expected {}", name, reading.words));
    }
  }
}

TEST(AttributeReaderTest, ABoolIs0Or1) {
  for (const int64_t value : {int64_t{-1}, int64_t{2}, int64_t{1} << 32}) {
    const Attributes attributes = {{"flag", value}};
    AttributeReader reader(attributes, "node");
    reader.Bool("flag", false);
    EXPECT_EQ(Message(reader.Finish()),
              fmt::format("node: attribute flag: expected 0 or 1, got {}", value));
  }
  const Attributes zero = {{"flag", int64_t{0}}};
  AttributeReader reader(zero, "node");
  EXPECT_FALSE(reader.Bool("flag", true));
  EXPECT_TRUE(reader.Finish().ok());
}

TEST(AttributeReaderTest, KeepsTheFirstErrorAndReadsOn) {
  const Attributes attributes = {{"a", 0.5F}, {"b", int64_t{2}}, {"c", int64_t{3}}};
  AttributeReader reader(attributes, "node");
  EXPECT_EQ(reader.Int("a", 7), 7);
  reader.Bool("b", false);
  EXPECT_EQ(reader.Int("c", 0), 3);
  EXPECT_EQ(Message(reader.Finish()), "node: attribute a: expected an integer");
}

TEST(AttributeReaderTest, NamesTheFirstThatNobodyAskedFor) {
  const Attributes attributes = {{"zebra", int64_t{1}}, {"axis", int64_t{1}}, {"mule", int64_t{1}}};
  AttributeReader reader(attributes, "node");
  reader.Int("axis", 0);
  EXPECT_EQ(Message(reader.Finish()), "node: attribute mule is not one of this operator");
}

TEST(AttributeReaderTest, ATypeThatIsWrongGoesBeforeANameThatIs) {
  const Attributes attributes = {{"ant", int64_t{1}}, {"axis", 0.5F}};
  AttributeReader reader(attributes, "node");
  reader.Int("axis", 0);
  EXPECT_EQ(Message(reader.Finish()), "node: attribute axis: expected an integer");
}

TEST(AttributeReaderTest, NamesTheNode) {
  const Node node{"conv_3", "Conv", {{"zebra", int64_t{1}}}, {}, {}, {}};
  EXPECT_EQ(Message(AttributeReader(node).Finish()),
            "conv_3 (Conv): attribute zebra is not one of this operator");
}

}  // namespace
}  // namespace rectifier
