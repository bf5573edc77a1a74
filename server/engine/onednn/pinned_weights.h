#pragma once

#include <string>

#include "server/engine/onednn/program_builder.h"

namespace rectifier::onednn {

// Makes a primitive descriptor with its weights packed as the first Program packed them, or, when
// this is the first, as the primitive likes best; and packs them.
//
// `make(weights_desc)` makes the descriptor, empty when there is no implementation. `plain` says how
// the elements of the constant `weights` lie, as the primitive sees their dimensions; they are
// multiplied by `scale`, which belongs into the name of the form.
template <typename PrimitiveDesc, typename Make>
PrimitiveDesc MakeWithPinnedWeights(ProgramBuilder& builder, ValueId weights, const Desc& plain,
                                    float scale, const std::string& form, const Make& make, Operand* packed) {
  const auto& tensor = builder.graph().value(weights).constant;
  WeightStore& store = builder.weights();
  if (const auto pinned = store.Find(tensor, form)) {
    if (PrimitiveDesc pd = make(pinned->desc)) {
      *packed = builder.Constant(pinned);
      return pd;
    }
  }
  const Desc any(plain.get_dims(), dnnl::memory::data_type::f32, dnnl::memory::format_tag::any);
  PrimitiveDesc pd = make(any);
  if (!pd) throw dnnl::error(dnnl_unimplemented, "there is no implementation for these shapes");
  // A layout that could not be pinned above is kept beside the first one.
  const bool first = store.Find(tensor, form) == nullptr;
  *packed = builder.Constant(store.FindOrMake(tensor, first ? form : form + " unpinned", [&] {
    return store.Reorder(*tensor, plain, pd.weights_desc(), scale);
  }));
  return pd;
}

}  // namespace rectifier::onednn
