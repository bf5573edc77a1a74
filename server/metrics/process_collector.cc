#include "server/metrics/process_collector.h"

#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <system_error>
#include <utility>

#include "server/metrics/single_metric.h"

namespace rectifier {
namespace {

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// What proc(5) tells in /proc/self/stat, in its units.
struct ProcessStat {
  uint64_t user_ticks = 0;
  uint64_t system_ticks = 0;
  uint64_t start_ticks = 0;  // after boot
  uint64_t virtual_bytes = 0;
  uint64_t resident_pages = 0;
};

std::optional<ProcessStat> ParseStat(const std::string& text) {
  // The second field is the program's name in parentheses and may itself hold any character.
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(name_end + 1));
  const std::vector<std::string> fields{std::istream_iterator<std::string>(rest), {}};
  ProcessStat stat;
  // proc(5) numbers the fields from 1; the first after the name is 3.
  const std::pair<size_t, uint64_t*> wanted[] = {{14, &stat.user_ticks},
                                                 {15, &stat.system_ticks},
                                                 {22, &stat.start_ticks},
                                                 {23, &stat.virtual_bytes},
                                                 {24, &stat.resident_pages}};
  for (const auto& [number, value] : wanted) {
    if (fields.size() <= number - 3) return std::nullopt;
    std::istringstream field(fields[number - 3]);
    if (!(field >> *value)) return std::nullopt;
  }
  return stat;
}

// The number after `key`, which begins a line of `text`.
std::optional<uint64_t> NumberAfter(const std::string& text, const std::string& key) {
  const size_t place = ("\n" + text).find("\n" + key);
  if (place == std::string::npos) return std::nullopt;
  std::istringstream rest(text.substr(place + key.size()));
  uint64_t number = 0;
  if (!(rest >> number)) return std::nullopt;
  return number;
}

std::optional<uint64_t> CountEntries(const std::string& directory) {
  std::error_code error;
  uint64_t entries = 0;
  for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
       entry.increment(error)) {
    ++entries;
  }
  if (error) return std::nullopt;
  return entries;
}

}  // namespace

ProcessCollector::ProcessCollector(std::string proc) : proc_(std::move(proc)) {}

std::vector<prometheus::MetricFamily> ProcessCollector::Collect() const {
  constexpr auto kCounter = prometheus::MetricType::Counter;
  constexpr auto kGauge = prometheus::MetricType::Gauge;
  std::vector<prometheus::MetricFamily> families;
  if (const auto stat = ParseStat(ReadFile(proc_ + "/self/stat"))) {
    const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
    families.push_back(
        SingleMetric("process_cpu_seconds_total", "User and system CPU time spent.", kCounter,
                     static_cast<double>(stat->user_ticks + stat->system_ticks) / ticks));
    families.push_back(SingleMetric(
        "process_resident_memory_bytes", "Resident memory size.", kGauge,
        static_cast<double>(stat->resident_pages) * static_cast<double>(sysconf(_SC_PAGESIZE))));
    families.push_back(SingleMetric("process_virtual_memory_bytes", "Virtual memory size.", kGauge,
                                    static_cast<double>(stat->virtual_bytes)));
    if (const auto boot = NumberAfter(ReadFile(proc_ + "/stat"), "btime ")) {
      families.push_back(SingleMetric(
          "process_start_time_seconds", "Start time of the process since the Unix epoch.", kGauge,
          static_cast<double>(*boot) + static_cast<double>(stat->start_ticks) / ticks));
    }
  }
  if (const auto open = CountEntries(proc_ + "/self/fd")) {
    families.push_back(SingleMetric("process_open_fds", "Open file descriptors.", kGauge,
                                    static_cast<double>(*open)));
  }
  if (const auto limit = NumberAfter(ReadFile(proc_ + "/self/limits"), "Max open files ")) {
    families.push_back(SingleMetric("process_max_fds", "File descriptors that may be open.", kGauge,
                                    static_cast<double>(*limit)));
  }
  return families;
}

}  // namespace rectifier
