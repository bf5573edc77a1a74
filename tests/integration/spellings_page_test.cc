// The table of spellings in docs/leaky-relu-and-prelu.md is what the program does: every spelling
// goes through the passes and the engine, on a million numbers, and is compared with the formula.
//
// After a change, RECTIFIER_WRITE_PAGES=1 in the environment makes this test write the table anew.

#include <gtest/gtest.h>

#include <array>
#include <bit>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <random>
#include <sstream>

#include "server/app/network_report.h"
#include "server/passes/run_passes.h"
#include "tests/unit/engine/program_testing.h"

namespace rectifier {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr std::string_view kBegin = "<!-- spellings: written by spellings_page_test.cc -->\n";
constexpr std::string_view kEnd = "<!-- end of spellings -->\n";
const Shape kShape{1, 4, 500, 500};

// NumPy's, which pass NaN on.
float Max(float a, float b) { return std::isnan(a) || a > b ? a : b; }
float Min(float a, float b) { return std::isnan(a) || a < b ? a : b; }
float Relu(float x) { return Max(x, 0); }

struct Spelling {
  std::string formula;
  std::string slopes;  // "f32[] = 0.1": of the constant %a
  std::string graph;   // from %x and %a to %y
  float (*in_steps)(float x, float a);
  bool relaxed = false;
};

constexpr char kOne[] = "f32[] = 0.1";
constexpr char kOneAboveOne[] = "f32[] = 1.5";
constexpr char kPerChannel[] = "f32[4, 1, 1] = [-0.3, 0.1, 0.7, 1.3]";
constexpr char kPerChannelUpToOne[] = "f32[4, 1, 1] = [-0.3, 0.1, 0.7, 1.0]";
constexpr char kPerElement[] = "f32[4, 500, 500] = seed(1)";

float Product(float x, float a) { return x > 0 ? x : a * x; }
float LargerOfTwo(float x, float a) { return Max(x, a * x); }
float SmallerOfTwo(float x, float a) { return Min(x, a * x); }
float TwoTerms(float x, float a) { return a * x + (1 - a) * Relu(x); }

std::string Rectified(const char* origin) {
  return fmt::format("%y = Rectifier(%x, %a) {{origin = \"{}\"}}\n", origin);
}

// %r = relu(%x), and %n = relu(−%x).
constexpr char kRelu[] =
    "const %zero: f32[] = 0.0\n"
    "%r = Rectifier(%x, %zero) {origin = \"relu\"}\n";
constexpr char kReluOfMinus[] =
    "%m = Neg(%x)\n"
    "%n = Rectifier(%m, %zero) {origin = \"relu\"}\n";
constexpr char kMaximum[] =
    "%p = Mul(%a, %x)\n"
    "%y = Max(%x, %p)\n";
constexpr char kMinimum[] =
    "%p = Mul(%a, %x)\n"
    "%y = Min(%x, %p)\n";
const std::string kTwoTerms = std::string(kRelu) +
                              "const %b: f32[] = 0.9\n"
                              "%p = Mul(%a, %x)\n"
                              "%q = Mul(%b, %r)\n"
                              "%y = Add(%p, %q)\n";

std::vector<Spelling> Spellings() {
  return {
      {"ReLU", "f32[] = 0.0", Rectified("relu"), [](float x, float /*a*/) { return Relu(x); }},
      {"LeakyReLU", kOne, Rectified("leaky_relu"), Product},
      {"PReLU", "f32[1, 1, 1] = 0.1", Rectified("prelu"), Product},
      {"PReLU", kPerChannel, Rectified("prelu"), Product},
      {"PReLU", kPerElement, Rectified("prelu"), Product},
      {"relu(x) − α·relu(−x)", kPerChannel,
       std::string(kRelu) + kReluOfMinus +
           "%p = Mul(%a, %n)\n"
           "%y = Sub(%r, %p)\n",
       [](float x, float a) { return Relu(x) - a * Relu(-x); }},
      {"relu(x) + α·(x − |x|)·0.5", kPerChannel,
       std::string(kRelu) + "const %half: f32[] = 0.5\n"
                            "%b = Abs(%x)\n"
                            "%d = Sub(%x, %b)\n"
                            "%p = Mul(%a, %d)\n"
                            "%q = Mul(%p, %half)\n"
                            "%y = Add(%r, %q)\n",
       [](float x, float a) { return Relu(x) + a * (x - std::abs(x)) * 0.5F; }},
      {"relu(x) + α·min(x, 0)", kPerChannel,
       std::string(kRelu) + "%n = Min(%x, %zero)\n"
                            "%p = Mul(%a, %n)\n"
                            "%y = Add(%r, %p)\n",
       [](float x, float a) { return Relu(x) + a * Min(x, 0); }},
      {"where(x > 0, x, α·x)", kPerChannel,
       "const %zero: f32[] = 0.0\n"
       "%c = Greater(%x, %zero)\n"
       "%p = Mul(%a, %x)\n"
       "%y = Where(%c, %x, %p)\n",
       Product},
      {"where(x < 0, α·x, x)", kPerChannel,
       "const %zero: f32[] = 0.0\n"
       "%c = Less(%x, %zero)\n"
       "%p = Mul(%a, %x)\n"
       "%y = Where(%c, %p, %x)\n",
       [](float x, float a) { return x < 0 ? a * x : x; }},
      {"x·(s − α·(s − 1)), s = (x > 0)", kPerChannel,
       "const %zero: f32[] = 0.0\n"
       "const %one: f32[] = 1.0\n"
       "%c = Greater(%x, %zero)\n"
       "%s = Cast(%c) {to = \"f32\"}\n"
       "%d = Sub(%s, %one)\n"
       "%p = Mul(%a, %d)\n"
       "%f = Sub(%s, %p)\n"
       "%y = Mul(%x, %f)\n",
       [](float x, float a) {
         const float s = x > 0 ? 1 : 0;
         return x * (s - a * (s - 1));
       }},
      {"s·x + (1 − s)·α·x, s = (x > 0)", kPerChannel,
       "const %zero: f32[] = 0.0\n"
       "%c = Greater(%x, %zero)\n"
       "%e = Not(%c)\n"
       "%s = Cast(%c) {to = \"f32\"}\n"
       "%t = Cast(%e) {to = \"f32\"}\n"
       "%p = Mul(%a, %x)\n"
       "%q = Mul(%p, %t)\n"
       "%r = Mul(%s, %x)\n"
       "%y = Add(%r, %q)\n",
       [](float x, float a) {
         const float s = x > 0 ? 1 : 0;
         return s * x + a * x * (1 - s);
       }},
      {"max(x, α·x)", kOne, kMaximum, LargerOfTwo},
      {"max(x, α·x)", kPerChannelUpToOne, kMaximum, LargerOfTwo},
      {"max(x, α·x)", kOneAboveOne, kMaximum, LargerOfTwo},
      {"max(x, α·x)", kPerChannel, kMaximum, LargerOfTwo},
      {"min(x, α·x)", kOneAboveOne, kMinimum, SmallerOfTwo},
      {"min(x, α·x)", kOne, kMinimum, SmallerOfTwo},
      {"α·x + (1 − α)·relu(x)", kOne, kTwoTerms, TwoTerms},
      {"the same, with `--relaxed-forms`", kOne, kTwoTerms, TwoTerms, true},
  };
}

// What every number of the table is about: ±0, denormals, the largest numbers, ±∞ and NaN in each
// channel, floats of any bits, and numbers around 0.
std::vector<float> Points() {
  constexpr std::array kSpecial = {0.0F,
                                   -0.0F,
                                   1e-45F,
                                   -1e-45F,
                                   1e-38F,
                                   -1e-38F,
                                   1.0F,
                                   -1.0F,
                                   3.4e38F,
                                   -3.4e38F,
                                   kInfinity,
                                   -kInfinity,
                                   std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> points(static_cast<size_t>(kShape.ElementCount()));
  const size_t channel = points.size() / static_cast<size_t>(kShape[1]);
  std::mt19937 random(1);
  for (size_t i = 0; i < points.size(); ++i) {
    const auto bits = static_cast<uint32_t>(random());
    if (i % channel < kSpecial.size()) {
      points[i] = kSpecial[i % channel];
    } else if (i % 2 == 0) {
      points[i] = std::bit_cast<float>(bits);
    } else {
      points[i] = static_cast<float>(static_cast<int32_t>(bits)) * 0x1p-28F;
    }
  }
  return points;
}

// How far results are from f(x) = x > 0 ? x : α·x, computed in double.
class Differences {
 public:
  void Add(float x, float a, float got) {
    const double want = x > 0 ? double{x} : double{a} * x;
    const auto nearest = static_cast<float>(want);
    if (got == nearest || (std::isnan(got) && std::isnan(nearest))) {
      if (std::isfinite(got)) AddFinite(got, want);
    } else if (std::isfinite(got) && std::isfinite(nearest)) {
      AddFinite(got, want);
    } else {
      const size_t place = std::isnan(x) ? 3 : std::isfinite(x) ? 0 : x < 0 ? 1 : 2;
      elsewhere_[place] = std::isnan(got)     ? "NaN"
                          : got == kInfinity  ? "∞"
                          : got == -kInfinity ? "−∞"
                                              : fmt::format("{}", got);
    }
  }

  // "≤ 2⁻²⁴; NaN at x = +∞".
  std::string Text() const {
    constexpr std::array kPlaces = {"large numbers", "x = −∞", "x = +∞", "x = NaN"};
    std::string text = FiniteText();
    for (size_t i = 0; i < kPlaces.size(); ++i) {
      if (!elsewhere_[i].empty()) text += fmt::format("; {} at {}", elsewhere_[i], kPlaces[i]);
    }
    return text;
  }

 private:
  // In powers of two, so that no machine's last digit is seen.
  std::string FiniteText() const {
    if (largest_ == 0) return "0";
    if (largest_ <= 0x1p-24) return "≤ 2⁻²⁴";
    if (largest_ <= 0x1p-23) return "≤ 2⁻²³";
    if (largest_ <= 0x1p-22) return "≤ 2⁻²²";
    return fmt::format("not the same: {:.2g}", largest_);
  }

  void AddFinite(float got, double want) {
    const double scale = std::max(std::abs(want), double{std::numeric_limits<float>::min()});
    largest_ = std::max(largest_, std::abs(got - want) / scale);
  }

  double largest_ = 0;  // relative; of results below the smallest normal number, to that
  std::array<std::string, 4> elsewhere_;
};

const Tensor& ConstantNamed(const Graph& graph, std::string_view name) {
  ValueId id = 0;
  while (graph.value(id).name != name) ++id;
  return *graph.constant(id);
}

// The slope at element `i` of x.
float SlopeAt(const Tensor& slopes, size_t i) {
  const auto values = slopes.data<float>();
  const size_t plane = static_cast<size_t>(kShape[2] * kShape[3]);
  if (values.size() == 1) return values[0];
  return values[values.size() == static_cast<size_t>(kShape[1]) ? i / plane : i];
}

// The expression that a graph's output is: "Max(x, Mul(α, x))".
std::string ExpressionText(const Graph& graph, ValueId id) {
  const Value& value = graph.value(id);
  if (value.name == "x") return "x";
  if (value.name == "a") return "α";
  if (const Tensor* constant = graph.constant(id)) {
    return fmt::format("{}", constant->data<float>()[0]);
  }
  for (const Node& node : graph.nodes()) {
    if (node.outputs[0] != id) continue;
    std::vector<std::string> operands;
    for (const ValueId input : node.inputs) operands.push_back(ExpressionText(graph, input));
    if (node.op == "Rectifier" && operands[1] == "0") return fmt::format("Relu({})", operands[0]);
    return fmt::format("{}({})", node.op, fmt::join(operands, ", "));
  }
  return "";
}

// "0.1", "−0.3, 0.1, 0.7, 1.3", "from −1 to 1, one per element".
std::string SlopesText(const Tensor& slopes) {
  const auto values = slopes.data<float>();
  if (values.size() > 4) return "−1 to 1, one per element";
  std::string text = fmt::format("{}", fmt::join(values, ", "));
  if (text[0] == '-') text = "−" + text.substr(1);
  return text + (values.size() > 1 ? ", one per channel" : "");
}

// "jit" of "jit:avx2".
std::string WithoutInstructionSet(const std::string& implementation) {
  return implementation.substr(0, implementation.find(':'));
}

std::string StepNames(const Program& program) {
  std::string text;
  for (const StepInfo& step : program.steps()) {
    text += fmt::format("{}{}, {}", text.empty() ? "" : "; ", step.op,
                        WithoutInstructionSet(step.implementation));
  }
  return text;
}

// A bar ends a cell.
std::string Cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != std::string::npos; at += 2) {
    text.insert(at, 1, '\\');
  }
  return text;
}

// A row of the table, cells with what `rectifier inspect` calls the columns of the same names.
std::string Row(const Spelling& spelling, const Tensor& points) {
  const Graph before =
      TypedGraph(fmt::format("input %x: f32[1, 4, 500, 500]\nconst %a: {}\n{}output %y\n",
                             spelling.slopes, spelling.graph));
  Graph after = before;
  const PassOptions options{.disabled = {}, .relaxed_forms = spelling.relaxed};
  const PassContext context{NewOneDnnCompiler, spelling.relaxed};
  const auto passes = RunPasses(after, context, options, SteadyClock());
  if (!passes.ok()) ADD_FAILURE() << Message(passes.status());
  const auto program = MustCompile(*NewCompiler(), after);
  if (program == nullptr) return "";

  const std::vector<Tensor> outputs = RunProgram(*program, std::span(&points, 1));
  const auto got = outputs[0].data<float>();
  const auto x = points.data<float>();
  const Tensor& slopes = ConstantNamed(before, "a");
  Differences in_steps;
  Differences as_it_runs;
  for (size_t i = 0; i < x.size(); ++i) {
    const float a = SlopeAt(slopes, i);
    in_steps.Add(x[i], a, spelling.in_steps(x[i], a));
    as_it_runs.Add(x[i], a, got[i]);
  }

  const std::vector<RectifierInfo> rectifiers = DescribeRectifiers(after, *program);
  const bool recognised = after.nodes().size() == 1 && rectifiers.size() == 1;
  return fmt::format(
      "| {} | {} | `{}` | {} | {} | {} | {} | {} |\n", Cell(spelling.formula), SlopesText(slopes),
      ExpressionText(before, before.outputs()[0].value),
      recognised ? rectifiers[0].origin : "not recognised",
      recognised ? Cell(rectifiers[0].form) : "–",
      recognised ? WithoutInstructionSet(rectifiers[0].implementation) : StepNames(*program),
      in_steps.Text(), as_it_runs.Text());
}

std::string ReadPage(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(SpellingsPageTest, TheTableIsWhatTheProgramDoes) {
  const Tensor points = Tensor::From<float>(kShape, Points());
  std::string table =
      "| spelling | α | graph | slope is | form | runs as | in float32, step by step | as it runs "
      "|\n"
      "|---|---|---|---|---|---|---|---|\n";
  for (const Spelling& spelling : Spellings()) table += Row(spelling, points);

  const std::string path = std::string(RECTIFIER_SOURCE_DIR) + "/docs/leaky-relu-and-prelu.md";
  std::string page = ReadPage(path);
  const size_t begin = page.find(kBegin);
  const size_t end = page.find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const size_t start = begin + kBegin.size();
  if (std::getenv("RECTIFIER_WRITE_PAGES") != nullptr) {
    page.replace(start, end - start, table);
    std::ofstream(path, std::ios::binary) << page;
  } else {
    EXPECT_EQ(page.substr(start, end - start), table);
  }
}

}  // namespace
}  // namespace rectifier
