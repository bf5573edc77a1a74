#include "tests/unit/engine/graph_writer.h"
#include "tests/unit/engine/operator_cases.h"

namespace rectifier {
namespace {

// Every kind of slope that broadcasts into x.
struct Kind {
  Shape x;
  std::vector<Shape> slopes;
};

std::vector<Kind> Kinds() {
  std::vector<Kind> kinds = {
      {{}, {{}}},
      {{7}, {{}, {1}, {7}}},
      {{3, 5}, {{}, {5}, {1, 5}, {3, 1}, {3, 5}}},
      {{2, 3, 7}, {{}, {3, 1}, {1, 3, 1}, {7}, {3, 7}, {2, 1, 1}, {2, 3, 7}, {2, 1, 7}}},
      {{2, 3, 4, 5},
       {{},
        {1},
        {3, 1, 1},
        {1, 3, 1, 1},
        {3, 4, 5},
        {4, 5},
        {5},
        {1, 1, 5},
        {3, 1, 5},
        {3, 4, 1},
        {4, 1},
        {2, 1, 1, 1},
        {2, 3, 1, 1},
        {2, 1, 4, 1},
        {2, 1, 1, 5},
        {2, 3, 4, 5}}},
      {{2, 3, 2, 3, 2}, {{}, {3, 1, 1, 1}, {2, 3, 2}, {3, 2, 3, 2}, {3, 1, 3, 1}, {2, 1, 2, 1, 2}}},
      {{1, 2, 1, 3, 2, 2}, {{}, {2, 1, 1, 1, 1}, {2, 2}, {2, 1, 3, 2, 1}}},
      {{1, 3, 2, 3}, {{3}}},
      {{1, 1, 6, 1}, {{6, 1}, {1}}},
      {{4, 17, 6, 6}, {{17, 1, 1}, {17, 6, 6}, {6, 6}}},
  };
  return kinds;
}

std::string Alone(const Shape& x, const Shape& slope, bool computed_slope) {
  GraphWriter graph;
  const std::string input = graph.Input(x);
  return graph.Text(graph.Rectifier(input, graph.InputOrConstant(computed_slope, slope)));
}

// After a convolution, and then read by nobody else or once more.
std::string AfterConv(const Shape& x, const Shape& slope, bool read_again) {
  GraphWriter graph;
  const std::string y = graph.AfterConv(graph.Input(x), x);
  const std::string z = graph.Rectifier(y, graph.Constant(slope));
  return graph.Text(read_again ? graph.Node(fmt::format("Add({}, {})", y, z)) : z);
}

}  // namespace

std::vector<std::string> RectifierCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  for (const Kind& kind : Kinds()) {
    for (const Shape& slope : kind.slopes) {
      cases.push_back(Alone(kind.x, slope, false));
      cases.push_back(Alone(kind.x, slope, true));
      if (kind.x.rank() < 3 || kind.x.rank() > 5) continue;
      cases.push_back(AfterConv(kind.x, slope, false));
      cases.push_back(AfterConv(kind.x, slope, true));
    }
  }
  // Slopes that are special: ReLU, the identity, steeper than 1, negative; alone and fused; and all
  // elements of a slope equal.
  for (const char* slope : {"0.0", "1.0", "2.5", "-0.75", "0.01"}) {
    for (const Shape& shape : {Shape{}, Shape{3, 1, 1}, Shape{3, 4, 5}}) {
      GraphWriter alone;
      const std::string x = alone.Input({2, 3, 4, 5});
      cases.push_back(alone.Text(alone.Rectifier(x, alone.Constant(shape, slope))));
      if (shape.rank() == 3 && shape[1] > 1) continue;  // no pass fuses it
      GraphWriter fused;
      const std::string input = fused.Input({2, 4, 4, 5});
      const std::string w = fused.Constant({3, 4, 1, 1});
      cases.push_back(fused.Text(fused.Node(
          fmt::format("Conv({}, {}) -> Rectifier({})", input, w, fused.Constant(shape, slope)))));
    }
  }
  return cases;
}

}  // namespace rectifier
