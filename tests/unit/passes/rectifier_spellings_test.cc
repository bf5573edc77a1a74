// Forms of the activation put together at random: spelling, slopes, ranks, layouts and the order of
// operands. Each must be recognised, and give what f(x) = x > 0 ? x : α · x gives, bit for bit but
// for the sign of zero.

#include <gtest/gtest.h>

#include <set>

#include "server/ops/rectifier.h"
#include "server/passes/run_passes.h"
#include "tests/unit/engine/graph_writer.h"
#include "tests/unit/engine/program_testing.h"
#include "tests/unit/passes/rewrite_testing.h"

namespace rectifier {
namespace {

constexpr int kForms = 4000;

// Writes one form of the activation of `x`, choosing among everything that is legal.
class FormWriter {
 public:
  FormWriter(Random& random, GraphWriter& graph, std::string x, Shape shape)
      : random_(random), graph_(graph), x_(std::move(x)), shape_(std::move(shape)) {}

  std::string Write() {
    switch (random_.Between(0, 6)) {
      case 0:
        return Either("Max", x_, Product(x_, Slopes(-3, 1)));
      case 1:
        return Either("Min", x_, Product(x_, Slopes(1, 4)));
      case 2:
        return Call("Sub", {Relu(x_), Product(Relu(Neg(x_)), Slopes(-3, 4))});
      case 3:
        return Either("Add", Relu(x_), Product(Neg(Relu(Neg(x_))), Slopes(-3, 4)));
      case 4:
        return Either("Add", Relu(x_), Product(NegativePart(), Slopes(-3, 4)));
      case 5:
        return Theano();
      default:
        return Where();
    }
  }

 private:
  std::string Call(std::string_view op, const std::vector<std::string>& operands) {
    return graph_.Node(fmt::format("{}({})", op, fmt::join(operands, ", ")));
  }
  std::string Either(std::string_view op, const std::string& a, const std::string& b) {
    return random_.Chance(50) ? Call(op, {a, b}) : Call(op, {b, a});
  }
  std::string Number(std::string_view value) {
    const Shape shape = random_.Chance(70) ? Shape{} : Shape{1};
    return graph_.Constant(shape_.rank() == 0 ? Shape{} : shape, value);
  }

  // A constant of a shape that broadcasts into x, with elements in quarters of [low, high].
  std::string Slopes(int64_t low, int64_t high) {
    Shape shape;
    for (int axis = static_cast<int>(random_.Between(0, shape_.rank())); axis < shape_.rank();
         ++axis) {
      shape.push_back(random_.Chance(50) ? shape_[axis] : 1);
    }
    std::vector<std::string> values;
    const int64_t count = shape.ElementCount();
    for (int64_t i = 0; i < count; ++i) {
      values.push_back(
          fmt::format("{}", static_cast<double>(random_.Between(4 * low, 4 * high)) / 4));
      if (values.back().find('.') == std::string::npos) values.back() += ".0";
    }
    return graph_.Constant(shape,
                           count == 1 ? values[0] : fmt::format("[{}]", fmt::join(values, ", ")));
  }

  std::string Product(const std::string& y, const std::string& slopes) {
    return Either("Mul", y, slopes);
  }

  std::string Neg(const std::string& y) {
    switch (random_.Between(0, 2)) {
      case 0:
        return Call("Neg", {y});
      case 1:
        return Either("Mul", y, Number("-1.0"));
      default:
        return Call("Sub", {Number("0.0"), y});
    }
  }

  std::string Relu(const std::string& y) {
    switch (random_.Between(0, 3)) {
      case 0:
        return graph_.Node(
            fmt::format("Rectifier({}, {}) {{origin = \"relu\"}}", y, Number("0.0")));
      case 1:
        return Either("Max", y, Number("0.0"));
      case 2:
        return Call("Clip", {y, Number("0.0")});
      default:
        return Call("Clip", {y, Number("0.0"), Number("inf")});
    }
  }

  std::string NegativePart() {
    return random_.Chance(50) ? Either("Min", x_, Number("0.0"))
                              : Call("Clip", {x_, "_", Number("0.0")});
  }

  std::string Theano() {
    const std::string difference = Call("Sub", {x_, Call("Abs", {x_})});
    std::string product = Product(difference, Slopes(-3, 4));
    if (random_.Chance(70)) {
      product = random_.Chance(50) ? Either("Mul", product, Number("0.5"))
                                   : Call("Div", {product, Number("2.0")});
    }
    return Either("Add", Relu(x_), product);
  }

  std::string Where() {
    const bool equal = random_.Chance(50);
    const std::string above = equal ? "GreaterOrEqual" : "Greater";
    const std::string below = equal ? "LessOrEqual" : "Less";
    const bool positive = random_.Chance(50);
    const bool zero_first = random_.Chance(50);
    const std::string condition = zero_first ? Call(positive ? below : above, {Number("0.0"), x_})
                                             : Call(positive ? above : below, {x_, Number("0.0")});
    const std::string product = Product(x_, Slopes(-3, 4));
    return positive ? Call("Where", {condition, x_, product})
                    : Call("Where", {condition, product, x_});
  }

  Random& random_;
  GraphWriter& graph_;
  std::string x_;
  Shape shape_;
};

struct RandomForm {
  std::string text;
  bool after_conv = false;
};

RandomForm WriteRandomForm(uint64_t seed) {
  Random random(seed);
  GraphWriter graph;
  const int rank = static_cast<int>(random.Between(0, 5));
  const Shape shape(random.Several(rank, 1, 5));
  std::string x = graph.Input(shape);
  RandomForm form;
  form.after_conv = rank >= 3 && random.Chance(50);
  // The 1 × 1 convolution leaves x in the engine's own layout.
  if (form.after_conv) x = graph.AfterConv(x, shape);
  form.text = graph.Text(FormWriter(random, graph, x, shape).Write());
  return form;
}

// What f gives of what the graph's Rectifier reads.
TEST(RectifierSpellingsTest, EveryFormIsRecognizedAndGivesTheSameBits) {
  std::set<std::string> forms;
  for (uint64_t seed = 0; seed < kForms; ++seed) {
    const RandomForm form = WriteRandomForm(seed);
    SCOPED_TRACE(fmt::format("seed {}\n{}", seed, form.text));
    const Graph before = TypedGraph(form.text);
    Graph after = before;
    ASSERT_EQ(MustRun("recognize-rectifier", after), 1);
    ASSERT_EQ(after.nodes().size(), form.after_conv ? 2u : 1u);
    forms.insert(std::get<std::string>(after.nodes().back().attributes.at("form")));
    const std::vector<Tensor> inputs = SeededTensors(BoundInputShapes(before, 1), seed);
    const auto spelled = MustCompile(*NewCompiler(), before);
    const auto recognized = MustCompile(*NewCompiler(), after);
    ASSERT_TRUE(spelled != nullptr && recognized != nullptr);
    const std::vector<Tensor> want = RunProgram(*spelled, inputs);
    const std::vector<Tensor> got = RunProgram(*recognized, inputs);
    const auto want_data = want[0].data<float>();
    const auto got_data = got[0].data<float>();
    for (size_t i = 0; i < want_data.size(); ++i) {
      ASSERT_EQ(got_data[i], want_data[i]) << "element " << i;
    }
    for (const StepInfo& step : recognized->steps()) {
      EXPECT_FALSE(step.implementation.starts_with("ref")) << step.op << " " << step.implementation;
    }
  }
  std::printf("%d forms of %zu formulas\n", kForms, forms.size());
}

}  // namespace
}  // namespace rectifier
