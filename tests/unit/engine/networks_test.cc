// Random networks, compiled by the engine, against the reference: what one operator leaves behind
// for another — layouts, memory that is written over, values that are read twice or are outputs.

#include <gtest/gtest.h>

#include "tests/unit/engine/graph_writer.h"
#include "tests/unit/engine/program_testing.h"

namespace rectifier {
namespace {

const Shape kShape{2, 4, 5, 6};

// Layers enlarge the rounding errors of those before them. What this test looks for is no rounding.
constexpr double kTolerance = 1e-3;

// A value of kShape, computed from others of kShape in a way that `kind` chooses.
std::string Layer(GraphWriter& graph, Random& random, const std::vector<std::string>& values,
                  int64_t kind) {
  const std::string x = random.Pick(values);
  switch (kind) {
    case 0:
      return graph.AfterConv(x, kShape);
    case 1:
      return graph.Node(fmt::format("Conv({}, {}) {{pads = [1, 1, 1, 1]}} -> Rectifier({})", x,
                                    graph.Constant({4, 4, 3, 3}), graph.Constant({4, 1, 1})));
    case 2:
      return graph.Node(fmt::format("Add({}, {})", x, random.Pick(values)));
    case 3:
      return graph.Node(fmt::format("Mul({}, {})", x, random.Pick(values)));
    case 4:
      return graph.Rectifier(
          x, graph.Constant(random.Pick<Shape>(
                 {{}, {4, 1, 1}, {4, 5, 6}, {5, 6}, {6}, {4, 1, 6}, {2, 1, 1, 1}})));
    case 5:
      return graph.Node(fmt::format("Sigmoid({})", x));
    case 6:
      return graph.Node(fmt::format("Identity({})", x));
    case 7: {  // there and back again
      const std::string flat = graph.Node(fmt::format("Flatten({})", x));
      return graph.Node(fmt::format("Reshape({}, {})", flat, graph.Integers({2, 4, 5, 6})));
    }
    case 8: {
      const std::string moved = graph.Node(fmt::format("Transpose({}) {{perm = [0, 2, 3, 1]}}", x));
      const std::string changed =
          random.Chance(50) ? graph.Node(fmt::format("Tanh({})", moved)) : moved;
      return graph.Node(fmt::format("Transpose({}) {{perm = [0, 3, 1, 2]}}", changed));
    }
    case 9: {
      const std::string both =
          graph.Node(fmt::format("Concat({}, {}) {{axis = 1}}", x, random.Pick(values)));
      return graph.Node(fmt::format("Conv({}, {})", both, graph.Constant({4, 8, 1, 1})));
    }
    case 10: {
      const std::string padded =
          graph.Node(fmt::format("Pad({}, {})", x, graph.Integers({0, 0, 1, 0, 0, 0, -1, 0})));
      return graph.Node(fmt::format("Add({}, {})", padded, random.Pick(values)));
    }
    case 11:
      return graph.Node(
          fmt::format("MaxPool({}) {{kernel_shape = [3, 3], pads = [1, 1, 1, 1]}}", x));
    case 12:
      return graph.Node(fmt::format("Softmax({}) {{axis = 1}}", x));
    case 13: {
      const std::string pooled = graph.Node(fmt::format("GlobalAveragePool({})", x));
      return graph.Node(fmt::format("Mul({}, {})", random.Pick(values), pooled));
    }
    case 14: {  // loops that may be written over their operands
      const std::string op = random.Pick<std::string>({"Max", "Min", "Sub", "Sub"});
      return graph.Node(fmt::format("{}({}, {})", op, x, random.Pick(values)));
    }
    case 15: {
      const std::string op = random.Pick<std::string>({"Sin", "Neg", "Erf", "Softsign", "Clip"});
      return graph.Node(fmt::format("{}({})", op, x));
    }
    case 16: {  // the lesser, whichever that is after rounding
      const std::string other = random.Pick(values);
      const std::string less = graph.Node(fmt::format("Less({}, {})", x, other));
      return graph.Node(fmt::format("Where({}, {}, {})", less, x, other));
    }
    case 17: {  // taken apart and put together again
      const auto parts = graph.Nodes(2, fmt::format("Split({}) {{axis = 1}}", x));
      return graph.Node(fmt::format("Concat({}, {}) {{axis = 1}}", parts[1], parts[0]));
    }
    case 18: {
      const std::string mean = graph.Node(fmt::format(
          "ReduceMean({}, {})", x,
          graph.Integers(random.Pick<std::vector<int64_t>>({{1}, {2, 3}, {-1}, {0, 1, 2, 3}}))));
      return graph.Node(fmt::format("Sub({}, {})", random.Pick(values), mean));
    }
    case 19: {
      const std::string scale = graph.Constant({4});
      return graph.Node(
          random.Chance(50)
              ? fmt::format("InstanceNormalization({}, {}, {}) {{epsilon = 0.5}}", x, scale, scale)
              : fmt::format("LRN({}) {{size = 3}}", x));
    }
    case 20: {
      const std::string reversed = graph.Node(fmt::format(
          "Slice({}, {}, {}, {}, {})", x, graph.Integers({-1}), graph.Integers({INT64_MIN}),
          graph.Integers({random.Between(1, 3)}), graph.Integers({-1})));
      return graph.Node(fmt::format("Max({}, {})", reversed, x));
    }
    case 21: {
      const std::string large =
          graph.Node(fmt::format("Resize({}, _, {}) {{mode = \"linear\"}}", x,
                                 graph.Constant({4}, "[1.0, 1.0, 2.0, 2.0]")));
      return graph.Node(
          fmt::format("AveragePool({}) {{kernel_shape = [2, 2], strides = [2, 2]}}", large));
    }
    case 22: {  // a shape that is computed
      const std::string shape = graph.Node(fmt::format("Shape({})", random.Pick(values)));
      const std::string flat = graph.Node(fmt::format("Flatten({})", x));
      return graph.Node(fmt::format("Reshape({}, {})", flat, shape));
    }
    default:
      return graph.Node(fmt::format("Mul({}, {})", x, graph.Constant(kShape)));
  }
}

std::string RandomNetwork(uint64_t seed) {
  Random random(seed);
  GraphWriter graph;
  std::vector<std::string> values = {graph.Input(kShape), graph.Input(kShape)};
  const int64_t layers = random.Between(3, 25);
  for (int64_t i = 0; i < layers; ++i) {
    values.push_back(Layer(graph, random, values, random.Between(0, 23)));
    // Mostly, read what was computed last, as networks do.
    if (values.size() > 3 && random.Chance(70)) values.erase(values.begin());
  }
  std::string text = graph.Text(values.back());
  // Some of the others are outputs too: under a name of their own, since they may be so twice.
  for (size_t i = 0; i < values.size(); ++i) {
    if (random.Chance(30)) text += fmt::format("output \"also {}\" = {}\n", i, values[i]);
  }
  return text;
}

TEST(NetworksTest, AgreeWithTheReference) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    ExpectAgreesWithReference(RandomNetwork(seed), {.tolerance = kTolerance});
    if (HasFailure()) return;
  }
}

TEST(NetworksTest, AgreeWithTheReferenceOnTwoThreads) {
  for (uint64_t seed = 1000; seed < 1050; ++seed) {
    ExpectAgreesWithReference(RandomNetwork(seed), {.threads = 2, .tolerance = kTolerance});
    if (HasFailure()) return;
  }
}

struct Network {
  const char* name;
  const char* text;
};

// What a random network meets too seldom.
TEST(NetworksTest, AgreeWithTheReferenceWhereOutputsAreSpecial) {
  for (const Network& network : {
           Network{"an output is an input", R"(
             input %x: f32[2, 3, 4, 4]
             output %x
             output "again" = %x
           )"},
           Network{"an output is a constant", R"(
             input %x: f32[2, 3]
             const %c: f32[2, 2] = [1.0, 2.0, 3.0, 4.0]
             %y = Sigmoid(%x)
             output %y
             output %c
           )"},
           Network{"an output is read after it was written", R"(
             input %x: f32[2, 3, 4, 4]
             const %w: f32[3, 3, 1, 1] = seed(1)
             const %a: f32[] = 0.5
             %y = Conv(%x, %w)
             %z = Rectifier(%y, %a) {origin = "prelu"}
             %v = Sigmoid(%z)
             output %y
             output %z
             output %v
           )"},
           Network{"views of an output", R"(
             input %x: f32[2, 3, 4, 4]
             const %w: f32[3, 3, 1, 1] = seed(1)
             %y = Conv(%x, %w)
             %i = Identity(%y)
             %f = Flatten(%i)
             %t = Transpose(%y) {perm = [0, 2, 3, 1]}
             output %y
             output %i
             output %f
             output %t
           )"},
           Network{"a view of an input is written over nowhere", R"(
             input %x: f32[2, 3, 4, 4]
             const %a: f32[3, 4, 4] = seed(1)
             %i = Identity(%x)
             %y = Rectifier(%i, %a) {origin = "prelu"}
             %z = Sigmoid(%i)
             %s = Add(%y, %z)
             output %s
           )"},
           Network{"a constant is computed with", R"(
             input %x: f32[2, 3]
             const %c: f32[2, 3] = seed(1)
             const %a: f32[] = 0.5
             %s = Sigmoid(%c)
             %r = Rectifier(%c, %a) {origin = "prelu"}
             %t = Add(%s, %r)
             %y = Add(%x, %t)
             output %y
           )"},
           Network{"a result that nobody reads", R"(
             input %x: f32[2, 3]
             %unused = Sigmoid(%x)
             %y = Tanh(%x)
             output %y
           )"},
           Network{"an input that nobody reads", R"(
             input %x: f32[2, 3]
             input %unused: f32[7]
             %y = Tanh(%x)
             output %y
           )"},
       }) {
    SCOPED_TRACE(network.name);
    ExpectAgreesWithReference(network.text);
  }
}

TEST(NetworksTest, InputsAreLeftAsTheyWere) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    const Graph graph = TypedGraph(RandomNetwork(seed));
    const auto shapes = BoundInputShapes(graph, 1);
    const std::vector<Tensor> inputs = SeededTensors(shapes, 5);
    const std::vector<Tensor> before = SeededTensors(shapes, 5);
    const auto compiler = NewCompiler();
    const auto program = MustCompile(*compiler, graph);
    ASSERT_NE(program, nullptr);
    RunProgram(*program, inputs);
    for (size_t i = 0; i < inputs.size(); ++i) {
      EXPECT_TRUE(SameBits(inputs[i].bytes(), before[i].bytes())) << "seed " << seed;
    }
  }
}

}  // namespace
}  // namespace rectifier
