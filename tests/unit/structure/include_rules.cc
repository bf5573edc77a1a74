#include "tests/unit/structure/include_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace rectifier {
namespace {

using Names = std::vector<std::string_view>;

// The folders of the project that a file below `folder` may include. The longest match counts, so
// that a subfolder can have a rule of its own; a folder may always include itself.
struct FolderRule {
  std::string_view folder;
  Names may_include;
};

const std::array kFolderRules = {
    FolderRule{"server/core/", {}},
    FolderRule{"server/graph/", {"server/core/"}},
    FolderRule{"server/ops/", {"server/core/", "server/graph/"}},
    FolderRule{"server/engine/", {"server/core/", "server/graph/", "server/ops/"}},
    FolderRule{"server/passes/",
               {"server/core/", "server/graph/", "server/ops/", "server/engine/"}},
    FolderRule{"server/import/", {"server/core/", "server/graph/", "server/ops/"}},
    FolderRule{"server/batching/", {"server/core/"}},
    FolderRule{"server/models/",
               {"server/core/", "server/graph/", "server/ops/", "server/engine/", "server/passes/",
                "server/import/", "server/batching/"}},
    FolderRule{"server/models/config/",
               {"server/core/", "server/batching/", "server/models/signature.h",
                "proto/model_config.pb.h"}},
    FolderRule{"server/service/", {"server/core/", "server/models/", "proto/"}},
    // The observers that others declare.
    FolderRule{"server/metrics/",
               {"server/core/", "server/batching/", "server/models/", "server/service/"}},
    FolderRule{"server/app/", {"server/", "proto/"}},
    FolderRule{"client/cpp/include/", {}},
    FolderRule{"client/cpp/src/", {"client/cpp/include/", "proto/", "rectifier/"}},
    FolderRule{"client/cpp/cli/", {"client/cpp/include/", "server/core/", "rectifier/"}},
};

// A library's headers, by how they begin, and the only folders that may include them. Of several
// that fit, the first counts.
struct Confinement {
  std::string_view header;
  Names only_in;
};

const std::array kConfinements = {
    Confinement{"dnnl", {"server/engine/onednn/"}},
    Confinement{"oneapi/dnnl", {"server/engine/onednn/"}},
    Confinement{"omp.h", {"server/engine/kernels/", "server/engine/onednn/"}},
    Confinement{"onnx/", {"server/import/onnx/"}},
    Confinement{"hdf5", {"server/import/keras/"}},
    Confinement{"H5", {"server/import/keras/"}},
    Confinement{"zip", {"server/import/keras/"}},
    Confinement{"seccomp", {"server/import/keras/"}},
    Confinement{"grpc/", {"server/service/", "server/app/", "client/"}},
    Confinement{"grpcpp/", {"server/service/", "server/app/", "client/"}},
    Confinement{"proto/model_config",
                {"server/models/config/", "server/service/", "server/app/", "client/"}},
    Confinement{"proto/", {"server/service/", "server/app/", "client/"}},
    Confinement{"prometheus/", {"server/metrics/"}},
    Confinement{"civetweb", {"server/metrics/"}},
    Confinement{"Civet", {"server/metrics/"}},
    Confinement{"spdlog/", {"server/core/"}},
    Confinement{"CLI/", {"server/app/", "client/cpp/cli/"}},
    Confinement{"png", {"client/cpp/cli/"}},
};

bool StartsWithAny(std::string_view text, const Names& prefixes) {
  return std::any_of(prefixes.begin(), prefixes.end(),
                     [&](std::string_view prefix) { return text.starts_with(prefix); });
}

// The header that a line includes, whatever its quotes.
std::optional<std::string_view> IncludedHeader(std::string_view line) {
  const auto skip_blanks = [&line] {
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  };
  skip_blanks();
  if (!line.starts_with('#')) return std::nullopt;
  line.remove_prefix(1);
  skip_blanks();
  if (!line.starts_with("include")) return std::nullopt;
  const size_t begin = line.find_first_of("<\"");
  if (begin == std::string_view::npos) return std::nullopt;
  const size_t end = line.find_first_of(">\"", begin + 1);
  if (end == std::string_view::npos) return std::nullopt;
  return line.substr(begin + 1, end - begin - 1);
}

const FolderRule* RuleFor(std::string_view path) {
  const FolderRule* best = nullptr;
  for (const FolderRule& rule : kFolderRules) {
    const bool longer = best == nullptr || rule.folder.size() > best->folder.size();
    if (path.starts_with(rule.folder) && longer) best = &rule;
  }
  return best;
}

bool IsProjects(std::string_view header) {
  return StartsWithAny(header, {"server/", "client/", "tests/", "proto/"});
}

std::optional<std::string> Violation(std::string_view path, std::string_view header) {
  const auto confinement =
      std::find_if(kConfinements.begin(), kConfinements.end(),
                   [&](const Confinement& any) { return header.starts_with(any.header); });
  if (confinement != kConfinements.end() && !StartsWithAny(path, confinement->only_in)) {
    return fmt::format("{} may be included in {} only", header,
                       fmt::join(confinement->only_in, ", "));
  }
  if (!IsProjects(header)) return std::nullopt;
  const FolderRule* rule = RuleFor(path);
  if (rule == nullptr) return fmt::format("there is no rule for the folder of {}", path);
  if (header.starts_with(rule->folder) || StartsWithAny(header, rule->may_include)) {
    return std::nullopt;
  }
  return fmt::format("{} must not depend on {}", rule->folder, header);
}

}  // namespace

std::vector<std::string> IncludeViolations(std::string_view path, std::string_view text) {
  std::vector<std::string> violations;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = std::min(text.find('\n'), text.size());
    const auto header = IncludedHeader(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!header) continue;
    if (const auto reason = Violation(path, *header)) {
      violations.push_back(fmt::format("{}:{}: {}", path, number, *reason));
    }
  }
  return violations;
}

}  // namespace rectifier
