#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

namespace rectifier {
namespace {

namespace fs = std::filesystem;

// Where a checkout may lie on somebody's machine. Put together here, so that this file has none.
std::array<std::string, 3> MachinePaths() {
  const std::string slash = "/";
  return {slash + "work" + slash, slash + "root" + slash, slash + "home" + slash};
}

bool IsText(const fs::path& path) {
  const std::string extension = path.extension().string();
  for (const char* known : {".cc", ".h", ".py", ".sh", ".md", ".txt", ".yaml", ".yml", ".cmake",
                            ".json", ".proto", ".in", ".toml"}) {
    if (extension == known) return true;
  }
  return extension.empty();
}

TEST(RepositoryRulesTest, NoFileNamesAPathOfSomebodysMachine) {
  const fs::path root(RECTIFIER_SOURCE_DIR);
  for (auto entry = fs::recursive_directory_iterator(root); entry != fs::end(entry); ++entry) {
    const std::string name = entry->path().filename().string();
    if (entry->is_directory() &&
        (name == "build" || name == ".git" || name == ".deps" || name == ".cache")) {
      entry.disable_recursion_pending();
      continue;
    }
    if (!entry->is_regular_file() || !IsText(entry->path())) continue;
    std::ostringstream stream;
    stream << std::ifstream(entry->path()).rdbuf();
    const std::string text = stream.str();
    for (const std::string& path : MachinePaths()) {
      for (size_t at = text.find(path); at != std::string::npos; at = text.find(path, at + 1)) {
        // In the middle of a word it is a part of another path: "network/", a URL.
        const bool whole =
            at == 0 || std::string(" \t\n\"'=(`:").find(text[at - 1]) != std::string::npos;
        EXPECT_FALSE(whole) << entry->path() << " names " << text.substr(at, 40);
      }
    }
  }
}

TEST(RepositoryRulesTest, ADecisionRecordHasAtMost60Lines) {
  for (const auto& entry : fs::directory_iterator(fs::path(RECTIFIER_SOURCE_DIR) / "docs/adr")) {
    std::ifstream file(entry.path());
    int lines = 0;
    for (std::string line; std::getline(file, line);) ++lines;
    EXPECT_LE(lines, 60) << entry.path();
  }
}

}  // namespace
}  // namespace rectifier
