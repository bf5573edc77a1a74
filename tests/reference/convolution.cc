#include "tests/reference/attributes.h"
#include "tests/reference/kernels.h"
#include "tests/reference/sliding_axis.h"

namespace rectifier::reference {
namespace {

std::vector<int64_t> Spatial(const Shape& shape) {
  return {shape.dims().begin() + 2, shape.dims().end()};
}

double Bias(Inputs inputs, int64_t channel) {
  return inputs.size() > 2 && inputs[2] != nullptr ? (*inputs[2])[{channel}] : 0;
}

// How a ConvTranspose's output relates to the full one, along one spatial dimension.
struct Crop {
  int64_t begin = 0;
  int64_t output = 0;
};

// The definitions of ONNX ConvTranspose-11: what `output_shape` or SAME ask for is met by cropping
// the total of what is too much; without either, `pads` are cropped.
std::vector<Crop> Crops(const Node& node, const std::vector<int64_t>& kernel,
                        const std::vector<int64_t>& input, const std::vector<int64_t>& strides,
                        const std::vector<int64_t>& dilations) {
  const size_t n = kernel.size();
  const auto pads = IntsOr(node, "pads", std::vector<int64_t>(2 * n, 0));
  const auto output_padding = IntsOr(node, "output_padding", std::vector<int64_t>(n, 0));
  const auto output_shape = IntsOr(node, "output_shape", {});
  const auto auto_pad = AttributeOr<std::string>(node, "auto_pad", "NOTSET");
  std::vector<Crop> crops(n);
  for (size_t i = 0; i < n; ++i) {
    const int64_t full =
        strides[i] * (input[i] - 1) + (kernel[i] - 1) * dilations[i] + 1 + output_padding[i];
    const bool same = auto_pad == "SAME_UPPER" || auto_pad == "SAME_LOWER";
    if (output_shape.empty() && !same) {
      const bool padded = auto_pad == "NOTSET";
      crops[i].begin = padded ? pads[i] : 0;
      crops[i].output = full - crops[i].begin - (padded ? pads[n + i] : 0);
      continue;
    }
    crops[i].output = output_shape.empty() ? input[i] * strides[i] : output_shape[i];
    const int64_t total = full - crops[i].output;
    if (total <= 0) continue;  // nothing to crop; what is missing is added at the end
    const int64_t half = total / 2;
    crops[i].begin = auto_pad == "SAME_UPPER" ? half : total - half;
  }
  return crops;
}

}  // namespace

// y[n, m, o…] = bias[m] + Σ x[n, c, start(o) + k·dilation …] · w[m, c − first(m), k…] over the
// channels c of m's group and the window's positions k, with zeros outside x.
Array Conv(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const Array& w = *inputs[1];
  const int64_t outputs_a_group = w.shape()[0] / AttributeOr<int64_t>(node, "group", 1);
  const auto axes = SlidingAxes(node, Spatial(w.shape()), x.shape());
  Shape shape{x.shape()[0], w.shape()[0]};
  for (const SlidingAxis& axis : axes) shape.push_back(static_cast<int64_t>(axis.starts.size()));
  Array y = Zeros(shape);
  Coordinates from(static_cast<size_t>(x.rank()));
  ForEach(w.shape(), [&](const Coordinates& weight) {
    const double factor = w[weight];
    const int64_t channel = weight[0] / outputs_a_group * w.shape()[1] + weight[1];
    Shape places = shape;
    places[1] = 1;  // only those of the output channel weight[0]
    ForEach(places, [&](Coordinates to) {
      to[1] = weight[0];
      from[0] = to[0];
      from[1] = channel;
      for (size_t i = 0; i < axes.size(); ++i) {
        from[2 + i] =
            axes[i].starts[static_cast<size_t>(to[2 + i])] + weight[2 + i] * axes[i].dilation;
      }
      if (x.Contains(from)) y[to] += x[from] * factor;
    });
  });
  ForEach(shape, [&](const Coordinates& at) { y[at] += Bias(inputs, at[1]); });
  return y;
}

// The gradient of Conv with respect to its input: every element of x adds its multiple of the
// kernel to the output, `stride` apart.
Array ConvTranspose(const Node& node, Inputs inputs) {
  const Array& x = *inputs[0];
  const Array& w = *inputs[1];
  const auto kernel = Spatial(w.shape());
  const size_t n = kernel.size();
  const auto strides = IntsOr(node, "strides", std::vector<int64_t>(n, 1));
  const auto dilations = IntsOr(node, "dilations", std::vector<int64_t>(n, 1));
  const int64_t group = AttributeOr<int64_t>(node, "group", 1);
  const int64_t inputs_a_group = x.shape()[1] / group;
  const auto crops = Crops(node, kernel, Spatial(x.shape()), strides, dilations);
  Shape shape{x.shape()[0], w.shape()[1] * group};
  for (const Crop& crop : crops) shape.push_back(crop.output);
  Array y = Zeros(shape);
  Coordinates to(static_cast<size_t>(x.rank()));
  ForEach(w.shape(), [&](const Coordinates& weight) {
    const double factor = w[weight];
    Shape places = x.shape();
    places[1] = 1;  // only those of the input channel weight[0]
    ForEach(places, [&](Coordinates from) {
      from[1] = weight[0];
      to[0] = from[0];
      to[1] = weight[0] / inputs_a_group * w.shape()[1] + weight[1];
      for (size_t i = 0; i < n; ++i) {
        to[2 + i] = from[2 + i] * strides[i] + weight[2 + i] * dilations[i] - crops[i].begin;
      }
      if (y.Contains(to)) y[to] += x[from] * factor;
    });
  });
  ForEach(shape, [&](const Coordinates& at) { y[at] += Bias(inputs, at[1]); });
  return y;
}

}  // namespace rectifier::reference
