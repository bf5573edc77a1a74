// What the machine's cores do at most in f32: fused multiply-adds on registers alone, on one or
// more threads at once. Prints GFLOP/s (a fused multiply-add is two) of all threads together.

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

double Measure(bool wide, double seconds, int threads) {
  std::atomic<int64_t> operations = 0;
  std::atomic<float> sink = 0;
  const auto start = std::chrono::steady_clock::now();
  const auto until = start + std::chrono::duration<double>(seconds);
  std::vector<std::thread> running;
  for (int i = 0; i < threads; ++i) {
    running.emplace_back([&] {
      while (std::chrono::steady_clock::now() < until) {
        sink = wide ? Run512() : Run256();
        operations += 2 * kRepeats * kChains * (wide ? 16 : 8);
      }
    });
  }
  for (std::thread& thread : running) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  return static_cast<double>(operations) / took.count() / 1e9;
}

}  // namespace

int main(int argc, char** argv) {
  double seconds = 0.5;
  int threads = 1;
  bool narrow = false;
  CLI::App app("Measures the peak of f32 fused multiply-adds");
  app.add_option("--seconds", seconds, "how long");
  app.add_option("--threads", threads, "threads at once");
  app.add_flag("--avx2", narrow, "256 bits wide on a machine that has 512, too");
  CLI11_PARSE(app, argc, argv);
  const bool wide = !narrow && __builtin_cpu_supports("avx512f") != 0;
  // The best of several, as other load only takes away.
  double best = 0;
  for (int i = 0; i < 5; ++i) best = std::max(best, Measure(wide, seconds / 5, threads));
  std::cout << best << "\n";
  return 0;
}
