// ONNX's own test cases, as Debian's libonnx-testdata has them, through importer, passes and
// engine. Cases that are not supported are listed in unsupported.txt, in groups that say why; one
// that passes while it is on the list fails this test, as does one that fails without being on it.

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>

#include "server/core/status.h"
#include "tests/conformance/onnx_case.h"

namespace rectifier {
namespace {

// Of another release of ONNX where the variable says so.
std::filesystem::path DataFolder() {
  const char* folder = std::getenv("RECTIFIER_ONNX_TESTDATA");
  return folder == nullptr ? "/usr/share/libonnx-testdata/data" : folder;
}

// The listed cases, and the reason of each: the heading that it stands under.
std::map<std::string, std::string> ReadList() {
  std::ifstream file(RECTIFIER_SOURCE_DIR "/tests/conformance/unsupported.txt");
  std::map<std::string, std::string> list;
  std::string reason;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("# ")) {
      reason = line.substr(2);
    } else if (!line.empty()) {
      EXPECT_TRUE(list.emplace(line, reason).second) << line << " is listed twice";
    }
  }
  return list;
}

class ConformanceTest : public testing::TestWithParam<const char*> {};

TEST_P(ConformanceTest, EveryCaseThatIsNotListedPasses) {
  const std::vector<OnnxCase> cases = FindOnnxCases(DataFolder(), GetParam());
  ASSERT_FALSE(cases.empty()) << "there is no " << DataFolder() / GetParam()
                              << "; install libonnx-testdata";
  const std::map<std::string, std::string> list = ReadList();
  int passed = 0;
  std::map<std::string, int> listed;
  for (const OnnxCase& test : cases) {
    const absl::Status status = RunOnnxCase(test);
    const auto found = list.find(test.name);
    if (found == list.end()) {
      EXPECT_TRUE(status.ok()) << test.name << ": " << Message(status);
      if (status.ok()) ++passed;
    } else {
      // Of what is wrong with the data, newer releases mend some.
      const bool may_pass = found->second.starts_with("the data");
      EXPECT_TRUE(!status.ok() || may_pass) << test.name << " passes: take it off the list";
      ++listed[found->second];
    }
  }
  const int not_supported = [&] {
    int sum = 0;
    for (const auto& [reason, count] : listed) sum += count;
    return sum;
  }();
  std::printf("%s: %d cases, %d supported, %d passed, %d listed\n", GetParam(),
              static_cast<int>(cases.size()), static_cast<int>(cases.size()) - not_supported,
              passed, not_supported);
  for (const auto& [reason, count] : listed) std::printf("  %4d  %s\n", count, reason.c_str());
}

INSTANTIATE_TEST_SUITE_P(Onnx, ConformanceTest,
                         testing::Values("node", "simple", "pytorch-operator", "pytorch-converted"),
                         [](const auto& group) {
                           std::string name = group.param;
                           std::erase(name, '-');
                           return name;
                         });

}  // namespace
}  // namespace rectifier
