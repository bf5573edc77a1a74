#include "server/core/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <nlohmann/json.hpp>

#include "server/core/check.h"
#include "server/core/line_writer.h"
#include "server/core/mutex.h"

namespace rectifier::log {
namespace {

constexpr size_t kMaxFieldBytes = 256;

// As spdlog's own default logger, which it goes with.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables)
std::atomic<Format> global_format{Format::kText};

std::string_view LevelName(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

spdlog::level::level_enum ToSpdlog(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarning:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

spdlog::logger& Logger() {
  static const std::shared_ptr<spdlog::logger> logger = [] {
    auto made = spdlog::stderr_logger_mt("rectifier");
    made->set_pattern("%v");
    return made;
  }();
  return *logger;
}

// Of the Background that there is.
struct Output {
  Mutex mutex;
  LineWriter* writer RECTIFIER_GUARDED_BY(mutex) = nullptr;
};

Output& TheOutput() {
  static Output output;
  return output;
}

// Time in UTC, RFC 3339 with milliseconds.
std::string Now() {
  const auto now = std::chrono::system_clock::now();
  const auto since_epoch = now.time_since_epoch();
  const auto milliseconds =
      std::chrono::duration_cast<std::chrono::milliseconds>(since_epoch).count() % 1000;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[32];
  std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  return fmt::format("{}.{:03}Z", text, milliseconds);
}

std::string Cut(const std::string& text) {
  if (text.size() <= kMaxFieldBytes) return text;
  return text.substr(0, kMaxFieldBytes) + "…";
}

// ASCII that stands for itself between quotes.
bool NeedsNoEscape(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; });
}

// A JSON string literal; bytes that are not UTF-8 are replaced, control characters escaped.
std::string Quoted(std::string_view text) {
  if (NeedsNoEscape(text)) return fmt::format("\"{}\"", text);
  return nlohmann::json(std::string(text))
      .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

// The same in ASCII, for a terminal, which also acts on DEL and on control characters above 0x7f.
std::string AsciiQuoted(std::string_view text) {
  std::string quoted = nlohmann::json(std::string(text))
                           .dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  for (size_t at = 0; (at = quoted.find('\x7f', at)) != std::string::npos;) {
    quoted.replace(at, 1, "\\u007f");
  }
  return quoted;
}

// A message as it is, unless it could pass for more than one line.
std::string SingleLine(std::string_view message) {
  const bool plain = std::none_of(message.begin(), message.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == '\x7f';
  });
  return plain ? std::string(message) : AsciiQuoted(message);
}

// Plain words stay as they are; anything else is quoted, so that a client's text cannot forge a
// line or a field.
std::string TextValue(const std::string& text) {
  const bool plain =
      !text.empty() &&
      text.find_first_not_of(
          "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/:[]+@,") ==
          std::string::npos;
  return plain ? text : AsciiQuoted(text);
}

std::string ValueText(const Field& field, Format format) {
  if (const auto* text = std::get_if<std::string>(&field.value)) {
    return format == Format::kJson ? Quoted(Cut(*text)) : TextValue(Cut(*text));
  }
  if (const auto* integer = std::get_if<int64_t>(&field.value)) return std::to_string(*integer);
  return nlohmann::json(std::get<double>(field.value)).dump();
}

// With the time and the newline.
std::string WholeLine(Level level, std::string_view message, std::span<const Field> fields) {
  const Format format = global_format;
  const std::string body = FormatLine(format, level, message, fields);
  return format == Format::kText ? fmt::format("{} {}\n", Now(), body)
                                 : fmt::format("{{\"time\":\"{}\",{}}}\n", Now(), body);
}

std::string LostLine(int64_t lost) {
  const Field fields[] = {{"lines", lost}};
  return WholeLine(Level::kWarning, "log lines were lost: standard error did not take them",
                   fields);
}

}  // namespace

std::optional<Level> ParseLevel(std::string_view name) {
  for (const Level level : {Level::kDebug, Level::kInfo, Level::kWarning, Level::kError}) {
    if (LevelName(level) == name) return level;
  }
  return std::nullopt;
}

std::optional<Format> ParseFormat(std::string_view name) {
  if (name == "text") return Format::kText;
  if (name == "json") return Format::kJson;
  return std::nullopt;
}

void Configure(Level level, Format format) {
  global_format = format;
  Logger().set_level(ToSpdlog(level));
}

Background::Background(int fd)
    : writer_(std::make_unique<LineWriter>(LineWriter::Options{.fd = fd, .lost_line = LostLine})) {
  Output& output = TheOutput();
  MutexLock lock(output.mutex);
  RECTIFIER_CHECK(output.writer == nullptr);
  output.writer = writer_.get();
}

Background::~Background() {
  Output& output = TheOutput();
  MutexLock lock(output.mutex);
  output.writer = nullptr;
}

int64_t LostLines() {
  Output& output = TheOutput();
  MutexLock lock(output.mutex);
  return output.writer == nullptr ? 0 : output.writer->lost();
}

bool Enabled(Level level) { return Logger().should_log(ToSpdlog(level)); }

std::string FormatLine(Format format, Level level, std::string_view message,
                       std::span<const Field> fields) {
  if (format == Format::kText) {
    std::string line = fmt::format("{:<7} {}", LevelName(level), SingleLine(message));
    for (const Field& field : fields) {
      line += fmt::format(" {}={}", field.key, ValueText(field, format));
    }
    return line;
  }
  std::string line =
      fmt::format("\"level\":\"{}\",\"message\":{}", LevelName(level), Quoted(message));
  for (const Field& field : fields) {
    line += fmt::format(",{}:{}", Quoted(field.key), ValueText(field, format));
  }
  return line;
}

void Write(Level level, std::string_view message, std::span<const Field> fields, Kind kind) {
  if (!Enabled(level)) return;
  const std::string line = WholeLine(level, message, fields);
  Output& output = TheOutput();
  {
    MutexLock lock(output.mutex);
    if (output.writer != nullptr) {
      output.writer->Write(line, kind == Kind::kRequest ? output.writer->max_bytes() / 4 : 0);
      return;
    }
  }
  Logger().log(ToSpdlog(level), std::string_view(line).substr(0, line.size() - 1));
}

}  // namespace rectifier::log
