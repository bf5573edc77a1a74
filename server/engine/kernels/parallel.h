#pragma once

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace rectifier::kernels {

// Calls part(begin, end) for parts of [0, count) that cover it, on as many threads as OpenMP has
// been told to use (omp_set_num_threads), but none for fewer than `least` of them.
template <typename Part>
void ParallelFor(int64_t count, int64_t least, const Part& part) {
#ifndef __SANITIZE_THREAD__  // ThreadSanitizer does not see GNU OpenMP's barriers
  const int64_t threads =
      std::min<int64_t>(omp_get_max_threads(), count / std::max<int64_t>(1, least));
  if (threads > 1) {
#pragma omp parallel num_threads(static_cast <int>(threads))
    {
      const int64_t i = omp_get_thread_num();
      const int64_t of = omp_get_num_threads();
      part(count * i / of, count * (i + 1) / of);
    }
    return;
  }
#endif
  part(0, count);
}

// Calls job(i) for each i below `count`, which are larger parts of the work, on as many threads as
// OpenMP has been told to use: each takes the next one when it is done.
template <typename Job>
void ParallelJobs(int64_t count, const Job& job) {
#ifndef __SANITIZE_THREAD__
  const int64_t threads = std::min<int64_t>(omp_get_max_threads(), count);
  if (threads > 1) {
    std::atomic<int64_t> next = 0;
#pragma omp parallel num_threads(static_cast <int>(threads))
    {
      for (int64_t i = next++; i < count; i = next++) job(i);
    }
    return;
  }
#endif
  for (int64_t i = 0; i < count; ++i) job(i);
}

}  // namespace rectifier::kernels
