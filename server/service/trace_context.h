#pragma once

#include <grpcpp/grpcpp.h>

#include <optional>
#include <string_view>

namespace rectifier {

// The trace that a call is part of, and the caller's span in it: lower-case hexadecimal, 32 and 16
// digits, not all of them zero. Views into what was parsed.
struct TraceContext {
  std::string_view trace_id;
  std::string_view span_id;
};

// Reads the value of a `traceparent` header as the W3C recommendation "Trace Context" (2021) says:
// version 00 exactly, later versions as far as 00 goes. Nothing for what is not valid; the header
// is then to be ignored.
std::optional<TraceContext> ParseTraceparent(std::string_view header);

// The call's `traceparent` header; empty unless there is exactly one. Valid for as long as the
// context is; not while another thread asks the context for its metadata.
std::string_view TraceparentOf(const grpc::ServerContext& context);

}  // namespace rectifier
