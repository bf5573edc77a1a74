#include <algorithm>
#include <utility>

#include "server/core/status.h"
#include "server/engine/onednn/emit.h"
#include "server/engine/onednn/lowering_table.h"
#include "server/engine/onednn/program_builder.h"
#include "server/engine/resampling.h"
#include "server/ops/resize.h"

namespace rectifier::onednn {
namespace {

Operand EmitResample(ProgramBuilder& builder, const Node& node, const Operand& x, int axis,
                     kernels::Resampling resampling) {
  Dims dims = x.desc.get_dims();
  const kernels::AxisView view = ViewAlong(x.desc, axis);
  dims[static_cast<size_t>(axis)] = static_cast<int64_t>(resampling.taps.size());
  Operand result = builder.Allocate(Dense(dims, PhysicalOrder(x.desc)));
  builder.AddKernel(node.op, "resample", {result, x},
                    [view, resampling = std::move(resampling)](std::span<std::byte* const> memory) {
                      kernels::ResampleAxis(view, resampling, reinterpret_cast<float*>(memory[0]),
                                            reinterpret_cast<const float*>(memory[1]));
                    });
  return result;
}

}  // namespace

// One dimension after the other. oneDNN's resampling knows one of the coordinate modes only.
absl::Status LowerResize(const Node& node, ProgramBuilder& builder) {
  RECTIFIER_ASSIGN_OR_RETURN(const ResizeAttributes attributes, ResizeAttributes::Read(node));
  RECTIFIER_ASSIGN_OR_RETURN(
      const std::vector<ResizedDim> dims,
      ReadResize(builder.graph(), node, attributes, builder.shape(node.inputs[0])));
  Operand x = builder.Get(node.inputs[0]);
  for (size_t i = 0; i < dims.size(); ++i) {
    const ResizedDim& dim = dims[i];
    if (dim.input == dim.output && dim.scale == 1 && dim.roi_start == 0 && dim.roi_end == 1) {
      continue;
    }
    const int axis = static_cast<int>(i);
    std::vector<int64_t> indices;
    if (attributes.mode == ResizeAttributes::Mode::kNearest) {
      indices = NearestIndices(attributes, dim);
    }
    const bool inside = std::find(indices.begin(), indices.end(), -1) == indices.end();
    if (!indices.empty() && inside) {
      x = EmitTake(builder, node.op, x, axis, std::move(indices));
    } else if (!indices.empty()) {
      kernels::Resampling resampling{{}, attributes.extrapolation_value};
      for (const int64_t index : indices) {
        resampling.taps.push_back(index < 0 ? std::vector<kernels::Tap>()
                                            : std::vector<kernels::Tap>{{index, 1.0F}});
      }
      x = EmitResample(builder, node, x, axis, std::move(resampling));
    } else {
      x = EmitResample(builder, node, x, axis, Resample(attributes, dim));
    }
  }
  builder.Set(node.outputs[0], x);
  return absl::OkStatus();
}

}  // namespace rectifier::onednn
