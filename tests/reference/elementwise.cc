#include <cmath>

#include "tests/reference/kernels.h"

namespace rectifier::reference {
namespace {

template <typename Function>
Array Unary(Inputs inputs, Function function) {
  Array y = *inputs[0];
  for (double& value : y.values) value = function(value);
  return y;
}

template <typename Function>
Array Binary(Inputs inputs, Function function) {
  Array y = Zeros(BroadcastShape(inputs[0]->shape(), inputs[1]->shape()));
  ForEach(y.shape(), [&](const Coordinates& at) {
    y[at] = function(Broadcast(*inputs[0], at), Broadcast(*inputs[1], at));
  });
  return y;
}

}  // namespace

Array Add(const Node&, Inputs inputs) {
  return Binary(inputs, [](double a, double b) { return a + b; });
}

Array Mul(const Node&, Inputs inputs) {
  return Binary(inputs, [](double a, double b) { return a * b; });
}

Array Identity(const Node&, Inputs inputs) { return *inputs[0]; }

// x > 0 ? x : slope · x; NaN stays NaN.
Array Rectifier(const Node&, Inputs inputs) {
  return Binary(inputs, [](double x, double slope) { return x > 0 ? x : slope * x; });
}

Array Sigmoid(const Node&, Inputs inputs) {
  return Unary(inputs, [](double x) { return 1 / (1 + std::exp(-x)); });
}

Array Tanh(const Node&, Inputs inputs) {
  return Unary(inputs, [](double x) { return std::tanh(x); });
}

}  // namespace rectifier::reference
