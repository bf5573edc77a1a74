#include "server/app/config_file.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

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
  if (option.get_expected_min() == 0) return option.count() > 0 && option.as<bool>() ? "true" : "false";
  return option.count() > 0 ? option.results().back() : option.get_default_str();
}

// A TOML string. The literal form needs no escapes, but cannot hold its own quotes.
std::string Quoted(const std::string& text) {
  const bool literal = text.find('\'') == std::string::npos;
  if (literal && text.find_first_of("\"\\") != std::string::npos) return "'" + text + "'";
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace

absl::Status ApplyConfigFile(const std::string& file, CLI::App& command) {
  std::ifstream in(file);
  // A folder can be opened, and reads as nothing.
  std::error_code ignored;
  if (!in || std::filesystem::is_directory(file, ignored)) {
    return NotFound(file, "the configuration file cannot be read");
  }
  std::vector<CLI::ConfigItem> items;
  try {
    items = CLI::ConfigTOML().from_config(in);
  } catch (const CLI::Error& error) {
    return InvalidArgument(file, "{}", error.what());
  }
  for (const CLI::ConfigItem& item : items) {
    if (!item.parents.empty()) {
      return InvalidArgument(file, "sections are not used here, got [{}]", item.parents.front());
    }
    CLI::Option* option = command.get_option_no_throw("--" + item.name);
    if (option == nullptr || !IsSetting(*option)) {
      return InvalidArgument(file, "there is no setting '{}'", item.name);
    }
    if (option->count() > 0) continue;
    try {
      option->add_result(item.inputs);
      option->run_callback();
    } catch (const CLI::Error& error) {
      return InvalidArgument(file, "{}: {}", item.name, error.what());
    }
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
