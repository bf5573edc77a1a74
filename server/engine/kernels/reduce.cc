#include "server/engine/kernels/reduce.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

namespace rectifier::kernels {
namespace {

// What sums of T are kept in; integers wrap around.
template <typename T>
using SumOf = std::conditional_t<std::is_floating_point_v<T>, double, uint64_t>;

// A result of T; integers that would be no number are 0.
template <typename T>
T FromDouble(double value) {
  if (std::is_integral_v<T> && !std::isfinite(value)) return 0;
  return static_cast<T>(value);
}

template <typename T>
struct SumState {
  using State = SumOf<T>;
  static State Begin() { return 0; }
  static void Step(State& state, T x) { state += static_cast<State>(x); }
  static T End(const State& state, int64_t /*count*/) { return static_cast<T>(state); }
};

template <typename T>
struct MeanState : SumState<T> {
  static T End(const SumOf<T>& state, int64_t count) {
    if constexpr (std::is_floating_point_v<T>) {
      return static_cast<T>(state / static_cast<double>(count));
    } else {
      return count == 0 ? T{0} : static_cast<T>(static_cast<int64_t>(state) / count);
    }
  }
};

template <typename T>
struct L1State : SumState<T> {
  static void Step(SumOf<T>& state, T x) {
    state += x < T{0} ? -static_cast<SumOf<T>>(x) : static_cast<SumOf<T>>(x);
  }
};

template <typename T>
struct SumSquareState : SumState<T> {
  static void Step(SumOf<T>& state, T x) {
    state += static_cast<SumOf<T>>(x) * static_cast<SumOf<T>>(x);
  }
};

template <typename T>
struct L2State : SumSquareState<T> {
  static T End(const SumOf<T>& state, int64_t /*count*/) {
    return static_cast<T>(std::sqrt(static_cast<double>(state)));
  }
};

template <typename T>
struct LogSumState : SumState<T> {
  static T End(const SumOf<T>& state, int64_t /*count*/) {
    // The sum of integers has a sign.
    using Sum = std::conditional_t<std::is_integral_v<T>, int64_t, double>;
    return FromDouble<T>(std::log(static_cast<double>(static_cast<Sum>(state))));
  }
};

template <typename T>
struct ProductState : SumState<T> {
  static SumOf<T> Begin() { return 1; }
  static void Step(SumOf<T>& state, T x) { state *= static_cast<SumOf<T>>(x); }
};

// log(Σ exp(x)) with the largest x so far taken out of the sum.
template <typename T>
struct LogSumExpState {
  struct State {
    double largest = -std::numeric_limits<double>::infinity();
    double sum = 0;
  };
  static State Begin() { return {}; }
  static void Step(State& state, T element) {
    const auto x = static_cast<double>(element);
    if (x == state.largest) {
      state.sum += 1;  // also -inf, whose difference to itself is NaN
    } else if (x < state.largest) {
      state.sum += std::exp(x - state.largest);
    } else {
      state.sum = state.sum * std::exp(state.largest - x) + 1;
      state.largest = x;
    }
  }
  static T End(const State& state, int64_t /*count*/) {
    return FromDouble<T>(state.largest + std::log(state.sum));
  }
};

template <typename T>
bool IsNan(T x) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::isnan(x);
  } else {
    return false;
  }
}

template <typename T>
struct MaxState {
  using State = T;
  static T Begin() {
    return std::is_floating_point_v<T> ? -std::numeric_limits<T>::infinity()
                                       : std::numeric_limits<T>::lowest();
  }
  static void Step(T& state, T x) {
    if (x > state || IsNan(x)) state = x;
  }
  static T End(T state, int64_t /*count*/) { return state; }
};

template <typename T>
struct MinState : MaxState<T> {
  static T Begin() {
    return std::is_floating_point_v<T> ? std::numeric_limits<T>::infinity()
                                       : std::numeric_limits<T>::max();
  }
  static void Step(T& state, T x) {
    if (x < state || IsNan(x)) state = x;
  }
};

// Results that lie side by side in x are computed together, so that x is read as it lies.
constexpr int64_t kTogether = 256;

template <typename T, typename Kind>
void Reduce(const Reduction& reduction, std::byte* y_bytes, const std::byte* x_bytes) {
  const T* x = reinterpret_cast<const T*>(x_bytes);
  T* y = reinterpret_cast<T*>(y_bytes);
  int64_t reduced_count = 1;
  for (const int64_t dim : reduction.reduced) reduced_count *= dim;
  const LoopNest<1> reduced(reduction.reduced, {reduction.reduced_strides});
  const LoopNest<2> kept(reduction.kept, {RowMajorStrides(reduction.kept), reduction.kept_strides});
  kept.ForEachRow([&](const auto& at, int64_t count, const auto& steps) {
    for (int64_t first = 0; first < count; first += kTogether) {
      const int64_t some = std::min(kTogether, count - first);
      std::array<typename Kind::State, kTogether> states{};
      std::fill_n(states.begin(), some, Kind::Begin());
      const T* from = x + at[1] + first * steps[1];
      reduced.ForEachRow([&](const auto& r_at, int64_t r_count, const auto& r_steps) {
        if (some > 1 && (steps[1] < r_steps[0] || r_count == 1)) {
          for (int64_t r = 0; r < r_count; ++r) {
            const T* row = from + r_at[0] + r * r_steps[0];
            for (int64_t i = 0; i < some; ++i) {
              Kind::Step(states[static_cast<size_t>(i)], row[i * steps[1]]);
            }
          }
          return;
        }
        for (int64_t i = 0; i < some; ++i) {
          const T* row = from + r_at[0] + i * steps[1];
          auto state = states[static_cast<size_t>(i)];
          for (int64_t r = 0; r < r_count; ++r) Kind::Step(state, row[r * r_steps[0]]);
          states[static_cast<size_t>(i)] = state;
        }
      });
      for (int64_t i = 0; i < some; ++i) {
        y[at[0] + (first + i) * steps[0]] =
            Kind::End(states[static_cast<size_t>(i)], reduced_count);
      }
    }
  });
}

template <typename T>
void ArgReduce(const ArgReduction& reduction, std::byte* y_bytes, const std::byte* x_bytes) {
  const T* x = reinterpret_cast<const T*>(x_bytes);
  auto* y = reinterpret_cast<int64_t*>(y_bytes);
  const LoopNest<2> kept(reduction.kept, {RowMajorStrides(reduction.kept), reduction.kept_strides});
  const auto better = [&](T a, T b) {
    if (IsNan(b)) return false;
    return IsNan(a) || (reduction.largest ? a > b : a < b);
  };
  kept.ForEachRow([&](const auto& at, int64_t count, const auto& steps) {
    for (int64_t i = 0; i < count; ++i) {
      const T* from = x + at[1] + i * steps[1];
      int64_t best = 0;
      for (int64_t j = 1; j < reduction.count; ++j) {
        const T candidate = from[j * reduction.stride];
        const T now = from[best * reduction.stride];
        if (better(candidate, now) || (reduction.last && !better(now, candidate))) best = j;
      }
      y[at[0] + i * steps[0]] = best;
    }
  });
}

template <template <typename> typename Kind>
ReduceFunction OfType(DType type) {
  switch (type) {
    case DType::kFloat32:
      return Reduce<float, Kind<float>>;
    case DType::kInt32:
      return Reduce<int32_t, Kind<int32_t>>;
    case DType::kInt64:
      return Reduce<int64_t, Kind<int64_t>>;
    default:
      return nullptr;
  }
}

struct Entry {
  std::string_view op;
  ReduceFunction (*of_type)(DType type);
};

constexpr std::array kEntries = {
    Entry{"ReduceL1", OfType<L1State>},         Entry{"ReduceL2", OfType<L2State>},
    Entry{"ReduceLogSum", OfType<LogSumState>}, Entry{"ReduceLogSumExp", OfType<LogSumExpState>},
    Entry{"ReduceMax", OfType<MaxState>},       Entry{"ReduceMean", OfType<MeanState>},
    Entry{"ReduceMin", OfType<MinState>},       Entry{"ReduceProd", OfType<ProductState>},
    Entry{"ReduceSum", OfType<SumState>},       Entry{"ReduceSumSquare", OfType<SumSquareState>},
};

}  // namespace

ReduceFunction FindReduction(std::string_view op, DType type) {
  for (const Entry& entry : kEntries) {
    if (entry.op == op) return entry.of_type(type);
  }
  return nullptr;
}

ArgReduceFunction FindArgReduction(DType type) {
  switch (type) {
    case DType::kFloat32:
      return ArgReduce<float>;
    case DType::kInt32:
      return ArgReduce<int32_t>;
    case DType::kInt64:
      return ArgReduce<int64_t>;
    default:
      return nullptr;
  }
}

}  // namespace rectifier::kernels
