#include "tests/unit/engine/operator_cases.h"
#include "tests/unit/engine/typed_operands.h"

namespace rectifier {

std::vector<std::string> BatchNormalizationCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(9);
  for (int i = 0; i < 40; ++i) {
    GraphWriter graph;
    const int rank = i % 4 + 2;
    Shape shape = RandomShape(random, rank);
    shape[1] = random.Pick<int64_t>({1, 3, 16, 17});
    std::string operands = graph.Input(shape);
    if (rank >= 3 && random.Chance(50)) operands = graph.AfterConv(operands, shape);
    for (int j = 0; j < 3; ++j) operands += ", " + graph.Constant({shape[1]});
    // Variances are positive.
    std::vector<std::string> variances;
    for (int64_t c = 0; c < shape[1]; ++c) {
      variances.push_back(fmt::format("{}.{}", random.Between(0, 2), random.Between(1, 9)));
    }
    operands += ", " + graph.Constant({shape[1]}, fmt::format("[{}]", fmt::join(variances, ", ")));
    cases.push_back(graph.Text(graph.Node(fmt::format(
        "BatchNormalization({}){}", operands, random.Chance(50) ? " {epsilon = 0.01}" : ""))));
  }
  return cases;
}

std::vector<std::string> SoftmaxCases(std::string_view op) {
  std::vector<std::string> cases;
  Random random(10);
  for (int rank = 1; rank <= 6; ++rank) {
    for (int axis = -rank; axis < rank; ++axis) {
      for (const bool flatten : {false, true}) {
        GraphWriter graph;
        const Shape shape = RandomShape(random, rank, rank == 6 ? 3 : 7);
        std::string x = RandomProducer(random, graph, shape);
        // Wide apart, so that the largest must be subtracted.
        x = graph.Node(fmt::format("Mul({}, {})", x, graph.Constant({}, "90.0")));
        cases.push_back(graph.Text(graph.Node(
            fmt::format("{}({}) {{axis = {}, flatten = {}}}", op, x, axis, flatten ? 1 : 0))));
      }
    }
  }
  for (const Shape& shape : {Shape{0, 3}, Shape{3, 0}}) {
    GraphWriter graph;
    cases.push_back(graph.Text(graph.Node(fmt::format("{}({})", op, graph.Input(shape)))));
  }
  return cases;
}

// Instance- and GroupNormalization.
std::vector<std::string> GroupNormalizationCases(std::string_view op) {
  std::vector<std::string> cases;
  Random random(17);
  for (int i = 0; i < 80; ++i) {
    GraphWriter graph;
    const int64_t groups = random.Pick<int64_t>({1, 2, 3, 4});
    // Several positions: of a single one nothing is left but the bias.
    Shape shape{random.Between(1, 3), groups * random.Pick<int64_t>({1, 2, 4, 5})};
    for (int axis = 0; axis < i % 4 + 1; ++axis) shape.push_back(random.Between(2, 5));
    if (random.Chance(5)) shape[0] = 0;
    const bool grouped = op == "GroupNormalization";
    const int64_t scales = grouped && random.Chance(40) ? groups : shape[1];
    std::string operands = RandomProducer(random, graph, shape);
    for (int j = 0; j < 2; ++j) {
      operands += ", " + graph.InputOrConstant(random.Chance(30), {scales});
    }
    std::string attributes = grouped ? fmt::format("num_groups = {}", groups) : "";
    if (random.Chance(50)) attributes += fmt::format("{}epsilon = 0.01", grouped ? ", " : "");
    if (!attributes.empty()) attributes = fmt::format(" {{{}}}", attributes);
    // One Rectifier goes along with the loop, a second one does not.
    for (int64_t j = random.Between(-1, 2); j > 0; --j) {
      Shape slope{random.Chance(30) ? 1 : shape[1]};
      for (int axis = 2; axis < shape.rank(); ++axis) slope.push_back(1);
      attributes += fmt::format(" -> Rectifier({})", graph.Constant(slope));
    }
    cases.push_back(graph.Text(graph.Node(fmt::format("{}({}){}", op, operands, attributes))));
  }
  return cases;
}

std::vector<std::string> LayerNormalizationCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(18);
  for (int rank = 1; rank <= 6; ++rank) {
    for (int axis = -rank; axis < rank; ++axis) {
      for (const int64_t outputs : {1, 2, 3}) {
        GraphWriter graph;
        Shape shape(random.Several(rank, 2, rank > 4 ? 3 : 6));
        const int first = axis < 0 ? axis + rank : axis;
        // Scale and bias broadcast into the dimensions from the axis on.
        const auto part = [&] {
          Shape of;
          for (auto i = static_cast<int>(random.Between(first, rank)); i < rank; ++i) {
            of.push_back(random.Chance(70) ? shape[i] : 1);
          }
          return random.Chance(50) ? of : Shape(shape.dims().subspan(static_cast<size_t>(first)));
        };
        std::string operands = RandomProducer(random, graph, shape);
        operands += ", " + graph.InputOrConstant(random.Chance(30), part());
        if (random.Chance(60)) {
          operands += ", " + graph.InputOrConstant(random.Chance(30), part());
        }
        const auto results =
            graph.Nodes(outputs, fmt::format("LayerNormalization({}) {{axis = {}{}}}", operands,
                                             axis, random.Chance(50) ? ", epsilon = 0.01" : ""));
        cases.push_back(graph.Text(results));
      }
    }
  }
  for (const char* results : {"%y, _, %d", "%y, %m, _", "%y, %m, %d"}) {
    for (const Shape& shape : {Shape{2, 3}, Shape{0, 3}, Shape{2, 0}}) {
      std::string text = fmt::format(
          "input %x: f32{}\nconst %s: f32[1] = 2.0\n{} = "
          "LayerNormalization(%x, %s)\noutput %y\n",
          shape.ToString(), results);
      for (const char* name : {"%m", "%d"}) {
        if (std::string_view(results).find(name) != std::string_view::npos) {
          text += fmt::format("output {}\n", name);
        }
      }
      cases.push_back(text);
    }
  }
  return cases;
}

std::vector<std::string> LrnCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(19);
  for (int i = 0; i < 60; ++i) {
    GraphWriter graph;
    Shape shape = RandomShape(random, i % 4 + 2, 5);
    shape[1] = random.Pick<int64_t>({1, 2, 5, 16, 17});
    if (random.Chance(5)) shape[0] = 0;
    const std::string x = RandomProducer(random, graph, shape);
    std::string attributes = fmt::format("size = {}", random.Pick<int64_t>({1, 3, 5, 7, 41}));
    if (random.Chance(50)) attributes += ", alpha = 1.5, beta = 0.5, bias = 2.0";
    cases.push_back(graph.Text(graph.Node(fmt::format("LRN({}) {{{}}}", x, attributes))));
  }
  return cases;
}

}  // namespace rectifier
