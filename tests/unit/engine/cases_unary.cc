#include <algorithm>
#include <array>

#include "tests/unit/engine/operator_cases.h"
#include "tests/unit/engine/typed_operands.h"

namespace rectifier {
namespace {

constexpr std::array kIntegers = {"i64", "i32", "i8", "u8"};

// Where an operator is also tried: at scale · x + shift for x in [-1, 1).
struct Domain {
  std::string_view op;
  const char* scale;
  const char* shift;
};

constexpr std::array kDomains = {
    Domain{"Acos", "0.9", "0.0"},   Domain{"Asin", "0.9", "0.0"},
    Domain{"Atanh", "0.9", "0.0"},  Domain{"Reciprocal", "3.0", "4.0"},
    Domain{"Acosh", "4.0", "5.5"},  Domain{"Ceil", "20.0", "0.0"},
    Domain{"Floor", "20.0", "0.0"}, Domain{"Log", "4.0", "5.0"},
    Domain{"Round", "20.0", "0.0"}, Domain{"Sqrt", "4.0", "5.0"},
    Domain{"Tan", "1.25", "0.0"},
};

constexpr Domain kOtherwise{"", "5.0", "0.0"};

// Attributes that an operator is tried with beside its defaults.
struct Attributes {
  std::string_view op;
  const char* text;
};

constexpr std::array kAttributes = {
    Attributes{"Celu", "alpha = 2.5"},
    Attributes{"Celu", "alpha = -1.5"},
    Attributes{"Elu", "alpha = 0.5"},
    Attributes{"Elu", "alpha = -0.5"},
    Attributes{"Gelu", "approximate = \"tanh\""},
    Attributes{"HardSigmoid", "alpha = 0.75, beta = 0.25"},
    Attributes{"Selu", "alpha = 0.5, gamma = 2.0"},
    Attributes{"ThresholdedRelu", "alpha = 0.25"},
    Attributes{"ThresholdedRelu", "alpha = -0.25"},
};

std::vector<std::string> AttributeTexts(std::string_view op) {
  std::vector<std::string> texts = {""};
  for (const Attributes& attributes : kAttributes) {
    if (attributes.op == op) texts.push_back(fmt::format(" {{{}}}", attributes.text));
  }
  return texts;
}

std::string Scaled(GraphWriter& graph, std::string_view op, const std::string& x) {
  const auto found = std::ranges::find(kDomains, op, &Domain::op);
  const Domain& domain = found == kDomains.end() ? kOtherwise : *found;
  const std::string large =
      graph.Node(fmt::format("Mul({}, {})", x, graph.Constant({}, domain.scale)));
  return graph.Node(fmt::format("Add({}, {})", large, graph.Constant({}, domain.shift)));
}

bool HasLayouts(const Shape& shape) {
  return shape.rank() >= 3 && shape.rank() <= 5 && shape.ElementCount() > 0;
}

}  // namespace

// x of every rank, as it comes in, from everywhere in the domain, and after a convolution.
std::vector<std::string> FloatUnaryCases(std::string_view op) {
  std::vector<std::string> cases;
  for (const std::string& attributes : AttributeTexts(op)) {
    const auto node = [&](GraphWriter& graph, const std::string& x) {
      cases.push_back(graph.Text(graph.Node(fmt::format("{}({}){}", op, x, attributes))));
    };
    for (const Shape& shape : {Shape{}, Shape{1}, Shape{7}, Shape{3, 5}, Shape{2, 3, 17},
                               Shape{2, 3, 5, 7}, Shape{1, 16, 4, 4}, Shape{2, 3, 2, 3, 2},
                               Shape{1, 2, 1, 2, 1, 2}, Shape{0, 3}, Shape{2, 0, 4}}) {
      GraphWriter plain;
      node(plain, plain.Input(shape));
      GraphWriter scaled;
      node(scaled, Scaled(scaled, op, scaled.Input(shape)));
      GraphWriter constant;
      node(constant, Scaled(constant, op, constant.Constant(shape)));
      if (!HasLayouts(shape)) continue;
      GraphWriter after;
      const std::string x = AfterConvOfType(after, shape, "f32");
      node(after, Scaled(after, op, after.Node(fmt::format("Tanh({})", x))));
    }
  }
  return cases;
}

std::vector<std::string> NumericUnaryCases(std::string_view op) {
  std::vector<std::string> cases = FloatUnaryCases(op);
  for (const char* type : kIntegers) {
    for (const Shape& shape : {Shape{}, Shape{7}, Shape{3, 5}, Shape{2, 3, 5, 7},
                               Shape{1, 2, 1, 2, 1, 2}, Shape{0, 3}}) {
      GraphWriter plain;
      cases.push_back(plain.Text(plain.Node(fmt::format("{}({})", op, plain.Input(shape, type)))));
      if (!HasLayouts(shape)) continue;
      GraphWriter after;
      const std::string x = AfterConvOfType(after, shape, type);
      cases.push_back(after.Text(after.Node(fmt::format("{}({})", op, x))));
    }
  }
  return cases;
}

std::vector<std::string> IdentityCases(std::string_view op) {
  std::vector<std::string> cases = NumericUnaryCases(op);
  for (const char* type : {"bool", "f16", "bf16", "f64"}) {
    GraphWriter graph;
    cases.push_back(graph.Text(graph.Node(fmt::format("Identity({})", graph.Input({2, 3}, type)))));
  }
  return cases;
}

std::vector<std::string> NotCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  for (const Shape& shape : {Shape{}, Shape{1}, Shape{7}, Shape{3, 5}, Shape{2, 3, 17},
                             Shape{2, 3, 5, 7}, Shape{1, 2, 1, 2, 1, 2}, Shape{0, 3}}) {
    GraphWriter plain;
    cases.push_back(plain.Text(plain.Node(fmt::format("Not({})", plain.Input(shape, "bool")))));
    if (!HasLayouts(shape)) continue;
    GraphWriter after;
    const std::string x = AfterConvOfType(after, shape, "bool");
    cases.push_back(after.Text(after.Node(fmt::format("Not({})", x))));
  }
  return cases;
}

std::vector<std::string> CastCases(std::string_view /*op*/) {
  std::vector<std::string> cases;
  const std::array types = {"f32", "i64", "i32", "i8", "u8", "bool"};
  const auto cast = [&](GraphWriter& graph, const std::string& x, std::string_view to) {
    cases.push_back(graph.Text(graph.Node(fmt::format("Cast({}) {{to = \"{}\"}}", x, to))));
  };
  for (const char* from : types) {
    for (const char* to : types) {
      for (const Shape& shape : {Shape{}, Shape{7}, Shape{2, 3, 4, 5}, Shape{0, 3}}) {
        GraphWriter plain;
        cast(plain, plain.Input(shape, from), to);
        if (!HasLayouts(shape)) continue;
        GraphWriter after;
        cast(after, AfterConvOfType(after, shape, from), to);
      }
    }
  }
  // What does not fit, what is cut off, and what is no number.
  for (const char* to : types) {
    GraphWriter floats;
    cast(floats,
         floats.Constant({14},
                         "[0.0, -0.0, 0.75, -0.75, 1.5, -1.5, 127.5, -128.5, 255.75, 300.0, "
                         "-300.0, 3e10, -3e10, nan]"),
         to);
    GraphWriter infinite;
    cast(infinite, infinite.Constant({4}, "[inf, -inf, 1e30, -1e30]"), to);
    GraphWriter integers;
    cast(integers, integers.Constant({8}, "[0, -1, 127, 128, -129, 255, 256, 4294967297]", "i64"),
         to);
  }
  for (const char* type : {"f16", "bf16", "f64"}) {
    for (const Shape& shape : {Shape{}, Shape{7}, Shape{2, 3, 4, 5}, Shape{2, 0}}) {
      GraphWriter from;
      cast(from, from.Input(shape, type), "f32");
      GraphWriter to;
      cast(to, to.Input(shape), type);
      GraphWriter there_and_back;
      const std::string x = there_and_back.Node(
          fmt::format("Cast({}) {{to = \"{}\"}}", there_and_back.Input(shape), type));
      cast(there_and_back, x, "f32");
      GraphWriter same;
      cast(same, same.Input(shape, type), type);
    }
  }
  return cases;
}

}  // namespace rectifier
