#include "server/metrics/process_collector.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

namespace rectifier {
namespace {

std::map<std::string, double> Values(const ProcessCollector& collector) {
  std::map<std::string, double> values;
  for (const prometheus::MetricFamily& family : collector.Collect()) {
    const prometheus::ClientMetric& metric = family.metric.at(0);
    values[family.name] =
        family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value;
  }
  return values;
}

// A procfs of our own.
class ProcessCollectorTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::TempDir() + "/procXXXXXX";
    proc_ = mkdtemp(name.data());
    std::filesystem::create_directories(proc_ / "self/fd");
  }
  void TearDown() override { std::filesystem::remove_all(proc_); }

  void Write(const std::string& path, const std::string& text) {
    std::ofstream(proc_ / path) << text;
  }

  std::filesystem::path proc_;
};

TEST_F(ProcessCollectorTest, ReadsTheFieldsAfterANameOfAnyCharacters) {
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  Write("self/stat",
        "77 (a) b (c)) S 1 77 77 0 -1 4194304 10 0 0 0 150 50 0 0 20 0 3 0 1000 8192 3 "
        "18446744073709551615 1 1 0\n");
  Write("stat", "cpu  1 2 3\nintr 5\nbtime 1700000000\n");
  Write("self/limits",
        "Limit                     Soft Limit           Hard Limit           Units\n"
        "Max processes             10                   20                   processes\n"
        "Max open files            1024                 4096                 files\n");
  for (const char* fd : {"0", "1", "2"}) Write(std::string("self/fd/") + fd, "");

  const std::map<std::string, double> values = Values(ProcessCollector(proc_.string()));
  EXPECT_EQ(values.at("process_cpu_seconds_total"), 200 / ticks);
  EXPECT_EQ(values.at("process_virtual_memory_bytes"), 8192);
  EXPECT_EQ(values.at("process_resident_memory_bytes"),
            3 * static_cast<double>(sysconf(_SC_PAGESIZE)));
  EXPECT_EQ(values.at("process_start_time_seconds"), 1700000000 + 1000 / ticks);
  EXPECT_EQ(values.at("process_open_fds"), 3);
  EXPECT_EQ(values.at("process_max_fds"), 1024);
}

TEST_F(ProcessCollectorTest, LeavesOutWhatCannotBeRead) {
  EXPECT_EQ(Values(ProcessCollector("/nonexistent")).size(), 0u);
  Write("self/stat", "77 (short) S 1\n");
  Write("self/limits",
        "Max open files            unlimited            unlimited            files\n");
  const std::map<std::string, double> values = Values(ProcessCollector(proc_.string()));
  EXPECT_EQ(values.size(), 1u);
  EXPECT_EQ(values.count("process_open_fds"), 1u);
}

TEST_F(ProcessCollectorTest, TellsPlausibleNumbersOfThisProcess) {
  const std::map<std::string, double> values = Values(ProcessCollector());
  const double now =
      std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
  EXPECT_EQ(values.size(), 6u);
  EXPECT_GT(values.at("process_resident_memory_bytes"), 1 << 20);
  EXPECT_GE(values.at("process_virtual_memory_bytes"), values.at("process_resident_memory_bytes"));
  EXPECT_GE(values.at("process_open_fds"), 3);
  EXPECT_GT(values.at("process_max_fds"), values.at("process_open_fds"));
  EXPECT_LT(values.at("process_start_time_seconds"), now + 1);
  EXPECT_GT(values.at("process_start_time_seconds"), now - 24 * 3600);
}

}  // namespace
}  // namespace rectifier
