#include "server/models/probe.h"

#include <algorithm>
#include <array>

#include "server/core/status.h"

namespace rectifier {
namespace {

// Multiples of 32 first, for networks that halve their picture five times.
constexpr std::array<int64_t, 14> kSizes = {64, 32, 128, 224, 256, 512,  48,
                                            16, 8,  4,   2,   1,   1024, 4096};

}  // namespace

bool HasDynamicBatch(const Shape& shape) { return shape.rank() > 0 && shape[0] == kDynamicDim; }

bool HasDynamicDims(const Graph& graph) {
  return std::any_of(graph.inputs().begin(), graph.inputs().end(),
                     [&](ValueId id) { return !graph.value(id).type->shape.IsStatic(); });
}

bool HasDynamicShapes(const Graph& graph) {
  return std::any_of(graph.inputs().begin(), graph.inputs().end(), [&](ValueId id) {
    Shape shape = graph.value(id).type->shape;
    if (HasDynamicBatch(shape)) shape[0] = 1;
    return !shape.IsStatic();
  });
}

std::vector<Shape> InputShapes(const Graph& graph, int64_t batch, int64_t size) {
  std::vector<Shape> shapes;
  for (const ValueId id : graph.inputs()) {
    Shape shape = graph.value(id).type->shape;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] == kDynamicDim) shape[axis] = axis == 0 ? batch : size;
    }
    shapes.push_back(shape);
  }
  return shapes;
}

absl::StatusOr<Probe> CompileProbe(Compiler& compiler, const Graph& graph) {
  absl::Status first;
  for (const int64_t size : kSizes) {
    const std::vector<Shape> shapes = InputShapes(graph, 1, size);
    absl::Status status = compiler.OutputTypes(graph, shapes).status();
    if (status.ok()) {
      auto program = compiler.Compile(graph, shapes);
      if (program.ok()) return Probe{size, *std::move(program)};
      status = program.status();
    }
    if (first.ok()) first = std::move(status);
    if (!HasDynamicShapes(graph)) break;
  }
  return first;
}

}  // namespace rectifier
