#include "tests/unit/passes/network_generator.h"

#include <fmt/format.h>

#include <set>
#include <vector>

#include "tests/unit/engine/graph_writer.h"

namespace rectifier {
namespace {

struct Tensor3 {
  std::string name;
  int64_t channels;
  int64_t height;
  int64_t width;
};

class NetworkGenerator {
 public:
  explicit NetworkGenerator(uint64_t seed) : random_(seed) {}

  std::string Generate() {
    now_ = {"", random_.Between(1, 4), random_.Between(4, 7), random_.Between(4, 7)};
    now_.name = graph_.Input({kDynamicDim, now_.channels, now_.height, now_.width});
    const int64_t layers = random_.Between(2, 8);
    for (int64_t i = 0; i < layers; ++i) AddLayer();
    std::string last = now_.name;
    if (random_.Chance(60)) last = AddHead();
    std::string text = graph_.Text(last);
    outputs_.erase(last);
    for (const std::string& output : outputs_) text += "output " + output + "\n";
    return text;
  }

 private:
  void AddLayer() {
    switch (random_.Between(0, 11)) {
      case 0:
      case 1:
      case 2:
        AddConv();
        break;
      case 3:
        AddConvTranspose();
        break;
      case 4:
        AddNormalization();
        break;
      case 5:
      case 6:
        AddRectifier();
        break;
      case 7:
        AddPool();
        break;
      case 8:
        AddSum();
        break;
      case 9:
        AddWrittenOutNormalization();
        break;
      case 10:
        AddPixelShuffle();
        break;
      default:
        AddNothing();
        break;
    }
    if (random_.Chance(8)) outputs_.insert(now_.name);
    if (random_.Chance(8)) graph_.Node(fmt::format("Tanh({})", now_.name));  // nobody reads it
  }

  void Set(const std::string& expression) { now_.name = graph_.Node(expression); }

  // ", %bias", ", _" or nothing.
  std::string MaybeBias(int64_t channels) {
    if (random_.Chance(20)) return ", _";
    return random_.Chance(50) ? ", " + graph_.Constant({channels}) : "";
  }

  void AddConv() {
    const int64_t group = random_.Chance(70) ? 1 : now_.channels;
    const int64_t outputs = group * random_.Between(1, 3);
    const int64_t kernel = random_.Pick<int64_t>({1, 3});
    const std::string w = graph_.Constant({outputs, now_.channels / group, kernel, kernel});
    Set(fmt::format("Conv({}, {}{}) {{group = {}, pads = {}}}", now_.name, w, MaybeBias(outputs),
                    group, ListText(std::vector<int64_t>(4, kernel / 2))));
    now_.channels = outputs;
    AddFollowers();
  }

  void AddConvTranspose() {
    const int64_t group = random_.Chance(60) ? 1 : now_.channels;
    const int64_t outputs = group * random_.Between(1, 2);
    const int64_t kernel = random_.Pick<int64_t>({1, 3});
    const std::string w = graph_.Constant({now_.channels, outputs / group, kernel, kernel});
    Set(fmt::format("ConvTranspose({}, {}{}) {{group = {}, pads = {}}}", now_.name, w,
                    MaybeBias(outputs), group, ListText(std::vector<int64_t>(4, kernel / 2))));
    now_.channels = outputs;
    AddFollowers();
  }

  void AddFollowers() {
    if (random_.Chance(50)) AddNormalization();
    if (random_.Chance(20)) AddNothing();
    if (random_.Chance(70)) AddRectifier();
  }

  // In [0.5, 2], so that networks neither vanish nor explode.
  std::string Positive(int64_t channels) {
    std::vector<std::string> values;
    for (int64_t i = 0; i < channels; ++i) {
      values.push_back(fmt::format("{}", static_cast<double>(random_.Between(50, 200)) / 100));
    }
    return graph_.Constant({channels}, fmt::format("[{}]", fmt::join(values, ", ")));
  }

  void AddNormalization() {
    const int64_t c = now_.channels;
    // Now and then with parameters that are computed, which must not be folded unless they are
    // constants in the end.
    std::string scale = graph_.Constant({c});
    if (random_.Chance(15)) scale = graph_.Node(fmt::format("Tanh({})", scale));
    const std::string shift = graph_.Constant({c});
    const std::string mean = graph_.Constant({c});
    Set(fmt::format("BatchNormalization({}, {}, {}, {}, {}) {{epsilon = 0.001}}", now_.name, scale,
                    shift, mean, Positive(c)));
  }

  // Over positions, or over channels and positions.
  void AddWrittenOutNormalization() {
    const std::string axes = graph_.Integers(random_.Chance(50) ? std::vector<int64_t>{2, 3}
                                                                : std::vector<int64_t>{1, 2, 3});
    const std::string mean = graph_.Node(fmt::format("ReduceMean({}, {})", now_.name, axes));
    const std::string centred = graph_.Node(fmt::format("Sub({}, {})", now_.name, mean));
    const std::string squares = graph_.Node(fmt::format("Mul({}, {})", centred, centred));
    const std::string variance = graph_.Node(fmt::format("ReduceMean({}, {})", squares, axes));
    const std::string epsilon = graph_.Constant({}, "0.1");
    const std::string sum = graph_.Node(fmt::format("Add({}, {})", variance, epsilon));
    const std::string deviation = graph_.Node(fmt::format("Sqrt({})", sum));
    Set(fmt::format("Div({}, {})", centred, deviation));
    if (random_.Chance(70)) {
      Set(fmt::format("Mul({}, {})", now_.name, graph_.Constant({now_.channels, 1, 1})));
    }
    if (random_.Chance(70)) {
      Set(fmt::format("Add({}, {})", now_.name, graph_.Constant({1, now_.channels, 1, 1})));
    }
    if (random_.Chance(50)) AddRectifier();
  }

  void AddPixelShuffle() {
    if (now_.height > 7 || now_.width > 7) return;
    const int64_t outputs = random_.Between(1, 3);
    const std::string w = graph_.Constant({4 * outputs, now_.channels, 1, 1});
    Set(fmt::format("Conv({}, {}{})", now_.name, w, MaybeBias(4 * outputs)));
    Set(fmt::format("DepthToSpace({}) {{blocksize = 2, mode = \"{}\"}}", now_.name,
                    random_.Chance(70) ? "CRD" : "DCR"));
    now_ = {now_.name, outputs, 2 * now_.height, 2 * now_.width};
    if (random_.Chance(70)) AddRectifier();
  }

  std::string Slope(const std::vector<Shape>& shapes) {
    const Shape shape = random_.Pick(shapes);
    switch (random_.Between(0, 5)) {
      case 0:
        return graph_.Constant(shape, "0.0");
      case 1:
        return graph_.Constant(shape, "1.0");
      case 2:
        return graph_.Constant(shape, "0.1");
      case 3: {
        const std::string half = graph_.Constant({}, "0.5");
        return graph_.Node(fmt::format("Mul({}, {})", graph_.Constant(shape), half));
      }
      default:
        return graph_.Constant(shape);
    }
  }

  // max(x, k·x), taken apart.
  void AddSpelledRectifier() {
    const std::string k = graph_.Constant({}, random_.Chance(50) ? "0.25" : "-0.5");
    const std::string product = graph_.Node(fmt::format("Mul({}, {})", now_.name, k));
    Set(fmt::format("Max({}, {})", now_.name, product));
  }

  // As a network that is trained channels-last is exported.
  void AddChannelsLast() {
    Set(fmt::format("Transpose({}) {{perm = [0, 2, 3, 1]}}", now_.name));
    const std::string bias = graph_.Constant({now_.channels});
    Set(fmt::format("{}({}, {})", random_.Chance(50) ? "Add" : "Mul", now_.name, bias));
    Set(fmt::format("Transpose({}) {{perm = [0, 3, 1, 2]}}", now_.name));
  }

  void AddRectifier() {
    if (random_.Chance(30)) return AddSpelledRectifier();
    if (random_.Chance(30)) AddChannelsLast();
    const auto [name, c, h, w] = now_;
    now_.name = graph_.Rectifier(
        name, Slope({{}, {1}, {c, 1, 1}, {1, c, 1, 1}, {c, h, w}, {h, 1}, {w}, {1, 1, 1, w}}));
  }

  void AddPool() {
    if (now_.height < 2 || now_.width < 2) return;
    Set(fmt::format("{}({}) {{kernel_shape = [2, 2], strides = [2, 2]}}",
                    random_.Chance(50) ? "MaxPool" : "AveragePool", now_.name));
    now_.height /= 2;
    now_.width /= 2;
  }

  // What is already there beside a branch of its own.
  void AddSum() {
    const Tensor3 start = now_;
    const std::string w = graph_.Constant({start.channels, start.channels, 1, 1});
    Set(fmt::format("Conv({}, {})", start.name, w));
    AddRectifier();
    Set(fmt::format("Add({}, {})", now_.name, start.name));
  }

  void AddNothing() {
    switch (random_.Between(0, 4)) {
      case 0:
        return Set(fmt::format("Identity({})", now_.name));
      case 1:
        return Set(fmt::format("Transpose({}) {{perm = [0, 1, 2, 3]}}", now_.name));
      case 2:
        return Set(
            fmt::format("Pad({}, {})", now_.name, graph_.Integers({0, 0, 0, 0, 0, 0, 0, 0})));
      case 3:
        return Set(fmt::format("Reshape({}, {})", now_.name,
                               graph_.Integers({-1, now_.channels, now_.height, now_.width})));
      default:
        return Set(fmt::format("Concat({}) {{axis = 1}}", now_.name));
    }
  }

  std::string AddHead() {
    int64_t features = now_.channels * now_.height * now_.width;
    if (random_.Chance(40)) {
      Set(fmt::format("GlobalAveragePool({})", now_.name));
      features = now_.channels;
    }
    Set(fmt::format("Flatten({})", now_.name));
    const int64_t hidden = random_.Between(1, 9);
    const std::string gemm_weights = graph_.Constant({hidden, features});
    Set(fmt::format("Gemm({}, {}{}) {{alpha = 0.5, transB = 1}}", now_.name, gemm_weights,
                    random_.Chance(50) ? ", " + graph_.Constant({hidden}) : ""));
    now_.name = graph_.Rectifier(now_.name, Slope({{}, {hidden}, {1, hidden}, {1, 1}}));
    if (random_.Chance(30)) Set(fmt::format("Identity({})", now_.name));
    const int64_t classes = random_.Between(1, 5);
    const std::string matrix = graph_.Constant({hidden, classes});
    Set(fmt::format("MatMul({}, {})", now_.name, matrix));
    if (random_.Chance(50)) Set(fmt::format("Add({}, {})", now_.name, graph_.Constant({classes})));
    if (random_.Chance(50)) now_.name = graph_.Rectifier(now_.name, Slope({{}, {classes}}));
    if (random_.Chance(50)) Set(fmt::format("Softmax({})", now_.name));
    return now_.name;
  }

  Random random_;
  GraphWriter graph_;
  Tensor3 now_;
  std::set<std::string> outputs_;
};

}  // namespace

std::string RandomNetwork(uint64_t seed) { return NetworkGenerator(seed).Generate(); }

}  // namespace rectifier
