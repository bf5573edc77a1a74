#include <algorithm>

#include "tests/unit/engine/graph_writer.h"
#include "tests/unit/engine/operator_cases.h"

namespace rectifier {
namespace {

std::string RandomPool(Random& random, std::string_view op, int64_t spatial) {
  GraphWriter graph;
  Shape shape{random.Between(1, 3), random.Pick<int64_t>({1, 3, 16, 17})};
  const auto kernel = random.Several(spatial, 1, 4);
  const auto strides = random.Several(spatial, 1, 3);
  const auto dilations = random.Several(spatial, 1, random.Chance(70) ? 1 : 2);
  std::vector<int64_t> begin;
  std::vector<int64_t> end;
  for (size_t i = 0; i < kernel.size(); ++i) {
    const int64_t extent = (kernel[i] - 1) * dilations[i] + 1;
    const int64_t most = random.Chance(50) ? 0 : std::min<int64_t>(2, extent - 1);
    begin.push_back(random.Between(0, most));
    end.push_back(random.Between(0, most));
    // At least the dilation, so that every window sees an element.
    shape.push_back(std::max(dilations[i], extent - begin[i] - end[i]) + random.Between(0, 6));
  }
  std::vector<int64_t> pads = begin;
  pads.insert(pads.end(), end.begin(), end.end());
  std::string attributes = fmt::format("kernel_shape = {}, strides = {}, dilations = {}",
                                       ListText(kernel), ListText(strides), ListText(dilations));
  attributes += random.Chance(75)   ? ", pads = " + ListText(pads)
                : random.Chance(50) ? R"(, auto_pad = "SAME_UPPER")"
                                    : R"(, auto_pad = "SAME_LOWER")";
  if (random.Chance(30)) attributes += ", ceil_mode = 1";
  if (op == "AveragePool" && random.Chance(40)) attributes += ", count_include_pad = 1";
  if (op == "LpPool" && random.Chance(60)) {
    attributes += fmt::format(", p = {}", random.Between(1, 4));
  }
  std::string x = graph.Input(shape);
  if (random.Chance(40)) x = graph.AfterConv(x, shape);
  return graph.Text(graph.Node(fmt::format("{}({}) {{{}}}", op, x, attributes)));
}

}  // namespace

// MaxPool, AveragePool and LpPool.
std::vector<std::string> PoolCases(std::string_view op) {
  std::vector<std::string> cases;
  Random random(3);
  for (int i = 0; i < 120; ++i) cases.push_back(RandomPool(random, op, i % 3 + 1));
  cases.push_back(
      fmt::format("input %x: f32[0, 3, 4]\n%y = {}(%x) {{kernel_shape = [2]}}\noutput %y\n", op));
  return cases;
}

std::vector<std::string> GlobalAveragePoolCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  for (const Shape& shape :
       {Shape{1, 1, 1}, Shape{2, 3, 100}, Shape{2, 16, 7, 7}, Shape{3, 17, 5, 9},
        Shape{1, 32, 1, 1}, Shape{2, 3, 4, 5, 6}, Shape{1, 5, 64, 64}}) {
    for (const bool after_conv : {false, true}) {
      GraphWriter graph;
      std::string x = graph.Input(shape);
      if (after_conv) x = graph.AfterConv(x, shape);
      cases.push_back(graph.Text(graph.Node("GlobalAveragePool(" + x + ")")));
    }
  }
  return cases;
}

}  // namespace rectifier
