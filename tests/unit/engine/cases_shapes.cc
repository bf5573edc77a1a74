// Cases of the operators whose result follows from shapes and constants.

#include "tests/unit/engine/operator_cases.h"
#include "tests/unit/engine/typed_operands.h"

namespace rectifier {
namespace {

const std::vector<Shape> kShapes = {{},
                                    {7},
                                    {3, 5},
                                    {kDynamicDim, 3},
                                    {2, 3, 4},
                                    {0, 3},
                                    {1, 2, 3, 4},
                                    {2, kDynamicDim, 4, 5},
                                    {1, 1},
                                    {2, 0, 4},
                                    {1, 2, 1, 2, 1, 2}};

}  // namespace

std::vector<std::string> ShapeCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  for (const Shape& shape : kShapes) {
    for (const char* attributes :
         {"", " {start = 1}", " {end = -1}", " {start = -2, end = 9}", " {start = 2, end = 1}"}) {
      GraphWriter graph;
      const std::string x = graph.Input(shape, shape.rank() % 2 == 0 ? "f32" : "u8");
      cases.push_back(graph.Text(graph.Node(fmt::format("Shape({}){}", x, attributes))));
    }
  }
  return cases;
}

std::vector<std::string> SizeCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  for (const Shape& shape : kShapes) {
    GraphWriter graph;
    cases.push_back(graph.Text(graph.Node(fmt::format("Size({})", graph.Input(shape)))));
  }
  return cases;
}

std::vector<std::string> RangeCases(std::string_view /*op*/) {
  struct Row {
    const char* type;
    const char* start;
    const char* limit;
    const char* delta;
  };
  std::vector<std::string> cases;
  for (const Row& row : std::vector<Row>{{"i64", "0", "5", "1"},
                                         {"i64", "5", "0", "-2"},
                                         {"i64", "3", "3", "1"},
                                         {"i64", "5", "0", "1"},
                                         {"i32", "-3", "7", "3"},
                                         {"i32", "2", "-7", "-1"},
                                         {"f32", "0.0", "1.0", "0.25"},
                                         {"f32", "1.5", "-1.0", "-0.5"},
                                         {"f32", "0.0", "-1.0", "0.5"},
                                         {"f32", "-2.5", "3.5", "1.25"}}) {
    GraphWriter graph;
    const std::string start = graph.Constant({}, row.start, row.type);
    const std::string limit = graph.Constant({1}, row.limit, row.type);
    const std::string delta = graph.Constant({}, row.delta, row.type);
    cases.push_back(graph.Text(graph.Node(fmt::format("Range({}, {}, {})", start, limit, delta))));
  }
  GraphWriter graph;  // as far as an input is large
  const std::string size = graph.Node(fmt::format("Size({})", graph.Input({kDynamicDim, 4})));
  cases.push_back(graph.Text(graph.Node(fmt::format(
      "Range({}, {}, {})", graph.Constant({}, "0", "i64"), size, graph.Constant({}, "1", "i64")))));
  return cases;
}

std::vector<std::string> NonZeroCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(28);
  for (const char* type : {"f32", "i64", "i32", "bool"}) {
    for (const Shape& shape : {Shape{7}, Shape{3, 5}, Shape{2, 3, 4}, Shape{2, 0}}) {
      GraphWriter graph;
      const auto elements = random.Several(shape.ElementCount(), 0, 1);
      const std::string x = graph.Constant(shape, ListText(elements), type);
      cases.push_back(graph.Text(graph.Node(fmt::format("NonZero({})", x))));
    }
  }
  for (const char* value : {"0.0", "1.0"}) {
    GraphWriter graph;
    cases.push_back(graph.Text(graph.Node(fmt::format("NonZero({})", graph.Constant({}, value)))));
  }
  return cases;
}

}  // namespace rectifier
