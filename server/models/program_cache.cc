#include "server/models/program_cache.h"

#include <utility>

#include "server/core/status.h"

namespace rectifier {
namespace {

// Types of outputs are small; this is many more shapes than there are Programs.
constexpr size_t kMaxOutputTypes = 1024;

std::vector<std::vector<int64_t>> KeyOf(std::span<const Shape> shapes) {
  std::vector<std::vector<int64_t>> key;
  for (const Shape& shape : shapes) key.emplace_back(shape.dims().begin(), shape.dims().end());
  return key;
}

}  // namespace

template <typename T>
const T* ProgramCache::LruMap<T>::Find(const Key& key) {
  const auto found = index_.find(key);
  if (found == index_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return &entries_.front().second;
}

template <typename T>
void ProgramCache::LruMap<T>::Insert(const Key& key, T value) {
  if (entries_.size() >= max_size_) {
    index_.erase(entries_.back().first);
    entries_.pop_back();
  }
  entries_.emplace_front(key, std::move(value));
  index_[key] = entries_.begin();
}

ProgramCache::ProgramCache(Graph graph, std::unique_ptr<Compiler> compiler,
                           std::unique_ptr<Compiler> inference, size_t max_programs)
    : graph_(std::move(graph)),
      compiler_(std::move(compiler)),
      inference_(std::move(inference)),
      output_types_(kMaxOutputTypes),
      programs_(max_programs) {}

std::shared_ptr<const Program> ProgramCache::Find(const Key& key, size_t* cached) {
  MutexLock lock(mutex_);
  *cached = programs_.size();
  const auto* program = programs_.Find(key);
  return program == nullptr ? nullptr : *program;
}

absl::StatusOr<ProgramCache::Lookup> ProgramCache::Get(std::span<const Shape> input_shapes) {
  const Key key = KeyOf(input_shapes);
  Lookup lookup;
  lookup.program = Find(key, &lookup.cached);
  if (lookup.program != nullptr) return lookup;
  MutexLock compiling(compile_mutex_);
  // Another thread may have made it in the meantime.
  lookup.program = Find(key, &lookup.cached);
  if (lookup.program != nullptr) return lookup;
  RECTIFIER_ASSIGN_OR_RETURN(lookup.program, compiler_->Compile(graph_, input_shapes));
  lookup.built = true;
  MutexLock lock(mutex_);
  programs_.Insert(key, lookup.program);
  lookup.cached = programs_.size();
  return lookup;
}

absl::StatusOr<std::vector<TensorType>> ProgramCache::OutputTypes(
    std::span<const Shape> input_shapes) {
  const Key key = KeyOf(input_shapes);
  MutexLock lock(inference_mutex_);
  if (const auto* types = output_types_.Find(key)) return *types;
  RECTIFIER_ASSIGN_OR_RETURN(std::vector<TensorType> types,
                             inference_->OutputTypes(graph_, input_shapes));
  output_types_.Insert(key, types);
  return types;
}

size_t ProgramCache::weight_bytes() const {
  MutexLock lock(compile_mutex_);
  return compiler_->weight_bytes();
}

}  // namespace rectifier
