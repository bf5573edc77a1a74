// What the machine's cores do at most, on one or more threads at once: fused multiply-adds of f32
// on registers alone, in GFLOP/s (one is two operations), and reading memory that no cache holds,
// in GB/s, both of all threads together. Prints the two.

#include <immintrin.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <iostream>
#include <thread>
#include <vector>

namespace {

// Enough chains for two units of four cycles each, and room for them in 16 registers.
constexpr int kChains = 12;
constexpr int64_t kRepeats = 20'000;

// Written out for each width: the compiler must not make one loop of the other.
__attribute__((target("avx512f"))) float Run512() {
  __m512 sums[kChains];
  for (__m512& sum : sums) sum = _mm512_set1_ps(1.0F);
  const __m512 factor = _mm512_set1_ps(0.999999F);
  const __m512 summand = _mm512_set1_ps(1e-6F);
  for (int64_t i = 0; i < kRepeats; ++i) {
#pragma GCC unroll 12
    for (__m512& sum : sums) sum = _mm512_fmadd_ps(sum, factor, summand);
  }
  float total = 0;
  for (const __m512& sum : sums) total += _mm512_cvtss_f32(sum);
  return total;
}

__attribute__((target("avx2,fma"))) float Run256() {
  __m256 sums[kChains];
  for (__m256& sum : sums) sum = _mm256_set1_ps(1.0F);
  const __m256 factor = _mm256_set1_ps(0.999999F);
  const __m256 summand = _mm256_set1_ps(1e-6F);
  for (int64_t i = 0; i < kRepeats; ++i) {
#pragma GCC unroll 12
    for (__m256& sum : sums) sum = _mm256_fmadd_ps(sum, factor, summand);
  }
  float total = 0;
  for (const __m256& sum : sums) total += _mm256_cvtss_f32(sum);
  return total;
}

// Calls `work`, which returns how much it did, on `threads` threads for `seconds`; in billions a
// second. The best of several times, as other load only takes away.
template <typename Work>
double Measure(double seconds, int threads, const Work& work) {
  constexpr int kTimes = 5;
  double best = 0;
  for (int time = 0; time < kTimes; ++time) {
    std::atomic<int64_t> done = 0;
    const auto start = std::chrono::steady_clock::now();
    const auto until = start + std::chrono::duration<double>(seconds / kTimes);
    std::vector<std::thread> running;
    running.reserve(static_cast<size_t>(threads));
    for (int i = 0; i < threads; ++i) {
      running.emplace_back([&, i] {
        while (std::chrono::steady_clock::now() < until) done += work(i);
      });
    }
    for (std::thread& thread : running) thread.join();
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(done) / took.count() / 1e9);
  }
  return best;
}

std::atomic<float> sink = 0;  // so that nothing is left out

double Arithmetic(bool wide, double seconds, int threads) {
  return Measure(seconds, threads, [&](int) {
    sink = wide ? Run512() : Run256();
    return 2 * kRepeats * kChains * (wide ? 16 : 8);
  });
}

__attribute__((target("avx2"))) float Read(const float* from, int64_t count) {
  __m256 sums[8] = {};
  for (int64_t i = 0; i < count; i += 64) {
#pragma GCC unroll 8
    for (int64_t j = 0; j < 8; ++j)
      sums[j] = _mm256_add_ps(sums[j], _mm256_loadu_ps(from + i + 8 * j));
  }
  float total = 0;
  for (const __m256& sum : sums) total += _mm256_cvtss_f32(sum);
  return total;
}

// Each thread goes through a part of its own, larger than any cache, a piece at a time.
double Memory(double seconds, int threads) {
  constexpr int64_t kFloats = int64_t{1} << 26;  // 256 MiB for each thread
  constexpr int64_t kPiece = int64_t{1} << 18;
  const std::vector<float> memory(static_cast<size_t>(kFloats * threads), 1.0F);
  std::vector<int64_t> at(static_cast<size_t>(threads), 0);
  return Measure(seconds, threads, [&](int thread) {
    int64_t& offset = at[static_cast<size_t>(thread)];
    sink = Read(memory.data() + thread * kFloats + offset, kPiece);
    offset = (offset + kPiece) % kFloats;
    return kPiece * static_cast<int64_t>(sizeof(float));
  });
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 0.5;
  int threads = 1;
  bool narrow = false;
  bool memory = false;
  CLI::App app("Measures what the machine does at most");
  app.add_option("--seconds", seconds, "for each of the two");
  app.add_option("--threads", threads, "threads at once");
  app.add_flag("--avx2", narrow, "256 bits wide on a machine that has 512, too");
  app.add_flag("--memory", memory, "memory as well, which takes another second to set up");
  CLI11_PARSE(app, argc, argv);
  const bool wide = !narrow && __builtin_cpu_supports("avx512f") != 0;
  std::cout << Arithmetic(wide, seconds, threads);
  if (memory) std::cout << " " << Memory(seconds, threads);
  std::cout << "\n";
  return 0;
}
