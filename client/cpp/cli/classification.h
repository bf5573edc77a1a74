#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace rectifier::client::cli {

struct Prediction {
  int64_t label = 0;
  double confidence = 0;  // the label's probability
};

// The softmax of a network's `scores`. Scores that are a distribution already (none negative, sum 1
// within 1e-3: what a softmax layer puts out) are kept: taking it twice would flatten them.
std::vector<double> Probabilities(std::span<const float> scores);

// The most probable label, the first of equals. `scores` is not empty.
Prediction Predict(std::span<const float> scores);

struct Classified {
  std::string name;
  std::optional<int64_t> label;  // the right answer, where it is known
  Prediction prediction;

  bool IsWrong() const { return label && *label != prediction.label; }
};

// How a run went.
struct Summary {
  size_t pictures = 0;
  size_t labelled = 0;
  size_t correct = 0;
  std::chrono::nanoseconds elapsed{};
  std::vector<std::chrono::nanoseconds> latencies = {};  // one for each request

  // Of the labelled pictures; nullopt when there are none.
  std::optional<double> Accuracy() const;

  // Two lines at most: throughput and latency; accuracy where it is known.
  std::string ToText() const;
};

Summary Summarize(std::span<const Classified> results, std::chrono::nanoseconds elapsed,
                  std::vector<std::chrono::nanoseconds> latencies);

}  // namespace rectifier::client::cli
