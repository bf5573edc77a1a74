#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <string>
#include <vector>

namespace rectifier {

// The process's own metrics under the names that all Prometheus clients use, read from the kernel
// when they are asked for. What cannot be read is left out.
//
// Threading: safe from any thread.
class ProcessCollector final : public prometheus::Collectable {
 public:
  // `proc` is where procfs is mounted; tests bring their own.
  explicit ProcessCollector(std::string proc = "/proc");

  std::vector<prometheus::MetricFamily> Collect() const override;

 private:
  const std::string proc_;
};

}  // namespace rectifier
