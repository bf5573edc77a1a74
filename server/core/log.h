#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace rectifier {
class LineWriter;
}

namespace rectifier::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format {
  kText,  // for people: time level message key=value …
  kJson,  // for machines: one object a line
};

std::optional<Level> ParseLevel(std::string_view name);    // debug, info, warning, error
std::optional<Format> ParseFormat(std::string_view name);  // text, json

// A named value of a log line. Strings are escaped and cut at 256 bytes (they may be a client's).
// `key` outlives it.
struct Field {
  Field(std::string_view field_key, std::string_view text)
      : key(field_key), value(std::string(text)) {}
  Field(std::string_view field_key, const char* text) : key(field_key), value(std::string(text)) {}
  Field(std::string_view field_key, double number) : key(field_key), value(number) {}
  Field(std::string_view field_key, int64_t number) : key(field_key), value(number) {}
  Field(std::string_view field_key, int number) : key(field_key), value(int64_t{number}) {}

  std::string_view key;
  std::variant<std::string, int64_t, double> value;
};

// Sets the level and format of the process's log (standard error). Call once, before threads start.
void Configure(Level level, Format format);

// While one of it lives, a thread of its own writes the lines, and nobody who logs waits for
// whoever reads standard error; see LineWriter. Otherwise Write() returns when the line is written.
//
// Make one when the signals that threads must not take are blocked, and before other threads log;
// at most one at a time. The destructor writes what waits.
class Background {
 public:
  explicit Background(int fd = 2);  // another than standard error for tests
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

 private:
  std::unique_ptr<LineWriter> writer_;
};

// Lines that the present Background could not write.
int64_t LostLines();

enum class Kind {
  kEvent,    // of the server
  kRequest,  // one of very many: where lines do not find room, these are lost first
};

// Whether Write() would write.
bool Enabled(Level level);

// One line. Safe from any thread.
void Write(Level level, std::string_view message, std::span<const Field> fields,
           Kind kind = Kind::kEvent);
inline void Write(Level level, std::string_view message, std::initializer_list<Field> fields = {}) {
  Write(level, message, std::span<const Field>(fields.begin(), fields.size()));
}

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
                       std::span<const Field> fields);
inline std::string FormatLine(Format format, Level level, std::string_view message,
                              std::initializer_list<Field> fields) {
  return FormatLine(format, level, message, std::span<const Field>(fields.begin(), fields.size()));
}

}  // namespace rectifier::log
