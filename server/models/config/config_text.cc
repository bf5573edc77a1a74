#include "server/models/config/config_text.h"

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <array>
#include <string>
#include <vector>

#include "server/core/printable.h"
#include "server/core/problems.h"
#include "server/core/status.h"
#include "server/core/utf8.h"
#include "server/models/config/config_file.h"

namespace rectifier {
namespace {

// Of all that is written of Triton, nothing nests as deep.
constexpr int kMaxNesting = 32;

// Fields of Triton's files that have no counterpart here, and why.
struct Counterpart {
  std::string_view field;
  std::string_view instead;
};
constexpr std::array kCounterparts = {
    Counterpart{"batch_input", "a network's inputs are those of its file"},
    Counterpart{"batch_output", "a network's outputs are those of its file"},
    Counterpart{"cc_model_filenames", "a version has one model file"},
    Counterpart{"ensemble_scheduling", "call the models one after the other"},
    Counterpart{"host_policy", "instances run on any of the server's workers"},
    Counterpart{"metric_tags", "metrics are labelled with model and version"},
    Counterpart{"model_metrics", "histograms are always on, with fixed buckets"},
    Counterpart{"model_operations", "no libraries are loaded"},
    Counterpart{"model_repository_agents", "the repository is read as it is"},
    Counterpart{"model_warmup", "every batch size is compiled and tried when the model is loaded"},
    Counterpart{"optimization", "networks are optimized by the server's own passes"},
    Counterpart{"passive", "every instance runs requests"},
    Counterpart{"profile", "networks are compiled for the shapes that they are run at"},
    Counterpart{"rate_limiter", "workers are shared evenly by the models that have work"},
    Counterpart{"runtime", "there is one engine"},
    Counterpart{"secondary_devices", "networks run on CPUs"},
    Counterpart{"sequence_batching", "requests do not depend on each other"},
};

// Without the blanks that they begin with.
std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  while (true) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    lines.push_back(line);
    if (end == text.size()) return lines;
    text.remove_prefix(end + 1);
  }
}

std::string PlaceAt(size_t line) { return fmt::format("{}:{}", kConfigFileName, line + 1); }

class Collector final : public google::protobuf::io::ErrorCollector {
 public:
  Collector(std::string_view text, Problems& problems) : lines_(Lines(text)), problems_(problems) {}

  void AddError(int line, google::protobuf::io::ColumnNumber /*column*/,
                const std::string& message) override {
    // The parser cannot skip a list of messages, so it ends at an unknown field that is one. That
    // this is the matter has been said.
    if (unknown_ && message.starts_with("Expected \"{\", found \"[\"")) return;
    std::string_view what = message;
    if (what.ends_with('.')) what.remove_suffix(1);
    const size_t at = Within(line);
    // The line has the field's name more often than not.
    problems_.Add(
        InvalidArgument(PlaceAt(at), "{} in '{}'", Printable(what, 200), Printable(lines_[at])));
  }

  // Unknown fields are warnings, so that all of them are found.
  void AddWarning(int line, google::protobuf::io::ColumnNumber column,
                  const std::string& message) override {
    constexpr std::string_view kBefore = "has no field named \"";
    const size_t begin = message.find(kBefore);
    if (begin == std::string::npos) return AddError(line, column, message);
    unknown_ = true;
    std::string_view field = std::string_view(message).substr(begin + kBefore.size());
    field = field.substr(0, field.find('"'));
    // The parser tells where the field's value begins.
    size_t at = Within(line);
    while (at > 0 && lines_[at].find(field) == std::string_view::npos) --at;
    const auto* known =
        std::find_if(kCounterparts.begin(), kCounterparts.end(),
                     [&](const Counterpart& counterpart) { return counterpart.field == field; });
    problems_.Add(Unimplemented(
        fmt::format("{}: {}", PlaceAt(at), Printable(field)), "is not supported: {}",
        known != kCounterparts.end() ? known->instead
                                     : "docs/model-configuration.md lists the fields that are"));
  }

 private:
  size_t Within(int line) const {
    return std::min(static_cast<size_t>(std::max(line, 0)), lines_.size() - 1);
  }

  const std::vector<std::string_view> lines_;
  Problems& problems_;
  bool unknown_ = false;  // a field was
};

// INVALID_ARGUMENT with the line of the first byte that is not UTF-8.
absl::Status CheckUtf8(std::string_view text) {
  Utf8Follower follower;
  size_t line = 0;
  for (const char c : text) {
    if (!follower.Take(static_cast<uint8_t>(c))) {
      return InvalidArgument(PlaceAt(line), "is not UTF-8");
    }
    if (c == '\n') ++line;
  }
  if (!follower.complete()) {
    return InvalidArgument(PlaceAt(line), "is not UTF-8");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ParseConfigText(std::string_view text, inference::ModelConfig& config,
                             ConfigSection::ParseInfoTree& tree) {
  RECTIFIER_RETURN_IF_ERROR(CheckUtf8(text));
  Problems problems;
  Collector collector(text, problems);
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&collector);
  parser.WriteLocationsTo(&tree);
  parser.AllowUnknownField(true);
  parser.SetRecursionLimit(kMaxNesting);
  google::protobuf::io::ArrayInputStream stream(text.data(), static_cast<int>(text.size()));
  const bool parsed = parser.Parse(&stream, &config);
  if (problems.empty() && !parsed) {
    return InvalidArgument(kConfigFileName, "is not protobuf's text format");
  }
  return problems.ToStatus();
}

}  // namespace rectifier
