#include "tests/unit/engine/graph_writer.h"
#include "tests/unit/engine/operator_cases.h"

namespace rectifier {
namespace {

int64_t RandomSize(Random& random) {
  return random.Pick<int64_t>({1, 2, 3, 5, 16, 17, 32, 64, 100});
}

// A scalar slope, or one that varies along the last dimension.
std::string RandomPostOp(Random& random, GraphWriter& graph, int64_t columns) {
  if (random.Chance(50)) return "";
  return fmt::format(" -> Rectifier({})",
                     random.Chance(50) ? graph.Constant({columns}) : graph.Constant({}, "-0.5"));
}

std::string RandomGemm(Random& random) {
  GraphWriter graph;
  const int64_t m = RandomSize(random);
  const int64_t k = RandomSize(random);
  const int64_t n = RandomSize(random);
  const bool transpose_a = random.Chance(40);
  const bool transpose_b = random.Chance(50);
  const bool input_b = random.Chance(40);
  std::string operands =
      graph.InputOrConstant(!input_b || random.Chance(70), transpose_a ? Shape{k, m} : Shape{m, k});
  operands += ", " + graph.InputOrConstant(input_b, transpose_b ? Shape{n, k} : Shape{k, n});
  if (random.Chance(75)) {
    const Shape c = random.Pick<Shape>(
        {Shape{n}, Shape{1, n}, Shape{m, 1}, Shape{m, n}, Shape{}, Shape{1}, Shape{1, 1}});
    operands += ", " + graph.InputOrConstant(random.Chance(40), c);
  }
  std::string attributes =
      fmt::format("transA = {}, transB = {}", transpose_a ? 1 : 0, transpose_b ? 1 : 0);
  if (random.Chance(40))
    attributes += ", alpha = " + random.Pick<std::string>({"0.5", "-2.0", "0.0"});
  if (random.Chance(40))
    attributes += ", beta = " + random.Pick<std::string>({"0.5", "-2.0", "0.0"});
  return graph.Text(graph.Node(
      fmt::format("Gemm({}) {{{}}}{}", operands, attributes, RandomPostOp(random, graph, n))));
}

// Leading dimensions that broadcast against `other`'s.
Shape RandomLeading(Random& random, const Shape& common, int rank) {
  Shape shape;
  for (int axis = common.rank() - rank; axis < common.rank(); ++axis) {
    shape.push_back(random.Chance(70) ? common[axis] : 1);
  }
  return shape;
}

std::string RandomMatMul(Random& random, int rank_a, int rank_b) {
  GraphWriter graph;
  const Shape common{random.Between(1, 3), random.Between(1, 4)};
  const int64_t m = RandomSize(random);
  const int64_t k = RandomSize(random);
  const int64_t n = RandomSize(random);
  Shape a = rank_a > 2 ? RandomLeading(random, common, rank_a - 2) : Shape{};
  if (rank_a > 1) a.push_back(m);
  a.push_back(k);
  Shape b = rank_b > 2 ? RandomLeading(random, common, rank_b - 2) : Shape{};
  b.push_back(k);
  if (rank_b > 1) b.push_back(n);
  const int64_t kind = random.Between(1, 10);  // mostly, b is a constant
  const std::string left = graph.InputOrConstant(kind <= 9, a);
  const std::string right = graph.InputOrConstant(kind >= 7, b);
  // The last dimension of the result is n, m when b is a vector, or there is none.
  const std::string post_op = rank_b > 1   ? RandomPostOp(random, graph, n)
                              : rank_a > 1 ? RandomPostOp(random, graph, m)
                                           : "";
  return graph.Text(graph.Node(fmt::format("MatMul({}, {}){}", left, right, post_op)));
}

}  // namespace

std::vector<std::string> GemmCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(5);
  for (int i = 0; i < 150; ++i) cases.push_back(RandomGemm(random));
  return cases;
}

std::vector<std::string> MatMulCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(6);
  for (int i = 0; i < 160; ++i) cases.push_back(RandomMatMul(random, i % 4 + 1, i / 4 % 4 + 1));
  return cases;
}

}  // namespace rectifier
