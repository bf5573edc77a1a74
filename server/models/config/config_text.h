#pragma once

#include <google/protobuf/text_format.h>

#include <string_view>

#include "absl/status/status.h"
#include "proto/model_config.pb.h"
#include "server/models/config/config_section.h"

namespace rectifier {

// Parses protobuf's text format. Fields that this server does not know are all named. Errors begin
// with the file's name and line: INVALID_ARGUMENT for what is no such text, UNIMPLEMENTED
// for unknown fields.
//
// The text is untrusted: how deep it nests is bounded, and its size is by ReadConfigFile().
absl::Status ParseConfigText(std::string_view text, inference::ModelConfig& config,
                             ConfigSection::ParseInfoTree& tree);

}  // namespace rectifier
