#include "server/service/trace_context.h"

#include <algorithm>

namespace rectifier {
namespace {

// "00-" trace id "-" span id "-" flags.
constexpr size_t kTraceIdAt = 3;
constexpr size_t kTraceIdLength = 32;
constexpr size_t kSpanIdAt = kTraceIdAt + kTraceIdLength + 1;
constexpr size_t kSpanIdLength = 16;
constexpr size_t kFlagsAt = kSpanIdAt + kSpanIdLength + 1;
constexpr size_t kLength = kFlagsAt + 2;

bool IsLowerHex(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

bool IsId(std::string_view text) {
  return IsLowerHex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view header) {
  if (header.size() < kLength) return std::nullopt;
  if (header[kTraceIdAt - 1] != '-' || header[kSpanIdAt - 1] != '-' ||
      header[kFlagsAt - 1] != '-') {
    return std::nullopt;
  }
  const std::string_view version = header.substr(0, 2);
  if (!IsLowerHex(version) || version == "ff") return std::nullopt;
  // A later version may have more behind it.
  if (header.size() > kLength && (version == "00" || header[kLength] != '-')) return std::nullopt;
  const TraceContext trace{header.substr(kTraceIdAt, kTraceIdLength),
                           header.substr(kSpanIdAt, kSpanIdLength)};
  if (!IsId(trace.trace_id) || !IsId(trace.span_id)) return std::nullopt;
  if (!IsLowerHex(header.substr(kFlagsAt, 2))) return std::nullopt;
  return trace;
}

std::string_view TraceparentOf(const grpc::ServerContext& context) {
  const auto [first, last] = context.client_metadata().equal_range("traceparent");
  if (first == last || std::next(first) != last) return {};
  return {first->second.data(), first->second.size()};
}

}  // namespace rectifier
