#include <algorithm>
#include <iterator>

#include "tests/unit/engine/graph_writer.h"
#include "tests/unit/engine/operator_cases.h"

namespace rectifier {
namespace {

// Keeps the reference, which is slow, at some ten milliseconds a case.
constexpr int64_t kMostProducts = 2'000'000;

// What Conv and ConvTranspose have in common.
struct Layer {
  std::vector<int64_t> input, kernel, strides, dilations, pads_begin, pads_end;
  int64_t batch = 1;
  int64_t group = 1;
  int64_t in_channels_a_group = 1;
  int64_t out_channels_a_group = 1;

  size_t spatial() const { return input.size(); }
  int64_t extent(size_t i) const { return (kernel[i] - 1) * dilations[i] + 1; }
  int64_t in_channels() const { return group * in_channels_a_group; }
  int64_t out_channels() const { return group * out_channels_a_group; }

  Shape InputShape() const {
    Shape shape{batch, in_channels()};
    for (const int64_t dim : input) shape.push_back(dim);
    return shape;
  }
  std::vector<int64_t> Pads() const {
    std::vector<int64_t> pads = pads_begin;
    pads.insert(pads.end(), pads_end.begin(), pads_end.end());
    return pads;
  }
  // Of a plain convolution; an upper bound of a transposed one's.
  int64_t Products() const {
    int64_t products = batch * out_channels() * in_channels_a_group;
    for (size_t i = 0; i < spatial(); ++i) products *= kernel[i] * (input[i] + 4);
    return products;
  }
};

Layer RandomLayer(Random& random, int64_t spatial) {
  Layer layer;
  const std::vector<int64_t> channels = {1, 3, 5, 16, 17, 32};
  layer.batch = random.Between(1, 3);
  const int64_t kind = random.Between(1, 10);
  if (kind <= 2) {  // depthwise, sometimes with a multiplier
    layer.group = random.Pick(channels);
    layer.out_channels_a_group = random.Chance(70) ? 1 : 2;
  } else {
    layer.group = kind <= 4 ? random.Between(2, 4) : 1;
    layer.in_channels_a_group = random.Pick(channels);
    layer.out_channels_a_group = random.Pick(channels);
  }
  layer.kernel = random.Several(spatial, 1, random.Pick<int64_t>({1, 3, 3, 5}));
  layer.strides = random.Several(spatial, 1, random.Chance(50) ? 1 : 3);
  layer.dilations = random.Several(spatial, 1, random.Chance(70) ? 1 : 3);
  for (size_t i = 0; i < layer.kernel.size(); ++i) {
    const int64_t most = random.Chance(40) ? 0 : std::min<int64_t>(3, layer.extent(i) - 1);
    layer.pads_begin.push_back(random.Between(0, most));
    layer.pads_end.push_back(random.Between(0, most));
    const int64_t least =
        std::max<int64_t>(1, layer.extent(i) - layer.pads_begin[i] - layer.pads_end[i]);
    layer.input.push_back(least + random.Between(0, spatial == 3 ? 3 : 9));
  }
  return layer;
}

// Nothing, one Rectifier or two as post-ops.
std::string RandomPostOps(Random& random, GraphWriter& graph, int64_t channels, size_t spatial) {
  std::string text;
  while (random.Chance(30)) {
    Shape slope{channels};
    for (size_t i = 0; i < spatial; ++i) slope.push_back(1);
    text += fmt::format(" -> Rectifier({})",
                        random.Chance(50) ? graph.Constant(slope) : graph.Constant({}, "0.25"));
  }
  return text;
}

std::string RandomPadding(Random& random, const Layer& layer) {
  if (random.Chance(75)) return fmt::format("pads = {}", ListText(layer.Pads()));
  return random.Chance(50) ? R"(auto_pad = "SAME_UPPER")" : R"(auto_pad = "SAME_LOWER")";
}

// `weights` as a constant; with a bias in half of all cases.
std::string WriteLayer(Random& random, std::string_view op, const Layer& layer,
                       const Shape& weights, const std::string& extra) {
  GraphWriter graph;
  const std::string x = graph.Input(layer.InputShape());
  std::string operands = x + ", " + graph.Constant(weights);
  if (random.Chance(50)) operands += ", " + graph.Constant({layer.out_channels()});
  const std::string node =
      fmt::format("{}({}) {{group = {}, strides = {}, dilations = {}, {}}}", op, operands,
                  layer.group, ListText(layer.strides), ListText(layer.dilations), extra);
  std::string post_ops = RandomPostOps(random, graph, layer.out_channels(), layer.spatial());
  if (op != "Conv" || random.Chance(70)) return graph.Text(graph.Node(node + post_ops));
  // A sum with something of the same shape, which is read once more or may be written over.
  const std::string other = graph.Node(fmt::format("Tanh({})", graph.Node(node)));
  post_ops += fmt::format(" -> Add({})", other);
  post_ops += RandomPostOps(random, graph, layer.out_channels(), layer.spatial());
  const std::string sum = graph.Node(node + post_ops);
  return graph.Text(random.Chance(50) ? sum : graph.Node(fmt::format("Mul({}, {})", sum, other)));
}

Shape WeightsShape(int64_t outer, int64_t inner, const std::vector<int64_t>& kernel) {
  Shape shape{outer, inner};
  for (const int64_t dim : kernel) shape.push_back(dim);
  return shape;
}

std::string ConvCase(Random& random, const Layer& layer, const std::string& padding) {
  return WriteLayer(random, "Conv", layer,
                    WeightsShape(layer.out_channels(), layer.in_channels_a_group, layer.kernel),
                    padding);
}

std::string RandomConv(Random& random, int64_t spatial) {
  while (true) {
    const Layer layer = RandomLayer(random, spatial);
    if (layer.Products() > kMostProducts) continue;
    return ConvCase(random, layer, RandomPadding(random, layer));
  }
}

// One channel, and one result along the last dimension in spite of a stride there.
std::string OneColumn(Random& random, int64_t spatial) {
  Layer layer = RandomLayer(random, spatial);
  layer.group = 1;
  layer.in_channels_a_group = 1;
  layer.strides.back() = random.Between(2, 4);
  const size_t last = layer.spatial() - 1;
  layer.input[0] += 6;
  layer.input[last] =
      std::max<int64_t>(1, layer.extent(last) - layer.pads_begin[last] - layer.pads_end[last]) +
      random.Between(0, layer.strides[last] - 1);
  return ConvCase(random, layer, fmt::format("pads = {}", ListText(layer.Pads())));
}

// Some windows see nothing but padding.
std::string MorePaddingThanKernel(Random& random, int64_t spatial) {
  Layer layer = RandomLayer(random, spatial);
  for (size_t i = 0; i < layer.spatial(); ++i) {
    layer.kernel[i] = random.Between(1, 3);
    layer.input[i] = random.Between(1, 4);
    layer.pads_begin[i] = random.Between(1, layer.extent(i) + 1);
    layer.pads_end[i] = layer.extent(i) + random.Between(0, 1);
  }
  return ConvCase(random, layer, fmt::format("pads = {}", ListText(layer.Pads())));
}

std::string RandomConvTranspose(Random& random, int64_t spatial) {
  while (true) {
    const Layer layer = RandomLayer(random, spatial);
    if (layer.Products() > kMostProducts) continue;
    std::vector<int64_t> output_padding;
    std::vector<int64_t> output_shape;
    bool leaves_something = true;
    for (size_t i = 0; i < layer.spatial(); ++i) {
      output_padding.push_back(random.Between(0, layer.strides[i] - 1));
      const int64_t full = (layer.input[i] - 1) * layer.strides[i] + layer.extent(i);
      leaves_something &= full - layer.pads_begin[i] - layer.pads_end[i] > 0;
      output_shape.push_back(std::max<int64_t>(1, full - random.Between(0, 2)));
    }
    if (!leaves_something) continue;
    std::string extra = RandomPadding(random, layer);
    if (random.Chance(30)) extra += ", output_padding = " + ListText(output_padding);
    if (random.Chance(20)) extra += ", output_shape = " + ListText(output_shape);
    return WriteLayer(random, "ConvTranspose", layer,
                      WeightsShape(layer.in_channels(), layer.out_channels_a_group, layer.kernel),
                      extra);
  }
}

std::string Single(const std::string& op, const Shape& x, const Shape& w, const std::string& rest) {
  GraphWriter graph;
  const std::string input = graph.Input(x);
  return graph.Text(graph.Node(fmt::format("{}({}, {}) {}", op, input, graph.Constant(w), rest)));
}

std::string ConvWithBias(const Shape& x, const Shape& w, const std::string& rest) {
  GraphWriter graph;
  const std::string input = graph.Input(x);
  const std::string weights = graph.Constant(w);
  return graph.Text(
      graph.Node(fmt::format("Conv({}, {}, {}) {}", input, weights, graph.Constant({w[0]}), rest)));
}

}  // namespace

std::vector<std::string> ConvCases(std::string_view /*op*/) {
  std::vector<std::string> cases = {
      // 1×1, with and without strides.
      Single("Conv", {2, 16, 7, 7}, {32, 16, 1, 1}, ""),
      Single("Conv", {2, 17, 7, 5}, {5, 17, 1, 1}, "{strides = [2, 3]}"),
      Single("Conv", {1, 64, 9}, {64, 64, 1}, ""),
      // The kernel covers the whole input.
      Single("Conv", {3, 5, 6, 4}, {7, 5, 6, 4}, ""),
      Single("Conv", {2, 8, 9}, {3, 8, 9}, ""),
      Single("Conv", {2, 2, 3, 4, 5}, {3, 2, 3, 4, 5}, ""),
      Single("Conv", {2, 4, 1, 1}, {6, 4, 1, 1}, ""),
      Single("Conv", {2, 4, 5, 5}, {6, 2, 5, 5}, "{group = 2}"),
      Single("Conv", {2, 3, 4, 4}, {6, 3, 4, 4}, "{pads = [1, 1, 1, 1]}"),
      Single("Conv", {2, 3, 5, 5}, {6, 3, 3, 3}, "{dilations = [2, 2]}"),
      Single("Conv", {2, 3, 5, 5}, {6, 3, 5, 5}, "{strides = [3, 3]}"),
      // First layers, depthwise layers.
      Single("Conv", {2, 3, 32, 32}, {16, 3, 7, 7}, "{strides = [2, 2], pads = [3, 3, 3, 3]}"),
      Single("Conv", {1, 1, 20, 20}, {56, 1, 5, 5}, "{pads = [2, 2, 2, 2]}"),
      Single("Conv", {2, 32, 9, 9}, {32, 1, 3, 3}, "{group = 32, pads = [1, 1, 1, 1]}"),
      Single("Conv", {2, 17, 9, 9}, {34, 1, 3, 3}, "{group = 17}"),
      // Padding larger than the kernel: windows that see nothing of the input.
      Single("Conv", {1, 3, 4, 4}, {4, 3, 2, 2}, "{pads = [3, 4, 5, 3]}"),
  };
  Random random(1);
  for (int i = 0; i < 120; ++i) cases.push_back(RandomConv(random, i % 3 + 1));
  for (int i = 0; i < 40; ++i) cases.push_back(OneColumn(random, i % 2 + 2));
  for (int i = 0; i < 40; ++i) cases.push_back(MorePaddingThanKernel(random, i % 3 + 1));
  // Windows that see nothing, on which oneDNN 3.7 crashes; the first on several threads only.
  cases.push_back(ConvWithBias({1, 1, 1}, {1, 1, 1}, "{pads = [0, 1]}"));
  cases.push_back(
      ConvWithBias({1, 17, 1}, {16, 17, 3}, "{strides = [3], dilations = [3], pads = [5, 7]}"));
  cases.push_back(
      ConvWithBias({3, 5, 1}, {32, 5, 2}, "{strides = [2], dilations = [2], pads = [3, 3]}"));
  cases.push_back(ConvWithBias({1, 48, 1}, {48, 12, 2},
                               "{group = 4, strides = [2], dilations = [2], pads = [1, 3]}"));
  // Two that it got wrong.
  cases.push_back(
      Single("Conv", {3, 1, 6, 2}, {40, 1, 1, 2}, "{strides = [1, 2], pads = [0, 1, 0, 0]}"));
  cases.push_back(Single("Conv", {1, 1, 9, 4}, {6, 1, 4, 3}, "{strides = [1, 3]}"));
  return cases;
}

std::vector<std::string> ConvTransposeCases(std::string_view /*op*/) {
  std::vector<std::string> cases = {
      Single("ConvTranspose", {1, 56, 6, 6}, {56, 1, 9, 9},
             "{strides = [2, 2], pads = [4, 4, 4, 4], output_padding = [1, 1]}"),
      Single("ConvTranspose", {2, 16, 5, 5}, {16, 8, 4, 4},
             "{strides = [2, 2], pads = [1, 1, 1, 1]}"),
      Single("ConvTranspose", {2, 16, 5, 5}, {16, 8, 2, 2}, "{strides = [2, 2]}"),
      Single("ConvTranspose", {2, 16, 5, 5}, {16, 8, 1, 1}, ""),
      Single("ConvTranspose", {2, 8, 1, 1}, {8, 4, 4, 4}, ""),
      Single("ConvTranspose", {2, 8, 5, 5}, {8, 1, 3, 3}, "{group = 8, strides = [2, 2]}"),
      Single("ConvTranspose", {1, 4, 5}, {4, 3, 8}, "{strides = [4], pads = [2, 2]}"),
      Single("ConvTranspose", {1, 4, 3, 3}, {4, 3, 2, 2},
             "{strides = [3, 3], output_padding = [2, 2]}"),
      Single("ConvTranspose", {1, 4, 3, 3}, {4, 3, 3, 3},
             "{strides = [2, 2], output_shape = [10, 9]}"),
      Single("ConvTranspose", {1, 4, 3, 3}, {4, 3, 3, 3},
             R"({strides = [3, 2], auto_pad = "VALID"})"),
      // Phases with fewer taps, with none, and of padding that cuts off, each by itself.
      Single("ConvTranspose", {2, 20, 5, 6}, {20, 32, 3, 3},
             "{strides = [2, 2], pads = [1, 1, 1, 1]}"),
      Single("ConvTranspose", {2, 20, 5, 6}, {20, 32, 5, 3},
             "{strides = [3, 2], pads = [7, 2, 1, 0]}"),
      Single("ConvTranspose", {2, 28, 5, 20}, {28, 94, 5, 2},
             "{strides = [3, 3], pads = [3, 1, 3, 1], output_padding = [2, 1]}"),
      Single("ConvTranspose", {2, 20, 9}, {20, 32, 2}, "{strides = [5]}"),
      Single("ConvTranspose", {2, 3, 40, 40}, {3, 20, 3, 3}, "{strides = [2, 2]}"),
      // Without strides, also of what is cut off.
      Single("ConvTranspose", {2, 20, 5, 6}, {20, 33, 3, 3}, "{pads = [1, 1, 0, 2]}"),
      Single("ConvTranspose", {2, 20, 9, 9}, {20, 8, 2, 3}, "{pads = [4, 3, 1, 0]}"),
      Single("ConvTranspose", {1, 2, 3, 3, 3}, {2, 3, 3, 3, 3}, "{strides = [2, 2, 2]}"),
  };
  Random random(2);
  for (int i = 0; i < 100; ++i) cases.push_back(RandomConvTranspose(random, i % 3 + 1));
  return cases;
}

}  // namespace rectifier
