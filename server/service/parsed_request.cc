#include "server/service/parsed_request.h"

#include <utility>

#include "server/core/status.h"
#include "server/service/wire_messages.h"
#include "server/service/wire_scan.h"

namespace rectifier {

absl::Status ParsedRequest::Parse(const ScatteredBytes& bytes) {
  WireParts parts;
  RECTIFIER_RETURN_IF_ERROR(ScanWire(kModelInferWire, bytes, &parts));
  header_ = google::protobuf::Arena::CreateMessage<inference::ModelInferRequest>(&arena_);
  if (!header_->ParseFromString(parts.rest)) return CannotBeParsed(kModelInferWire.name);
  contents_.resize(static_cast<size_t>(header_->inputs_size()));
  for (WireParts::Apart& apart : parts.apart) {
    if (apart.number == inference::ModelInferRequest::kRawInputContentsFieldNumber) {
      raw_.push_back(std::move(apart.bytes));
    } else {
      contents_[static_cast<size_t>(apart.within)] = std::move(apart.bytes);
    }
  }
  return absl::OkStatus();
}

absl::Status CannotBeParsed(std::string_view message) {
  return InvalidArgument(message, "the message cannot be parsed");
}

}  // namespace rectifier
