#include "server/app/resources.h"

#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <sstream>
#include <string>

namespace rectifier {
namespace {

namespace fs = std::filesystem;

std::optional<std::string> FirstLine(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  return line;
}

// The process's group below the mount of `controller` ("" for version 2), from /proc/self/cgroup:
// lines of "number:controllers:path".
std::optional<fs::path> GroupPath(const fs::path& root, const std::string& controller) {
  std::ifstream in(root / "proc/self/cgroup");
  for (std::string line; std::getline(in, line);) {
    const size_t first = line.find(':');
    const size_t second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string names = "," + line.substr(first + 1, second - first - 1) + ",";
    if (names == "," + controller + "," ||
        (!controller.empty() && names.find("," + controller + ",") != std::string::npos)) {
      return fs::path(line.substr(second + 1)).relative_path();
    }
  }
  return std::nullopt;
}

// Calls `read` with the folder of the process's group and of every group above it. A container
// often sees its own group as the mount's top, under a path that is not there: then only the top
// counts.
template <typename Read>
void ForEachGroup(const fs::path& mount, const fs::path& group, const Read& read) {
  for (fs::path at = group; !at.empty(); at = at.parent_path()) read(mount / at);
  read(mount);
}

std::optional<double> Lower(std::optional<double> a, std::optional<double> b) {
  if (!a || !b) return a ? a : b;
  return std::min(*a, *b);
}

// cpu.max holds "quota period" or "max period".
std::optional<double> QuotaV2(const fs::path& folder) {
  const auto line = FirstLine(folder / "cpu.max");
  double quota = 0;
  double period = 0;
  if (!line || !(std::istringstream(*line) >> quota >> period) || quota <= 0 || period <= 0) {
    return std::nullopt;
  }
  return quota / period;
}

std::optional<double> Number(const fs::path& file) {
  const auto line = FirstLine(file);
  double value = 0;
  if (!line || !(std::istringstream(*line) >> value)) return std::nullopt;
  return value;
}

std::optional<double> QuotaV1(const fs::path& folder) {
  const auto quota = Number(folder / "cpu.cfs_quota_us");
  const auto period = Number(folder / "cpu.cfs_period_us");
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return *quota / *period;
}

int WithinQuota(int cpus, const fs::path& root) {
  const auto quota = CgroupCpuQuota(root);
  if (!quota) return cpus;
  return std::clamp(static_cast<int>(std::min(std::floor(*quota), 1e6)), 1, cpus);
}

}  // namespace

std::vector<int> AllowedCpus() {
  std::vector<int> cpus;
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) != 0) return {0};
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (CPU_ISSET(cpu, &set)) cpus.push_back(cpu);
  }
  return cpus;
}

int PhysicalCores(const std::vector<int>& cpus, const fs::path& root) {
  std::set<std::string> cores;
  for (const int cpu : cpus) {
    const fs::path topology =
        root / "sys/devices/system/cpu" / ("cpu" + std::to_string(cpu)) / "topology";
    const auto siblings = FirstLine(topology / "thread_siblings_list");
    cores.insert(siblings.value_or("cpu " + std::to_string(cpu)));
  }
  return std::max(1, static_cast<int>(cores.size()));
}

std::optional<double> CgroupCpuQuota(const fs::path& root) {
  std::optional<double> quota;
  if (const auto group = GroupPath(root, "")) {
    ForEachGroup(root / "sys/fs/cgroup", *group,
                 [&](const fs::path& folder) { quota = Lower(quota, QuotaV2(folder)); });
  }
  if (const auto group = GroupPath(root, "cpu")) {
    ForEachGroup(root / "sys/fs/cgroup/cpu", *group,
                 [&](const fs::path& folder) { quota = Lower(quota, QuotaV1(folder)); });
  }
  return quota;
}

int CpusWithinQuota(const std::vector<int>& cpus, const fs::path& root) {
  return WithinQuota(static_cast<int>(cpus.size()), root);
}

int DefaultWorkers(const std::vector<int>& cpus, const fs::path& root) {
  return WithinQuota(PhysicalCores(cpus, root), root);
}

int64_t MemoryLimit(const fs::path& root) {
  auto limit =
      static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE));
  const auto lower = [&](const fs::path& file) {
    if (const auto bytes = Number(file); bytes && *bytes > 0) limit = std::min(limit, *bytes);
  };
  if (const auto group = GroupPath(root, "")) {
    ForEachGroup(root / "sys/fs/cgroup", *group,
                 [&](const fs::path& folder) { lower(folder / "memory.max"); });
  }
  if (const auto group = GroupPath(root, "memory")) {
    ForEachGroup(root / "sys/fs/cgroup/memory", *group,
                 [&](const fs::path& folder) { lower(folder / "memory.limit_in_bytes"); });
  }
  return static_cast<int64_t>(limit);
}

}  // namespace rectifier
