#include "tests/unit/engine/graph_writer.h"
#include "tests/unit/engine/operator_cases.h"

namespace rectifier {
namespace {

Shape RandomShape(Random& random, int rank, int64_t most = 6) {
  return Shape(random.Several(rank, 1, most));
}

// A shape that broadcasts against `full`, of any rank up to its.
Shape RandomPart(Random& random, const Shape& full) {
  Shape part;
  for (int axis = static_cast<int>(random.Between(0, full.rank())); axis < full.rank(); ++axis) {
    part.push_back(random.Chance(60) ? full[axis] : 1);
  }
  return part;
}

std::string RandomBinary(Random& random, std::string_view op, int rank) {
  GraphWriter graph;
  const Shape full = RandomShape(random, rank);
  const Shape a = random.Chance(70) ? full : RandomPart(random, full);
  const Shape b = random.Chance(40) ? full : RandomPart(random, full);
  const int64_t kind = random.Between(1, 4);
  std::string left = graph.InputOrConstant(kind != 1, a);
  std::string right = graph.InputOrConstant(kind != 2, b);
  // In the engine's own layout, and, when nobody reads it again, to be written over.
  if (a.rank() >= 3 && random.Chance(50)) left = graph.AfterConv(left, a);
  if (b.rank() >= 3 && random.Chance(30)) right = graph.AfterConv(right, b);
  if (random.Chance(50)) std::swap(left, right);
  return graph.Text(graph.Node(fmt::format("{}({}, {})", op, left, right)));
}

std::vector<std::string> BinaryCases(std::string_view op, uint64_t seed) {
  std::vector<std::string> cases;
  Random random(seed);
  for (int i = 0; i < 120; ++i) cases.push_back(RandomBinary(random, op, i % 6));
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3, 4, 5}}) {
    GraphWriter graph;  // an operand twice
    const std::string x = graph.Input(shape);
    const std::string y = graph.Node(fmt::format("Sigmoid({})", x));
    cases.push_back(graph.Text(graph.Node(fmt::format("{}({}, {})", op, y, y))));
  }
  return cases;
}

// `op`(x) for x of every rank, as it comes in and after a convolution.
std::vector<std::string> UnaryCases(std::string_view op) {
  std::vector<std::string> cases;
  for (const Shape& shape :
       {Shape{}, Shape{1}, Shape{7}, Shape{3, 5}, Shape{2, 3, 17}, Shape{2, 3, 5, 7},
        Shape{1, 16, 4, 4}, Shape{2, 3, 2, 3, 2}, Shape{1, 2, 1, 2, 1, 2}}) {
    GraphWriter graph;
    cases.push_back(graph.Text(graph.Node(fmt::format("{}({})", op, graph.Input(shape)))));
    if (shape.rank() < 3 || shape.rank() > 5) continue;
    GraphWriter after;
    const std::string x = after.AfterConv(after.Input(shape), shape);
    cases.push_back(after.Text(after.Node(fmt::format("{}({})", op, x))));
  }
  return cases;
}

}  // namespace

std::vector<std::string> AddCases() { return BinaryCases("Add", 7); }

std::vector<std::string> MulCases() { return BinaryCases("Mul", 8); }

std::vector<std::string> SigmoidCases() { return UnaryCases("Sigmoid"); }

std::vector<std::string> TanhCases() { return UnaryCases("Tanh"); }

std::vector<std::string> IdentityCases() { return UnaryCases("Identity"); }

std::vector<std::string> BatchNormalizationCases() {
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

std::vector<std::string> SoftmaxCases() {
  std::vector<std::string> cases;
  Random random(10);
  for (int rank = 1; rank <= 5; ++rank) {
    for (int axis = -rank; axis < rank; ++axis) {
      for (const bool flatten : {false, true}) {
        GraphWriter graph;
        const Shape shape = RandomShape(random, rank, 7);
        std::string x = graph.Input(shape);
        if (rank >= 3 && random.Chance(50)) x = graph.AfterConv(x, shape);
        // Wide apart, so that the largest must be subtracted.
        x = graph.Node(fmt::format("Mul({}, {})", x, graph.Constant({}, "90.0")));
        cases.push_back(graph.Text(graph.Node(
            fmt::format("Softmax({}) {{axis = {}, flatten = {}}}", x, axis, flatten ? 1 : 0))));
      }
    }
  }
  return cases;
}

}  // namespace rectifier
