#include <algorithm>
#include <numeric>

#include "tests/unit/engine/operator_cases.h"
#include "tests/unit/engine/typed_operands.h"

namespace rectifier {
namespace {

// Types of every element size.
const std::vector<std::string> kTypes = {"f32", "f32", "f32", "f32", "i64", "i32", "i8", "bool"};

std::string RandomConcat(Random& random, int rank) {
  GraphWriter graph;
  const Shape common(random.Several(rank, 1, 6));
  const std::string type = random.Pick(kTypes);
  const auto axis = static_cast<int>(random.Between(0, rank - 1));
  std::string operands;
  std::string last;
  const int64_t count = random.Between(1, 4);
  for (int64_t i = 0; i < count; ++i) {
    Shape shape = common;
    shape[axis] = random.Pick<int64_t>({0, 1, 1, 2, 2, 5, 5, 16, 16});
    if (last.empty() || random.Chance(85)) {
      last = random.Chance(15) ? TypedConstant(random, graph, shape, type)
                               : RandomProducer(random, graph, shape, type);
    }  // else the same once more
    operands += (operands.empty() ? "" : ", ") + last;
  }
  return graph.Text(graph.Node(
      fmt::format("Concat({}) {{axis = {}}}", operands, random.Chance(50) ? axis : axis - rank)));
}

std::string RandomPad(Random& random, int rank) {
  GraphWriter graph;
  const Shape shape(random.Several(rank, 2, 6));
  std::vector<int64_t> pads = random.Several(2 * rank, random.Chance(50) ? 0 : -1, 3);
  for (int64_t& pad : pads) {
    if (random.Chance(40)) pad = 0;
  }
  // Never more than there is, and something must be left.
  for (int axis = 0; axis < rank; ++axis) {
    const auto i = static_cast<size_t>(axis);
    if (shape[axis] + pads[i] + pads[i + static_cast<size_t>(rank)] < 1) pads[i] = 0;
  }
  const std::string type = random.Pick(kTypes);
  const std::string x = RandomProducer(random, graph, shape, type);
  std::string operands = x + ", " + graph.Integers(pads);
  if (random.Chance(50)) {
    const char* value = type == "f32" ? "-1.5" : "1";
    operands += ", " + graph.Constant(random.Chance(50) ? Shape{} : Shape{1}, value, type);
  }
  return graph.Text(graph.Node(fmt::format("Pad({})", operands)));
}

// The shape stays, and the elements move within it: what is cut here is added there.
std::string Shift(Random& random, int rank) {
  GraphWriter graph;
  const Shape shape(random.Several(rank, 3, 6));
  std::vector<int64_t> pads = random.Several(rank, -2, 2);
  for (int axis = 0; axis < rank; ++axis) pads.push_back(-pads[static_cast<size_t>(axis)]);
  const std::string x = RandomProducer(random, graph, shape, "f32");
  return graph.Text(graph.Node(fmt::format("Pad({}, {})", x, graph.Integers(pads))));
}

// Some of the dimensions grow from their own elements, also by more than they have.
std::string MirroredPad(Random& random, int rank, std::string_view mode) {
  GraphWriter graph;
  const Shape shape = RandomShape(random, rank);
  std::vector<int64_t> axes;
  std::vector<int64_t> begin;
  std::vector<int64_t> end;
  for (int axis = 0; axis < rank; ++axis) {
    if (random.Chance(30)) continue;
    axes.insert(axes.begin(), random.Chance(50) ? axis : axis - rank);
    const bool cut = shape[axis] > 3 && random.Chance(20);
    begin.push_back(cut ? -1 : random.Between(0, 7));
    end.push_back(cut ? -1 : random.Between(0, 7));
  }
  // The pads are in the order of the axes.
  std::ranges::reverse(begin);
  std::ranges::reverse(end);
  begin.insert(begin.end(), end.begin(), end.end());
  const std::string x = RandomProducer(random, graph, shape, random.Pick(kTypes));
  const std::string pads = graph.Integers(begin);
  return graph.Text(graph.Node(
      fmt::format("Pad({}, {}, _, {}) {{mode = \"{}\"}}", x, pads, graph.Integers(axes), mode)));
}

// What follows a transposition sees another layout: a convolution, a flattening, or the output.
std::string TransposeThen(Random& random, const Shape& shape, const std::vector<int64_t>& perm) {
  GraphWriter graph;
  const std::string type = random.Pick(kTypes);
  std::string x = RandomProducer(random, graph, shape, type);
  x = graph.Node(fmt::format("Transpose({}) {{perm = {}}}", x, ListText(perm)));
  Shape result;
  for (const int64_t axis : perm) result.push_back(shape[static_cast<int>(axis)]);
  const int64_t then = type == "f32" ? random.Between(1, 4) : random.Between(2, 3) * 2 - 2;
  if (then == 1 && result.rank() >= 3) x = graph.AfterConv(x, result);
  if (then == 2) x = graph.Node(fmt::format("Flatten({})", x));
  if (then == 3) x = graph.Rectifier(x, graph.Constant({result[result.rank() - 1]}));
  return graph.Text(x);
}

}  // namespace

std::vector<std::string> ConcatCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(11);
  for (int i = 0; i < 120; ++i) cases.push_back(RandomConcat(random, i % 5 + 1));
  return cases;
}

std::vector<std::string> PadCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(12);
  for (int i = 0; i < 100; ++i) cases.push_back(RandomPad(random, i % 6 + 1));
  for (const char* mode : {"edge", "reflect", "wrap", "constant"}) {
    for (int i = 0; i < 40; ++i) cases.push_back(MirroredPad(random, i % 5 + 1, mode));
  }
  for (int i = 0; i < 40; ++i) cases.push_back(Shift(random, i % 5 + 1));
  cases.push_back("input %x: f32[]\nconst %p: i64[0] = []\n%y = Pad(%x, %p)\noutput %y\n");
  cases.push_back(
      "input %x: f32[0, 2]\nconst %p: i64[4] = [1, 0, 2, 1]\nconst %v: f32[] = 7.0\n"
      "%y = Pad(%x, %p, %v)\noutput %y\n");
  GraphWriter graph;  // all that is left of the input is padding
  const std::string x = graph.Input({3, 3});
  cases.push_back(
      graph.Text(graph.Node(fmt::format("Pad({}, {})", x, graph.Integers({-3, 0, 2, 0})))));
  return cases;
}

std::vector<std::string> TransposeCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(13);
  const Shape full{2, 3, 4, 5, 6};
  for (int rank = 1; rank <= 5; ++rank) {
    std::vector<int64_t> perm(static_cast<size_t>(rank));
    std::iota(perm.begin(), perm.end(), 0);
    const Shape shape(full.dims().subspan(0, static_cast<size_t>(rank)));
    do {
      cases.push_back(TransposeThen(random, shape, perm));
    } while (std::next_permutation(perm.begin(), perm.end()));
  }
  for (const Shape& shape : {Shape{}, Shape{1, 3, 1, 4}, Shape{3, 1, 1, 2}}) {
    GraphWriter graph;  // without perm; and dimensions of 1
    cases.push_back(graph.Text(graph.Node(fmt::format("Transpose({})", graph.Input(shape)))));
  }
  return cases;
}

std::vector<std::string> FlattenCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(14);
  for (int rank = 1; rank <= 5; ++rank) {
    for (int axis = -rank; axis <= rank; ++axis) {
      GraphWriter graph;
      const Shape shape(random.Several(rank, random.Chance(5) ? 0 : 1, 6));
      const std::string x = RandomProducer(random, graph, shape, random.Pick(kTypes));
      cases.push_back(graph.Text(graph.Node(fmt::format("Flatten({}) {{axis = {}}}", x, axis))));
    }
  }
  return cases;
}

std::vector<std::string> ReshapeCases(std::string_view /*op*/) {
  struct Row {
    Shape from;
    std::vector<int64_t> to;
  };
  std::vector<std::string> cases;
  for (const Row& row : std::vector<Row>{{{2, 6, 4, 4}, {2, 96}},
                                         {{2, 6, 4, 4}, {0, -1}},
                                         {{2, 6, 4, 4}, {0, 3, 2, 4, 4}},
                                         {{2, 6, 4, 4}, {-1, 4}},
                                         {{2, 6, 4, 4}, {0, 0, -1}},
                                         {{2, 6, 4, 4}, {192}},
                                         {{1, 6, 1, 1}, {6}},
                                         {{1, 1, 1}, {}},
                                         {{2, 3, 4}, {4, 3, 2}},
                                         {{2, 3, 2, 3, 2}, {1, 2, 3, 2, 3, 2}}}) {
    for (const bool after_conv : {false, true}) {
      for (const bool before_conv : {false, true}) {
        GraphWriter graph;
        std::string x = graph.Input(row.from);
        if (after_conv) x = graph.AfterConv(x, row.from);
        x = graph.Node(fmt::format("Reshape({}, {})", x, graph.Integers(row.to)));
        // Only a result whose dimensions are all written out can be given weights here.
        const bool known = std::ranges::all_of(row.to, [](int64_t dim) { return dim > 0; });
        if (before_conv && (!known || row.to.size() < 3 || row.to.size() > 5)) continue;
        if (before_conv) x = graph.AfterConv(x, Shape(row.to));
        cases.push_back(graph.Text(x));
      }
    }
  }
  cases.push_back(
      "input %x: f32[0, 6]\nconst %s: i64[3] = [2, 0, 3]\n"
      "%y = Reshape(%x, %s) {allowzero = 1}\noutput %y\n");
  // A shape that is computed from the input's.
  cases.push_back(
      "input %x: i32[?, 6]\n%n = Shape(%x) {end = 1}\nconst %t: i64[2] = [-1, 2]\n"
      "%s = Concat(%n, %t) {axis = 0}\n%y = Reshape(%x, %s)\noutput %y\n");
  return cases;
}

}  // namespace rectifier
