#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "server/core/tensor.h"
#include "server/engine/onednn/layout.h"

namespace rectifier::onednn {

// A constant in the form that a primitive reads it in.
struct PackedWeight {
  Desc desc;
  AlignedBuffer data;
};

PackedWeight PackFloats(const Desc& desc, std::span<const float> values);  // as they lie

// Thrown by a WeightStore that would hold more than it may; it ends where dnnl::error does.
struct WeightBudgetExceeded {
  int64_t bytes;      // that it would hold
  int64_t max_bytes;  // that it may
};

// A WeightStore keeps the packed constants that all Programs of one model share. The first Program
// that asks for a form makes it; the others get the same bytes, or pin their primitives to its
// layout.
//
// Threading: one call at a time.
class WeightStore {
 public:
  WeightStore(dnnl::engine engine, int64_t max_bytes)
      : engine_(std::move(engine)), max_bytes_(max_bytes) {}

  // The form of `source` known as `form`, or null when nobody has made it yet.
  std::shared_ptr<const PackedWeight> Find(const std::shared_ptr<const Tensor>& source,
                                           const std::string& form);

  // The same; `make` makes it when it is not there, with the layout `wanted`. What it returns is
  // kept. WeightBudgetExceeded is thrown before `make` would be called.
  std::shared_ptr<const PackedWeight> FindOrMake(const std::shared_ptr<const Tensor>& source,
                                                 const std::string& form, const Desc& wanted,
                                                 const std::function<PackedWeight()>& make);

  // `source`, whose elements lie as `plain` says, reordered into `wanted` and multiplied by
  // `scale`.
  PackedWeight Reorder(const Tensor& source, const Desc& plain, const Desc& wanted,
                       float scale = 1) const;
  PackedWeight Reorder(PackedWeight source, const Desc& wanted) const;

  // Counts a constant that is used as it is. Throws WeightBudgetExceeded.
  void AddPlain(const std::shared_ptr<const Tensor>& source);

  size_t bytes() const { return static_cast<size_t>(bytes_); }

 private:
  struct Entry {
    // Tells a tensor that died and one at the same address apart, without keeping it alive.
    std::weak_ptr<const Tensor> source;
    std::shared_ptr<const PackedWeight> packed;  // null for a plain one
  };

  // bytes() with `more` added; throws WeightBudgetExceeded.
  int64_t CheckedTotal(size_t more) const;
  PackedWeight ReorderBytes(const std::byte* source, const Desc& from, const Desc& wanted) const;

  std::map<std::pair<const Tensor*, std::string>, Entry> entries_;
  dnnl::engine engine_;
  int64_t max_bytes_;
  int64_t bytes_ = 0;
};

}  // namespace rectifier::onednn
