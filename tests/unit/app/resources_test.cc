#include "server/app/resources.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <limits>
#include <string>
#include <string_view>

#include "tests/unit/import/temporary_folder.h"

namespace rectifier {
namespace {

// A machine as /proc and /sys show it.
class FakeRoot {
 public:
  const std::filesystem::path& path() const { return folder_.path(); }

  // The process's cgroup, as /proc/self/cgroup has it.
  FakeRoot& Cgroup(std::string_view lines) { return File("proc/self/cgroup", lines); }
  FakeRoot& File(std::string_view path, std::string_view text) {
    folder_.Write(path, std::string(text) + "\n");
    return *this;
  }
  FakeRoot& Siblings(int cpu, std::string_view siblings) {
    return File(
        "sys/devices/system/cpu/cpu" + std::to_string(cpu) + "/topology/thread_siblings_list",
        siblings);
  }

 private:
  TemporaryFolder folder_;
};

TEST(AllowedCpusTest, AreAtLeastOneAndAscending) {
  const std::vector<int> cpus = AllowedCpus();
  ASSERT_FALSE(cpus.empty());
  for (size_t i = 1; i < cpus.size(); ++i) EXPECT_LT(cpus[i - 1], cpus[i]);
}

TEST(PhysicalCoresTest, ThreadsOfOneCoreCountOnce) {
  FakeRoot root;
  root.Siblings(0, "0,2").Siblings(1, "1,3").Siblings(2, "0,2").Siblings(3, "1,3");
  EXPECT_EQ(PhysicalCores({0, 1, 2, 3}, root.path()), 2);
  EXPECT_EQ(PhysicalCores({0, 2}, root.path()), 1);
  EXPECT_EQ(PhysicalCores({0, 1}, root.path()), 2);
  EXPECT_EQ(PhysicalCores({3}, root.path()), 1);
}

TEST(PhysicalCoresTest, WithoutTheTopologyEveryCpuIsACore) {
  const FakeRoot root;
  EXPECT_EQ(PhysicalCores({0, 1, 5}, root.path()), 3);
}

TEST(PhysicalCoresTest, AreAtLeastOne) {
  const FakeRoot root;
  EXPECT_EQ(PhysicalCores({}, root.path()), 1);
}

TEST(CgroupCpuQuotaTest, WithoutCgroupsThereIsNone) {
  const FakeRoot root;
  EXPECT_EQ(CgroupCpuQuota(root.path()), std::nullopt);
}

TEST(CgroupCpuQuotaTest, Version2IsQuotaByPeriod) {
  FakeRoot root;
  root.Cgroup("0::/kubepods/pod1").File("sys/fs/cgroup/kubepods/pod1/cpu.max", "150000 100000");
  EXPECT_EQ(CgroupCpuQuota(root.path()), 1.5);
}

TEST(CgroupCpuQuotaTest, Version2MaxIsNone) {
  FakeRoot root;
  root.Cgroup("0::/a").File("sys/fs/cgroup/a/cpu.max", "max 100000");
  EXPECT_EQ(CgroupCpuQuota(root.path()), std::nullopt);
}

TEST(CgroupCpuQuotaTest, TheLowestOfTheGroupAndThoseAboveItCounts) {
  FakeRoot root;
  root.Cgroup("0::/a/b/c")
      .File("sys/fs/cgroup/a/cpu.max", "200000 100000")
      .File("sys/fs/cgroup/a/b/cpu.max", "max 100000")
      .File("sys/fs/cgroup/a/b/c/cpu.max", "600000 200000");
  EXPECT_EQ(CgroupCpuQuota(root.path()), 2);
}

// With a namespace of its own, a container's group is the top; without one it is not to be found
// below the mount.
TEST(CgroupCpuQuotaTest, AContainerSeesItsGroupAtTheTop) {
  for (const char* group : {"0::/", "0::/docker/0123abcd", "0::/../other"}) {
    FakeRoot root;
    root.Cgroup(group).File("sys/fs/cgroup/cpu.max", "50000 100000");
    EXPECT_EQ(CgroupCpuQuota(root.path()), 0.5) << group;
  }
}

TEST(CgroupCpuQuotaTest, Version1IsInItsOwnFiles) {
  FakeRoot root;
  root.Cgroup("11:memory:/m\n4:cpu,cpuacct:/a/b\n1:name=systemd:/s")
      .File("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "300000")
      .File("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000")
      .File("sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1")
      .File("sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000");
  EXPECT_EQ(CgroupCpuQuota(root.path()), 3);
}

TEST(CgroupCpuQuotaTest, Version1WithoutAQuotaHasNone) {
  FakeRoot root;
  root.Cgroup("4:cpu,cpuacct:/")
      .File("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1")
      .File("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000");
  EXPECT_EQ(CgroupCpuQuota(root.path()), std::nullopt);
}

TEST(CgroupCpuQuotaTest, FilesThatAreNotAsExpectedAreNoQuota) {
  for (const char* text : {"", "100000", "-1 100000", "0 100000", "100000 0", "x y"}) {
    FakeRoot root;
    root.Cgroup("0::/").File("sys/fs/cgroup/cpu.max", text);
    EXPECT_EQ(CgroupCpuQuota(root.path()), std::nullopt) << text;
  }
  FakeRoot root;
  root.Cgroup("nonsense\n:\n").File("sys/fs/cgroup/cpu.max", "100000 100000");
  EXPECT_EQ(CgroupCpuQuota(root.path()), std::nullopt);
}

TEST(DefaultWorkersTest, AreThePhysicalCoresWithoutAQuota) {
  FakeRoot root;
  root.Siblings(0, "0-1").Siblings(1, "0-1").Siblings(2, "2-3").Siblings(3, "2-3");
  EXPECT_EQ(DefaultWorkers({0, 1, 2, 3}, root.path()), 2);
}

TEST(DefaultWorkersTest, AreTheQuotaRoundedDownAndAtLeastOne) {
  const struct {
    const char* quota;
    int workers;
  } cases[] = {{"50000 100000", 1},  {"100000 100000", 1}, {"190000 100000", 1},
               {"250000 100000", 2}, {"400000 100000", 4}, {"900000 100000", 4},
               {"max 100000", 4}};
  for (const auto& [quota, workers] : cases) {
    FakeRoot root;
    root.Cgroup("0::/").File("sys/fs/cgroup/cpu.max", quota);
    EXPECT_EQ(DefaultWorkers({0, 1, 2, 3}, root.path()), workers) << quota;
  }
}

TEST(CpusWithinQuotaTest, AreTheAllowedOnesOrTheQuotaRoundedDown) {
  EXPECT_EQ(CpusWithinQuota({0, 1, 2, 3}, FakeRoot().path()), 4);
  FakeRoot root;
  root.Cgroup("0::/").File("sys/fs/cgroup/cpu.max", "250000 100000");
  EXPECT_EQ(CpusWithinQuota({0, 1, 2, 3}, root.path()), 2);
  EXPECT_EQ(CpusWithinQuota({0}, root.path()), 1);
}

class MemoryLimitTest : public testing::Test {
 protected:
  const int64_t machine_ = int64_t{sysconf(_SC_PHYS_PAGES)} * sysconf(_SC_PAGESIZE);
  FakeRoot root_;
};

TEST_F(MemoryLimitTest, IsTheMachinesWithoutCgroups) {
  EXPECT_EQ(MemoryLimit(root_.path()), machine_);
}

TEST_F(MemoryLimitTest, IsTheLowestOfVersion2) {
  root_.Cgroup("0::/a/b")
      .File("sys/fs/cgroup/a/memory.max", "1048576")
      .File("sys/fs/cgroup/a/b/memory.max", "2097152");
  EXPECT_EQ(MemoryLimit(root_.path()), 1 << 20);
}

TEST_F(MemoryLimitTest, IsTheMachinesWhenVersion2SaysMax) {
  root_.Cgroup("0::/a").File("sys/fs/cgroup/a/memory.max", "max");
  EXPECT_EQ(MemoryLimit(root_.path()), machine_);
}

TEST_F(MemoryLimitTest, IsVersion1s) {
  root_.Cgroup("9:memory:/a").File("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "3145728");
  EXPECT_EQ(MemoryLimit(root_.path()), 3 << 20);
}

// Version 1's way to say that there is no limit.
TEST_F(MemoryLimitTest, IsNeverAboveTheMachines) {
  root_.Cgroup("9:memory:/a")
      .File("sys/fs/cgroup/memory/a/memory.limit_in_bytes", "9223372036854771712");
  EXPECT_EQ(MemoryLimit(root_.path()), machine_);
}

}  // namespace
}  // namespace rectifier
