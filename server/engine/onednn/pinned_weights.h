#pragma once

#include <fmt/format.h>

#include <functional>
#include <string>
#include <string_view>

#include "server/engine/onednn/program_builder.h"

namespace rectifier::onednn {

// A constant that a primitive reads in a layout of its own choice.
struct WeightSource {
  ValueId constant;
  Dims dims;         // as the primitive sees it
  std::string form;  // names the way from the constant to these dimensions, for the WeightStore
  std::function<PackedWeight(const Desc& wanted)> pack;
  bool as_stored = false;  // the constant's elements are these dimensions' row-major ones
};

// The elements of `constant` lie as `plain` says, and are multiplied by `scale`.
inline WeightSource PlainWeights(ProgramBuilder& builder, ValueId constant, const Desc& plain,
                                 const std::string& form, float scale = 1) {
  const auto& tensor = builder.graph().value(constant).constant;
  std::string name = fmt::format("{} {}", form, scale);
  for (const int64_t dim : plain.get_dims()) name += fmt::format(" {}", dim);
  return {constant, plain.get_dims(), std::move(name),
          [&builder, tensor, plain, scale](const Desc& wanted) {
            return builder.weights().Reorder(*tensor, plain, wanted, scale);
          },
          scale == 1 && SameLayout(plain, RowMajor(plain.get_dims()))};
}

// Makes a primitive descriptor with its weights packed as the first Program packed them, or, when
// this is the first, as the primitive likes best; and packs them. `make(weights_desc)` makes the
// descriptor, empty when there is no implementation.
template <typename PrimitiveDesc, typename Make>
PrimitiveDesc MakeWithPinnedWeights(ProgramBuilder& builder, const WeightSource& source,
                                    const Make& make, Operand* packed) {
  const auto& tensor = builder.graph().value(source.constant).constant;
  WeightStore& store = builder.weights();
  const auto pinned = store.Find(tensor, source.form);
  const Desc any(source.dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any);
  PrimitiveDesc free = make(any);
  if (!free) throw dnnl::error(dnnl_unimplemented, "there is no implementation for these shapes");
  if (pinned != nullptr) {
    // What the primitive likes best is often what the first one liked: for the same shapes it is
    // then the same primitive, which oneDNN need not look for and generate again. Its reference
    // loops ("ref:any", "conv:any+ref:any") take any layout, at a hundredth of the speed.
    PrimitiveDesc pd = free.weights_desc() == pinned->desc ? free : make(pinned->desc);
    if (pd && std::string_view(pd.impl_info_str()).find("ref") == std::string_view::npos) {
      *packed = builder.Constant(pinned);
      return pd;
    }
  }
  // A layout that could not be pinned is kept beside the first one, under its own name.
  std::string form = source.form;
  if (pinned != nullptr) {
    form += " also";
    for (const int64_t dim : free.weights_desc().get_inner_blks()) form += fmt::format(" {}", dim);
    for (const int64_t index : free.weights_desc().get_inner_idxs())
      form += fmt::format(" @{}", index);
    for (const int64_t stride : free.weights_desc().get_strides())
      form += fmt::format(" {}", stride);
  }
  *packed = builder.Constant(store.FindOrMake(tensor, form, free.weights_desc(),
                                              [&] { return source.pack(free.weights_desc()); }));
  return free;
}

}  // namespace rectifier::onednn
