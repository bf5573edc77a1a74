#pragma once

#include "absl/status/statusor.h"
#include "server/core/clock.h"
#include "server/import/keras/keras_file.h"
#include "server/import/limits.h"

namespace rectifier {

// How the parser's process answers through a pipe: a mark, the length of a header, the header
// (JSON: the texts, and of each weight its name, type and dimensions; or an error), and then the
// elements of the weights, in that order. Integers are of this machine's byte order.

// Writes to an open file. False when it cannot be written to.
bool WriteFlatForm(int fd, const absl::StatusOr<KerasFile>& file);

// Reads what was written there, and believes nothing of it.
//
// Returns the error that the parser has told, which is INVALID_ARGUMENT, UNIMPLEMENTED,
// RESOURCE_EXHAUSTED or, when it could not be confined, FAILED_PRECONDITION, and is printable.
// Errors of the answer itself: DEADLINE_EXCEEDED when it was not complete by `deadline`, DATA_LOSS
// when it ends too early or is not what it should be, RESOURCE_EXHAUSTED when it is above `limits`.
absl::StatusOr<KerasFile> ReadFlatForm(int fd, const ImportLimits& limits, TimePoint deadline,
                                       const Clock& clock);

}  // namespace rectifier
