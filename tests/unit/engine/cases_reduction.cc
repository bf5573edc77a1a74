#include <algorithm>
#include <numeric>

#include "tests/unit/engine/operator_cases.h"
#include "tests/unit/engine/typed_operands.h"

namespace rectifier {
namespace {

// Where the logarithm of a sum is a number, and well-conditioned.
std::string Positive(GraphWriter& graph, std::string_view op, const std::string& x,
                     std::string_view type) {
  if (op != "ReduceLogSum" || type != "f32") return x;
  const std::string size = graph.Node(fmt::format("Abs({})", x));
  return graph.Node(fmt::format("Add({}, {})", size, graph.Constant({}, "0.5")));
}

std::string RandomReduce(Random& random, std::string_view op, int rank, std::string_view type) {
  GraphWriter graph;
  // Products of many integers do not fit.
  Shape shape = RandomShape(random, rank, rank > 4 || type != "f32" ? 3 : 7);
  if (op == "ReduceProd" && type != "f32" && rank > 2) shape = RandomShape(random, rank, 1);
  std::string operands = Positive(graph, op, RandomProducer(random, graph, shape, type), type);
  std::vector<int64_t> axes;
  for (int axis = 0; axis < rank; ++axis) {
    if (random.Chance(50)) axes.push_back(random.Chance(50) ? axis : axis - rank);
  }
  if (random.Chance(85)) operands += ", " + graph.Integers(axes);
  std::string attributes;
  if (random.Chance(60)) attributes = fmt::format("keepdims = {}", random.Between(0, 1));
  if (random.Chance(40)) {
    attributes += fmt::format("{}noop_with_empty_axes = {}", attributes.empty() ? "" : ", ",
                              random.Between(0, 1));
  }
  if (!attributes.empty()) attributes = fmt::format(" {{{}}}", attributes);
  return graph.Text(graph.Node(fmt::format("{}({}){}", op, operands, attributes)));
}

}  // namespace

std::vector<std::string> ReduceCases(std::string_view op) {
  std::vector<std::string> cases;
  Random random(29);
  for (int i = 0; i < 120; ++i) cases.push_back(RandomReduce(random, op, i % 7, "f32"));
  for (const char* type : {"i64", "i32"}) {
    for (int i = 0; i < 60; ++i) cases.push_back(RandomReduce(random, op, i % 6, type));
  }
  // More results side by side, and longer sums, than are computed at a time.
  for (const char* axes : {"[0]", "[1]", "[2]", "[0, 2]"}) {
    cases.push_back(
        fmt::format("input %x: f32[3, 5, 600]\nconst %a: i64[{}] = {}\n"
                    "%p = Abs(%x)\n%y = {}(%p, %a)\noutput %y\n",
                    std::string_view(axes).size() > 3 ? 2 : 1, axes, op));
  }
  // Sums of nothing.
  for (const char* shape : {"[0, 3]", "[2, 0, 4]"}) {
    cases.push_back(
        fmt::format("input %x: f32{}\nconst %a: i64[1] = -1\n%y = {}(%x, %a)\n"
                    "%z = {}(%x)\noutput %y\noutput %z\n",
                    shape, op, op));
  }
  return cases;
}

// ArgMax and ArgMin.
std::vector<std::string> ArgReduceCases(std::string_view op) {
  std::vector<std::string> cases;
  Random random(30);
  for (const char* type : {"f32", "i64", "i32"}) {
    for (int i = 0; i < 60; ++i) {
      GraphWriter graph;
      const int rank = i % 6 + 1;
      const Shape shape = RandomShape(random, rank, 5);
      const std::string x = RandomProducer(random, graph, shape, type);
      const int64_t axis = random.Between(-rank, rank - 1);
      cases.push_back(graph.Text(
          graph.Node(fmt::format("{}({}) {{axis = {}, keepdims = {}, select_last_index = {}}}", op,
                                 x, axis, random.Between(0, 1), random.Between(0, 1)))));
    }
  }
  for (const char* last : {"0", "1"}) {
    cases.push_back(
        fmt::format("const %x: f32[3, 4] = [1.0, nan, 2.0, nan, 3.0, 3.0, 1.0, 1.0, "
                    "-inf, inf, inf, -inf]\n%y = {}(%x) {{axis = 1, "
                    "select_last_index = {}}}\noutput %y\n",
                    op, last));
  }
  cases.push_back(fmt::format("input %x: f32[0, 3]\n%y = {}(%x) {{axis = 1}}\noutput %y\n", op));
  return cases;
}

}  // namespace rectifier
