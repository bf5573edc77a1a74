#include "server/graph/uses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/graph/text.h"

namespace rectifier {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

ValueId Find(const Graph& graph, std::string_view name) {
  for (ValueId id = 0; id < graph.value_count(); ++id) {
    if (graph.value(id).name == name) return id;
  }
  return kNoValue;
}

TEST(UsesTest, KnowsWhoComputesAndWhoReadsEachValue) {
  const auto graph = ParseGraph(R"(
    input %x: f32[2, 3]
    input %unread: f32[2]
    const %slope: f32[] = 0.1
    %a = Conv(%x, %x, _) -> Rectifier(%slope)
    %b = Add(%a, %x)
    %c = Sigmoid(%a)
    output %b
    output "again" = %b
  )");
  ASSERT_TRUE(graph.ok());
  const Uses uses(*graph);
  EXPECT_EQ(uses.producer(Find(*graph, "x")), -1);
  EXPECT_EQ(uses.producer(Find(*graph, "slope")), -1);
  EXPECT_EQ(uses.producer(Find(*graph, "a")), 0);
  EXPECT_EQ(uses.producer(Find(*graph, "c")), 2);
  EXPECT_THAT(uses.readers(Find(*graph, "x")), ElementsAre(0, 0, 1));
  EXPECT_THAT(uses.readers(Find(*graph, "slope")), ElementsAre(0));
  EXPECT_THAT(uses.readers(Find(*graph, "a")), ElementsAre(1, 2));
  EXPECT_THAT(uses.readers(Find(*graph, "unread")), IsEmpty());
  EXPECT_TRUE(uses.is_output(Find(*graph, "b")));
  EXPECT_FALSE(uses.is_output(Find(*graph, "a")));
}

bool HasSingleReader(std::string_view text, std::string_view name) {
  const auto graph = ParseGraph(text);
  return Uses(*graph).HasSingleReader(Find(*graph, name));
}

TEST(UsesTest, ASingleReaderNamesTheValueOnceAndItIsNoOutput) {
  const std::string input = "input %x: f32[2]\n";
  EXPECT_TRUE(HasSingleReader(input + "%y = Sigmoid(%x)\noutput %y", "x"));
  EXPECT_FALSE(HasSingleReader(input + "%y = Add(%x, %x)\noutput %y", "x"));
  EXPECT_FALSE(HasSingleReader(input + "%y = Sigmoid(%x)\noutput %y\noutput %x", "x"));
  EXPECT_FALSE(HasSingleReader(input + "%y = Sigmoid(%x)\noutput %y", "y"));
  EXPECT_FALSE(HasSingleReader(input + "%y = Sigmoid(%x)\n%z = Sigmoid(%x)", "x"));
}

}  // namespace
}  // namespace rectifier
