#include "client/cpp/cli/classification.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace rectifier::client::cli {
namespace {

using std::chrono::duration;
using std::chrono::nanoseconds;

// The smallest latency that at least `share` of the requests stayed within. `sorted` is not empty.
double Percentile(std::span<const nanoseconds> sorted, double share) {
  const auto rank = static_cast<size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return duration<double, std::milli>(sorted[std::max<size_t>(rank, 1) - 1]).count();
}

}  // namespace

std::vector<double> Probabilities(std::span<const float> scores) {
  std::vector<double> result(scores.begin(), scores.end());
  const double sum = std::accumulate(result.begin(), result.end(), 0.0);
  const bool none_negative =
      std::all_of(result.begin(), result.end(), [](double score) { return score >= 0; });
  if (none_negative && std::abs(sum - 1) < 1e-3) return result;
  // Less the largest, so that exp() does not overflow.
  const double largest = *std::max_element(result.begin(), result.end());
  double total = 0;
  for (double& value : result) total += value = std::exp(value - largest);
  for (double& value : result) value /= total;
  return result;
}

Prediction Predict(std::span<const float> scores) {
  const std::vector<double> probabilities = Probabilities(scores);
  const auto best = std::max_element(probabilities.begin(), probabilities.end());
  return {best - probabilities.begin(), *best};
}

std::optional<double> Summary::Accuracy() const {
  if (labelled == 0) return std::nullopt;
  return static_cast<double>(correct) / static_cast<double>(labelled);
}

std::string Summary::ToText() const {
  const double seconds = duration<double>(elapsed).count();
  std::string text = fmt::format("{} pictures in {:.3f} s: {:.0f} pictures/s", pictures, seconds,
                                 seconds > 0 ? static_cast<double>(pictures) / seconds : 0.0);
  if (!latencies.empty()) {
    std::vector<nanoseconds> sorted = latencies;
    std::sort(sorted.begin(), sorted.end());
    text += fmt::format("; {} requests, latency median {:.1f} ms, p99 {:.1f} ms", sorted.size(),
                        Percentile(sorted, 0.5), Percentile(sorted, 0.99));
  }
  text += '\n';
  if (const auto accuracy = Accuracy()) {
    text += fmt::format("accuracy {:.2f} %: {} of {} right\n", *accuracy * 100, correct, labelled);
  }
  return text;
}

Summary Summarize(std::span<const Classified> results, nanoseconds elapsed,
                  std::vector<nanoseconds> latencies) {
  Summary summary;
  summary.pictures = results.size();
  for (const Classified& result : results) {
    if (!result.label) continue;
    ++summary.labelled;
    if (!result.IsWrong()) ++summary.correct;
  }
  summary.elapsed = elapsed;
  summary.latencies = std::move(latencies);
  return summary;
}

}  // namespace rectifier::client::cli
