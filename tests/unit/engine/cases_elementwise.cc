#include <algorithm>
#include <array>

#include "tests/unit/engine/operator_cases.h"
#include "tests/unit/engine/typed_operands.h"

namespace rectifier {
namespace {

// A shape that broadcasts against `full`, of any rank up to its.
Shape RandomPart(Random& random, const Shape& full) {
  Shape part;
  for (int axis = static_cast<int>(random.Between(0, full.rank())); axis < full.rank(); ++axis) {
    part.push_back(random.Chance(60) ? full[axis] : 1);
  }
  return part;
}

// Keeps an operand where the operator's result is no wide multiple of its rounding error, and where
// an integer's fits.
std::string Bounded(GraphWriter& graph, std::string_view op, const std::string& operand, bool right,
                    std::string_view type) {
  if (type == "f32") {
    // Away from 0; a base has no sign either.
    const bool bounded = op == "Pow" ? !right : right && (op == "Div" || op == "Mod");
    if (!bounded) return operand;
    const std::string positive = graph.Node(fmt::format("Abs({})", operand));
    return graph.Node(fmt::format("Add({}, {})", positive, graph.Constant({}, "0.5")));
  }
  if (op != "Pow") return operand;
  const std::string low = graph.Constant({}, right || type == "u8" ? "0" : "-4", type);
  const std::string high = graph.Constant({}, right ? "2" : "5", type);
  return graph.Node(fmt::format("Clip({}, {}, {})", operand, low, high));
}

std::string RandomOperand(Random& random, GraphWriter& graph, const Shape& shape, bool input,
                          std::string_view type) {
  // In the engine's own layout, and, when nobody reads it again, to be written over.
  const bool after_conv =
      shape.rank() >= 3 && shape.rank() <= 5 && shape.ElementCount() > 0 && random.Chance(40);
  if (after_conv) return AfterConvOfType(graph, shape, type);
  return input ? graph.Input(shape, type) : TypedConstant(random, graph, shape, type);
}

std::string RandomBinary(Random& random, std::string_view op, int rank, std::string_view type,
                         std::string_view attributes) {
  GraphWriter graph;
  Shape full = RandomShape(random, rank);
  if (rank > 0 && random.Chance(5)) full[static_cast<int>(random.Between(0, rank - 1))] = 0;
  Shape a = random.Chance(70) ? full : RandomPart(random, full);
  Shape b = random.Chance(40) ? full : RandomPart(random, full);
  if (random.Chance(50)) std::swap(a, b);
  const int64_t kind = random.Between(1, 4);
  const std::string left = RandomOperand(random, graph, a, kind != 1, type);
  const std::string right = RandomOperand(random, graph, b, kind != 2, type);
  return graph.Text(
      graph.Node(fmt::format("{}({}, {}){}", op, Bounded(graph, op, left, false, type),
                             Bounded(graph, op, right, true, type), attributes)));
}

uint64_t SeedOf(std::string_view op) {
  uint64_t seed = 7;
  for (const char c : op) seed = seed * 31 + static_cast<uint64_t>(c);
  return seed;
}

// Operands that broadcast in every way, from everywhere, and one operand twice.
void AddBinaryCases(std::string_view op, std::string_view type, int count,
                    std::vector<std::string>& cases, std::string_view attributes = "") {
  Random random(SeedOf(op) + SeedOf(type));
  for (int i = 0; i < count; ++i) {
    cases.push_back(RandomBinary(random, op, i % 7, type, attributes));
  }
  for (const Shape& shape : {Shape{}, Shape{5}, Shape{2, 3, 4, 5}}) {
    GraphWriter graph;
    const std::string x = graph.Node(fmt::format("Identity({})", graph.Input(shape, type)));
    const std::string y = Bounded(graph, op, x, true, type);
    cases.push_back(graph.Text(graph.Node(fmt::format("{}({}, {}){}", op, y, y, attributes))));
  }
}

constexpr std::array kIntegers = {"i64", "i32", "i8", "u8"};

}  // namespace

std::vector<std::string> NumericBinaryCases(std::string_view op) {
  std::vector<std::string> cases;
  AddBinaryCases(op, "f32", 120, cases);
  for (const char* type : kIntegers) AddBinaryCases(op, type, 40, cases);
  // Divided by 0, both signs, and exponents that are whole numbers.
  for (const char* right : {"[2.0, 3.0, -1.0, 0.0, 0.5]", "[-0.0, inf, -inf, -2.0, 1.0]"}) {
    GraphWriter graph;
    const std::string a = graph.Input({3, 5});
    const std::string b = graph.Constant({5}, right);
    cases.push_back(graph.Text(graph.Node(fmt::format("{}({}, {})", op, a, b))));
  }
  return cases;
}

std::vector<std::string> ModCases(std::string_view op) {
  std::vector<std::string> cases = NumericBinaryCases(op);
  AddBinaryCases(op, "f32", 40, cases, " {fmod = 1}");
  for (const char* type : kIntegers) AddBinaryCases(op, type, 20, cases, " {fmod = 1}");
  return cases;
}

std::vector<std::string> ComparisonCases(std::string_view op) {
  std::vector<std::string> cases;
  AddBinaryCases(op, "f32", 60, cases);
  AddBinaryCases(op, "bool", 40, cases);
  for (const char* type : kIntegers) AddBinaryCases(op, type, 40, cases);
  GraphWriter graph;
  const std::string a = graph.Constant({1, 5}, "[0.0, -0.0, nan, inf, -inf]");
  const std::string b = graph.Constant({5, 1}, "[0.0, 1.0, nan, inf, -inf]");
  cases.push_back(graph.Text(graph.Node(fmt::format("{}({}, {})", op, a, b))));
  return cases;
}

std::vector<std::string> LogicalCases(std::string_view op) {
  std::vector<std::string> cases;
  AddBinaryCases(op, "bool", 120, cases);
  return cases;
}

std::vector<std::string> WhereCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  Random random(15);
  for (const char* type : {"f32", "i64", "i32", "i8", "u8", "bool"}) {
    for (int i = 0; i < 40; ++i) {
      GraphWriter graph;
      Shape full = RandomShape(random, i % 7);
      if (i % 7 > 0 && random.Chance(5)) full[0] = 0;
      const auto operand = [&](std::string_view of) {
        const Shape shape = random.Chance(50) ? full : RandomPart(random, full);
        return RandomOperand(random, graph, shape, random.Chance(70), of);
      };
      const std::string condition = operand("bool");
      const std::string a = operand(type);
      const std::string b = operand(type);
      cases.push_back(graph.Text(graph.Node(fmt::format("Where({}, {}, {})", condition, a, b))));
    }
  }
  return cases;
}

std::vector<std::string> ClipCases(std::string_view /*op*/) {
  struct Bounds {
    const char* low;
    const char* high;
  };
  std::vector<std::string> cases;
  Random random(16);
  for (const char* type : {"f32", "i64", "i32", "i8", "u8"}) {
    const bool floats = std::string_view(type) == "f32";
    const std::array<Bounds, 3> bounds =
        floats ? std::array{Bounds{"-0.5", "0.25"}, Bounds{"0.5", "-0.25"}, Bounds{"-9.0", "9.0"}}
               : std::array{Bounds{"1", "3"}, Bounds{"3", "1"}, Bounds{"0", "99"}};
    for (const Shape& shape : {Shape{}, Shape{7}, Shape{2, 3, 4, 5}, Shape{0, 3}}) {
      for (const Bounds& bound : bounds) {
        for (const int given : {0, 1, 2, 3}) {  // which of the bounds
          GraphWriter graph;
          const std::string x = RandomProducer(random, graph, shape, type);
          const Shape scalar = random.Chance(50) ? Shape{} : Shape{1};
          const std::string low = (given & 1) != 0 ? graph.Constant(scalar, bound.low, type) : "_";
          const std::string high =
              (given & 2) != 0 ? graph.Constant(scalar, bound.high, type) : "_";
          cases.push_back(graph.Text(graph.Node(fmt::format("Clip({}, {}, {})", x, low, high))));
        }
      }
      GraphWriter computed;
      const std::string x = RandomProducer(random, computed, shape, type);
      const std::string low = computed.Input({1}, type);
      const std::string high = computed.Input({}, type);
      cases.push_back(computed.Text(computed.Node(fmt::format("Clip({}, {}, {})", x, low, high))));
      GraphWriter alone;
      cases.push_back(alone.Text(alone.Node(fmt::format("Clip({})", alone.Input(shape, type)))));
    }
  }
  return cases;
}

}  // namespace rectifier
