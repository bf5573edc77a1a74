#include "server/app/config_file.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "server/core/status.h"

namespace rectifier {
namespace {

// Options that a configuration file may set are those that the environment may.
bool IsSetting(const CLI::Option& option) { return !option.get_envname().empty(); }

bool IsNumberOrBool(const std::string& text) {
  if (text == "true" || text == "false") return true;
  return !text.empty() && text.find_first_not_of("0123456789.-") == std::string::npos;
}

// A flag that is off has no value of its own.
std::string ValueOf(const CLI::Option& option) {
  if (option.get_expected_min() == 0)
    return option.count() > 0 && option.as<bool>() ? "true" : "false";
  return option.count() > 0 ? option.results().back() : option.get_default_str();
}

// A TOML string. The literal form needs no escapes, but cannot hold its own quotes.
std::string Quoted(const std::string& text) {
  const bool literal = text.find('\'') == std::string::npos;
  if (literal && text.find_first_of("\"\\") != std::string::npos) return "'" + text + "'";
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r";
  const size_t begin = text.find_first_not_of(kSpaces);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpaces) - begin + 1);
}

// Where the string that `text` begins with ends: at the same quote that begins it.
size_t ClosingQuote(std::string_view text) {
  size_t at = 1;
  while (at < text.size() && text[at] != text[0]) at += text[0] == '"' && text[at] == '\\' ? 2 : 1;
  return at;
}

// The value that `text` begins with: "…" with escapes, '…' as it stands, or a bare word; a comment
// may follow. (CLI11's own reader cuts strings at a '#', and its releases differ in escapes.)
absl::StatusOr<std::string> ReadValue(const std::string& place, std::string_view text) {
  if (text.empty() || (text[0] != '"' && text[0] != '\'')) {
    const std::string_view bare = Trim(text.substr(0, text.find('#')));
    if (bare.empty()) return InvalidArgument(place, "has no value");
    return std::string(bare);
  }
  const size_t end = ClosingQuote(text);
  if (end >= text.size()) return InvalidArgument(place, "the closing {} is missing", text[0]);
  const std::string_view rest = Trim(text.substr(end + 1));
  if (!rest.empty() && rest[0] != '#') return InvalidArgument(place, "something follows its value");
  if (text[0] == '\'') return std::string(text.substr(1, end - 1));
  // A basic string of TOML has the escapes of one of JSON.
  const auto string = nlohmann::json::parse(text.substr(0, end + 1), nullptr, false);
  if (!string.is_string()) return InvalidArgument(place, "is not a string that can be read");
  return string.get<std::string>();
}

absl::Status SetOption(const std::string& place, CLI::Option& option, const std::string& value) {
  try {
    option.add_result(value);
    option.run_callback();
  } catch (const CLI::Error& error) {
    return InvalidArgument(place, "{}", error.what());
  }
  return absl::OkStatus();
}

absl::Status ApplyLine(const std::string& file, std::string_view line, std::set<std::string>& seen,
                       CLI::App& command) {
  if (line[0] == '[') return InvalidArgument(file, "sections are not used here, got {}", line);
  const size_t equals = line.find('=');
  const std::string name(Trim(line.substr(0, equals)));
  if (equals == std::string_view::npos) {
    return InvalidArgument(file, "expected name = value, got '{}'", name);
  }
  CLI::Option* option = command.get_option_no_throw("--" + name);
  if (option == nullptr || !IsSetting(*option)) {
    return InvalidArgument(file, "there is no setting '{}'", name);
  }
  const std::string place = fmt::format("{}: {}", file, name);
  if (!seen.insert(name).second) return InvalidArgument(place, "is set twice");
  RECTIFIER_ASSIGN_OR_RETURN(const std::string value,
                             ReadValue(place, Trim(line.substr(equals + 1))));
  if (option->count() > 0) return absl::OkStatus();
  return SetOption(place, *option, value);
}

}  // namespace

absl::Status ApplyEnvironment(CLI::App& command) {
  for (CLI::Option* option : command.get_options()) {
    if (!IsSetting(*option) || option->count() > 0) continue;
    const std::string name = option->get_envname();
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') continue;
    RECTIFIER_RETURN_IF_ERROR(SetOption(name, *option, value));
  }
  return absl::OkStatus();
}

absl::Status ApplyConfigFile(const std::string& file, CLI::App& command) {
  std::ifstream in(file);
  // A folder can be opened, and reads as nothing.
  std::error_code ignored;
  if (!in || std::filesystem::is_directory(file, ignored)) {
    return NotFound(file, "the configuration file cannot be read");
  }
  std::set<std::string> seen;
  for (std::string line; std::getline(in, line);) {
    const std::string_view text = Trim(line);
    if (text.empty() || text[0] == '#') continue;
    RECTIFIER_RETURN_IF_ERROR(ApplyLine(file, text, seen, command));
  }
  return absl::OkStatus();
}

void PrintConfig(const CLI::App& command, std::ostream& out) {
  for (const CLI::Option* option : command.get_options()) {
    if (!IsSetting(*option)) continue;
    const std::string name = option->get_lnames().front();
    const std::string value = ValueOf(*option);
    // An address looks like a number and is none.
    const bool plain = IsNumberOrBool(value) && name != "host";
    out << name << " = " << (plain ? value : Quoted(value)) << "\n";
  }
}

}  // namespace rectifier
