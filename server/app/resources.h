#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <vector>

namespace rectifier {

// What the machine, the affinity mask and the cgroup leave to this process. `root` is "/" but in
// tests.

// The CPUs of the calling thread's affinity mask.
std::vector<int> AllowedCpus();

// How many physical cores `cpus` are on: hyper-threads of one core count once.
int PhysicalCores(const std::vector<int>& cpus, const std::filesystem::path& root = "/");

// The lowest CPU quota of the process's cgroup (version 2 or 1) and those above it, in CPUs;
// nullopt when there is none.
std::optional<double> CgroupCpuQuota(const std::filesystem::path& root = "/");

// The lower of the CPUs and the quota rounded down, at least 1.
int CpusWithinQuota(const std::vector<int>& cpus, const std::filesystem::path& root = "/");

// The lower of the physical cores and the quota rounded down, at least 1.
int DefaultWorkers(const std::vector<int>& cpus, const std::filesystem::path& root = "/");

// Bytes: the lower of the machine's memory and the cgroup's limits.
int64_t MemoryLimit(const std::filesystem::path& root = "/");

}  // namespace rectifier
