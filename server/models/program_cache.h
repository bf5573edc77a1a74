#pragma once

#include <list>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "server/core/mutex.h"
#include "server/engine/compiler.h"
#include "server/graph/graph.h"

namespace rectifier {

// A ProgramCache makes the Programs of a model whose inputs have other dynamic dimensions than the
// batch: one for each set of input shapes, when it is first asked for. Those used last are kept.
//
// Threading: safe from any thread. Who asks for a Program that is not there waits while it is made,
// and while another one is; others do not.
class ProgramCache {
 public:
  // `compiler` makes the Programs, `inference` only computes types.
  ProgramCache(Graph graph, std::unique_ptr<Compiler> compiler, std::unique_ptr<Compiler> inference,
               size_t max_programs);

  struct Lookup {
    std::shared_ptr<const Program> program;
    bool built = false;  // now, for this call
    size_t cached = 0;   // Programs that are kept
  };

  // Errors are the compiler's.
  absl::StatusOr<Lookup> Get(std::span<const Shape> input_shapes);

  // The types of the outputs for inputs of these shapes: what Get()'s Program will have.
  absl::StatusOr<std::vector<TensorType>> OutputTypes(std::span<const Shape> input_shapes);

  size_t weight_bytes() const;

 private:
  using Key = std::vector<std::vector<int64_t>>;  // the dimensions of each input

  // Values by key, of which the least recently used one makes room.
  template <typename T>
  class LruMap {
   public:
    explicit LruMap(size_t max_size) : max_size_(max_size) {}
    const T* Find(const Key& key);
    void Insert(const Key& key, T value);
    size_t size() const { return entries_.size(); }

   private:
    using Entries = std::list<std::pair<Key, T>>;  // most recently used first
    size_t max_size_;
    Entries entries_;
    std::map<Key, typename Entries::iterator> index_;
  };

  std::shared_ptr<const Program> Find(const Key& key, size_t* cached);

  const Graph graph_;
  mutable Mutex compile_mutex_;  // taken before mutex_
  const std::unique_ptr<Compiler> compiler_ RECTIFIER_PT_GUARDED_BY(compile_mutex_);
  Mutex inference_mutex_;
  const std::unique_ptr<Compiler> inference_ RECTIFIER_PT_GUARDED_BY(inference_mutex_);
  LruMap<std::vector<TensorType>> output_types_ RECTIFIER_GUARDED_BY(inference_mutex_);
  Mutex mutex_;
  LruMap<std::shared_ptr<const Program>> programs_ RECTIFIER_GUARDED_BY(mutex_);
};

}  // namespace rectifier
