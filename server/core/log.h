#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace rectifier::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format {
  kText,  // for people: time level message key=value …
  kJson,  // for machines: one object a line
};

std::optional<Level> ParseLevel(std::string_view name);    // debug, info, warning, error
std::optional<Format> ParseFormat(std::string_view name);  // text, json

// A named value of a log line. Strings are escaped and cut at 256 bytes (they may be a client's).
struct Field {
  Field(std::string_view field_key, std::string_view text)
      : key(field_key), value(std::string(text)) {}
  Field(std::string_view field_key, const char* text) : key(field_key), value(std::string(text)) {}
  Field(std::string_view field_key, double number) : key(field_key), value(number) {}
  Field(std::string_view field_key, int64_t number) : key(field_key), value(number) {}
  Field(std::string_view field_key, int number) : key(field_key), value(int64_t{number}) {}

  std::string key;
  std::variant<std::string, int64_t, double> value;
};

// Sets the level and format of the process's log (standard error). Call once, before threads start.
void Configure(Level level, Format format);

// One line. Safe from any thread.
void Write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void Debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kDebug, message, fields);
}
inline void Info(std::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kInfo, message, fields);
}
inline void Warning(std::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kWarning, message, fields);
}
inline void Error(std::string_view message, std::initializer_list<Field> fields = {}) {
  Write(Level::kError, message, fields);
}

// The line's body as Write formats it, without the time: for tests.
std::string FormatLine(Format format, Level level, std::string_view message,
                       std::initializer_list<Field> fields);

}  // namespace rectifier::log
