#include "server/engine/onednn/weight_store.h"

namespace rectifier::onednn {

PackedWeight PackFloats(const Desc& desc, std::span<const float> values) {
  PackedWeight packed{desc, AlignedBuffer(desc.get_size())};
  RECTIFIER_CHECK(values.size_bytes() == packed.data.size());
  std::copy(values.begin(), values.end(), reinterpret_cast<float*>(packed.data.data()));
  return packed;
}

std::shared_ptr<const PackedWeight> WeightStore::Find(const std::shared_ptr<const Tensor>& source,
                                                      const std::string& form) {
  const auto found = entries_.find({source.get(), form});
  if (found == entries_.end() || found->second.source.lock() != source) return nullptr;
  return found->second.packed;
}

std::shared_ptr<const PackedWeight> WeightStore::FindOrMake(
    const std::shared_ptr<const Tensor>& source, const std::string& form, const Desc& wanted,
    const std::function<PackedWeight()>& make) {
  if (auto packed = Find(source, form)) return packed;
  const int64_t total = CheckedTotal(wanted.get_size());
  auto packed = std::make_shared<const PackedWeight>(make());
  bytes_ = total;
  entries_[{source.get(), form}] = {source, packed};
  return packed;
}

PackedWeight WeightStore::ReorderBytes(const std::byte* source, const Desc& from,
                                       const Desc& wanted) const {
  PackedWeight packed{wanted, AlignedBuffer(wanted.get_size())};
  // oneDNN takes a pointer to non-const for every memory; the source of a reorder is only read.
  dnnl::memory read(from, engine_, const_cast<std::byte*>(source));
  dnnl::memory written(wanted, engine_, packed.data.data());
  dnnl::stream stream(engine_);
  dnnl::reorder(read, written).execute(stream, read, written);
  stream.wait();
  return packed;
}

PackedWeight WeightStore::Reorder(PackedWeight source, const Desc& wanted) const {
  if (SameLayout(source.desc, wanted)) return {wanted, std::move(source.data)};
  return ReorderBytes(source.data.data(), source.desc, wanted);
}

PackedWeight WeightStore::Reorder(const Tensor& source, const Desc& plain, const Desc& wanted,
                                  float scale) const {
  PackedWeight packed = ReorderBytes(source.bytes().data(), plain, wanted);
  if (scale != 1) {
    auto* values = reinterpret_cast<float*>(packed.data.data());
    for (size_t i = 0; i < packed.data.size() / sizeof(float); ++i) values[i] *= scale;
  }
  return packed;
}

void WeightStore::AddPlain(const std::shared_ptr<const Tensor>& source) {
  Entry& entry = entries_[{source.get(), "plain"}];
  if (entry.source.lock() == source) return;
  bytes_ = CheckedTotal(source->bytes().size());
  entry = {source, nullptr};
}

int64_t WeightStore::CheckedTotal(size_t more) const {
  const int64_t total = bytes_ + static_cast<int64_t>(more);
  if (total > max_bytes_) throw WeightBudgetExceeded{total, max_bytes_};
  return total;
}

}  // namespace rectifier::onednn
