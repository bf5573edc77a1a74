// Cases of the operators that choose elements of their input.

#include <algorithm>
#include <array>
#include <numeric>

#include "tests/unit/engine/operator_cases.h"
#include "tests/unit/engine/typed_operands.h"

namespace rectifier {
namespace {

// Types of every element size.
const std::vector<std::string> kTypes = {"f32", "f32", "f32", "i64", "i32", "i8", "bool", "f16"};

// f16 has no constants and follows no convolution here.
std::string Producer(Random& random, GraphWriter& graph, const Shape& shape,
                     const std::string& type) {
  if (type == "f16") return graph.Input(shape, type);
  if (random.Chance(10)) return TypedConstant(random, graph, shape, type);
  return RandomProducer(random, graph, shape, type);
}

std::string RandomSlice(Random& random, int rank) {
  GraphWriter graph;
  const Shape shape = RandomShape(random, rank);
  const std::string x = Producer(random, graph, shape, random.Pick(kTypes));
  std::vector<int64_t> axes(static_cast<size_t>(rank));
  std::iota(axes.begin(), axes.end(), 0);
  const auto count = static_cast<size_t>(random.Between(1, rank));
  const bool named = random.Chance(60);
  if (named) {  // in any order, counted from either end
    std::ranges::rotate(axes, axes.begin() + random.Between(0, rank - 1));
    for (int64_t& axis : axes) axis -= random.Chance(50) ? rank : 0;
  }
  axes.resize(count);
  std::vector<int64_t> starts;
  std::vector<int64_t> ends;
  std::vector<int64_t> steps;
  const bool stepped = random.Chance(70);
  for (size_t i = 0; i < count; ++i) {
    const int64_t dim = shape[static_cast<int>(axes[i] < 0 ? axes[i] + rank : axes[i])];
    const bool back = stepped && random.Chance(40);
    // Mostly something; the dimension's ends and what lies beyond them at times.
    const int64_t near = random.Chance(10) ? INT64_MIN : random.Between(-dim - 1, -dim / 2);
    const int64_t far = random.Chance(30) ? INT64_MAX : random.Between(dim / 2, dim + 1);
    starts.push_back(back ? far : near);
    ends.push_back(back ? near : far);
    if (random.Chance(5)) std::swap(starts.back(), ends.back());
    steps.push_back(back ? random.Pick<int64_t>({-1, -1, -2, -3, INT64_MIN})
                         : random.Pick<int64_t>({1, 1, 2, 3, INT64_MAX}));
  }
  const std::string lists = fmt::format("{}, {}", graph.Integers(starts), graph.Integers(ends));
  std::string optional = named ? ", " + graph.Integers(axes) : "";
  if (stepped) {
    optional += (named ? ", " : ", _, ") + graph.Integers(steps);
  }
  return graph.Text(graph.Node(fmt::format("Slice({}, {}{})", x, lists, optional)));
}

std::string RandomSplit(Random& random, int rank) {
  GraphWriter graph;
  Shape shape = RandomShape(random, rank, 5);
  const auto axis = static_cast<int>(random.Between(0, rank - 1));
  const int64_t parts = random.Between(1, 4);
  const bool sized = random.Chance(50);
  std::vector<int64_t> sizes = random.Several(parts, 0, 4);
  // Equal parts but the last, which may be smaller.
  const int64_t size = random.Between(1, 4);
  shape[axis] = sized ? std::accumulate(sizes.begin(), sizes.end(), int64_t{0})
                      : size * parts - random.Between(0, std::min(size - 1, size * parts / 5));
  // It is ceil(dim / parts) that the others get.
  if (!sized && (shape[axis] + parts - 1) / parts * (parts - 1) > shape[axis]) {
    shape[axis] = size * parts;
  }
  const std::string x = Producer(random, graph, shape, random.Pick(kTypes));
  const std::string list = sized ? ", " + graph.Integers(sizes) : "";
  return graph.Text(graph.Nodes(parts, fmt::format("Split({}{}) {{axis = {}}}", x, list,
                                                   random.Chance(50) ? axis : axis - rank)));
}

std::string RandomGather(Random& random, int rank, int index_rank) {
  GraphWriter graph;
  const Shape shape = RandomShape(random, rank);
  const auto axis = static_cast<int>(random.Between(0, rank - 1));
  const std::string x = Producer(random, graph, shape, random.Pick(kTypes));
  const Shape index_shape(random.Several(index_rank, random.Chance(5) ? 0 : 1, 4));
  const std::string type = random.Chance(50) ? "i64" : "i32";
  // Computed ones lie outside at times.
  const std::string indices =
      random.Chance(40)
          ? graph.Input(index_shape, type)
          : graph.Constant(
                index_shape,
                ListText(random.Several(index_shape.ElementCount(), -shape[axis], shape[axis] - 1)),
                type);
  return graph.Text(graph.Node(fmt::format("Gather({}, {}) {{axis = {}}}", x, indices,
                                           random.Chance(50) ? axis : axis - rank)));
}

std::string RandomExpand(Random& random, int rank) {
  GraphWriter graph;
  const Shape full = RandomShape(random, rank, 4);
  Shape from;
  std::vector<int64_t> to(full.dims().begin(), full.dims().end());
  for (auto axis = static_cast<int>(random.Between(0, rank)); axis < rank; ++axis) {
    from.push_back(random.Chance(50) ? full[axis] : 1);
    // 1 in the list leaves what is there.
    if (random.Chance(30)) to[static_cast<size_t>(axis)] = 1;
  }
  if (random.Chance(30) && rank > 0 && from.rank() == rank) to.erase(to.begin());
  const std::string x = Producer(random, graph, from, random.Pick(kTypes));
  return graph.Text(graph.Node(fmt::format("Expand({}, {})", x, graph.Integers(to))));
}

std::string RandomTile(Random& random, int rank) {
  GraphWriter graph;
  const std::string x = Producer(random, graph, RandomShape(random, rank, 4), random.Pick(kTypes));
  const auto repeats = random.Several(rank, random.Chance(10) ? 0 : 1, 3);
  return graph.Text(graph.Node(fmt::format("Tile({}, {})", x, graph.Integers(repeats))));
}

}  // namespace

std::vector<std::string> SliceCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(20);
  for (int i = 0; i < 300; ++i) cases.push_back(RandomSlice(random, i % 6 + 1));
  GraphWriter graph;  // an input without elements, and a list of i32
  const std::string x = graph.Input({0, 3});
  const std::string one = graph.Constant({1}, "1", "i32");
  cases.push_back(graph.Text(graph.Node(
      fmt::format("Slice({}, {}, {}, {})", x, one, graph.Constant({1}, "3", "i32"), one))));
  return cases;
}

std::vector<std::string> SplitCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(21);
  for (int i = 0; i < 150; ++i) cases.push_back(RandomSplit(random, i % 6 + 1));
  cases.push_back(
      "input %x: f32[2, 6, 3, 3]\n%a, _, %c = Split(%x) {axis = 1}\n"
      "output %a\noutput %c\n");
  return cases;
}

std::vector<std::string> GatherCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(22);
  for (int i = 0; i < 150; ++i) cases.push_back(RandomGather(random, i % 5 + 1, i / 5 % 3));
  cases.push_back(
      "input %x: i64[2, 0]\ninput %i: i64[3]\n%y = Gather(%x, %i) {axis = 1}\n"
      "output %y\n");
  return cases;
}

std::vector<std::string> ExpandCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(23);
  for (int i = 0; i < 150; ++i) cases.push_back(RandomExpand(random, i % 7));
  cases.push_back(
      "input %x: f32[1, 3]\nconst %s: i64[2] = [0, 1]\n%y = Expand(%x, %s)\n"
      "output %y\n");
  return cases;
}

std::vector<std::string> TileCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(24);
  for (int i = 0; i < 120; ++i) cases.push_back(RandomTile(random, i % 6 + 1));
  cases.push_back("input %x: f32[]\nconst %r: i64[0] = []\n%y = Tile(%x, %r)\noutput %y\n");
  cases.push_back("input %x: f32[0, 3]\nconst %r: i64[2] = 2\n%y = Tile(%x, %r)\noutput %y\n");
  return cases;
}

// DepthToSpace and SpaceToDepth.
std::vector<std::string> BlockCases(std::string_view op) {
  std::vector<std::string> cases;
  Random random(25);
  const bool to_space = op == "DepthToSpace";
  for (int i = 0; i < 80; ++i) {
    GraphWriter graph;
    const int64_t block = random.Between(1, 4);
    Shape shape = RandomShape(random, 4, 3);
    shape[1] *= to_space ? block * block : 1;
    for (const int axis : {2, 3}) shape[axis] *= to_space ? 1 : block;
    if (random.Chance(5)) shape[0] = 0;
    const std::string x = Producer(random, graph, shape, random.Pick(kTypes));
    std::string attributes = fmt::format("blocksize = {}", block);
    if (to_space && random.Chance(70)) {
      attributes += random.Chance(50) ? ", mode = \"CRD\"" : ", mode = \"DCR\"";
    }
    cases.push_back(graph.Text(graph.Node(fmt::format("{}({}) {{{}}}", op, x, attributes))));
  }
  return cases;
}

std::vector<std::string> SqueezeCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(26);
  for (int i = 0; i < 80; ++i) {
    GraphWriter graph;
    const int rank = i % 7;
    Shape shape;
    std::vector<int64_t> axes;
    for (int axis = 0; axis < rank; ++axis) {
      shape.push_back(random.Chance(50) ? 1 : random.Between(2, 5));
      if (shape[axis] == 1 && random.Chance(60)) {
        axes.push_back(random.Chance(50) ? axis : axis - rank);
      }
    }
    const std::string x = Producer(random, graph, shape, random.Pick(kTypes));
    const std::string list = random.Chance(70) ? ", " + graph.Integers(axes) : "";
    cases.push_back(graph.Text(graph.Node(fmt::format("Squeeze({}{})", x, list))));
  }
  return cases;
}

std::vector<std::string> UnsqueezeCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(27);
  for (int i = 0; i < 80; ++i) {
    GraphWriter graph;
    const int rank = i % 6;
    const int64_t added = random.Between(0, 2);
    const int64_t result = rank + added;
    std::vector<int64_t> axes(static_cast<size_t>(result));
    std::iota(axes.begin(), axes.end(), 0);
    if (result > 0) std::ranges::rotate(axes, axes.begin() + random.Between(0, result - 1));
    axes.resize(static_cast<size_t>(added));
    for (int64_t& axis : axes) axis -= random.Chance(50) ? result : 0;
    const std::string x = Producer(random, graph, RandomShape(random, rank), random.Pick(kTypes));
    cases.push_back(
        graph.Text(graph.Node(fmt::format("Unsqueeze({}, {})", x, graph.Integers(axes)))));
  }
  return cases;
}

}  // namespace rectifier
