#pragma once

#include <string>

#include "client/cpp/cli/classification.h"
#include "client/cpp/cli/image.h"

namespace rectifier::client::cli {

// "0007_label3.png  3  99.8 %", and for a known label "right" or "WRONG, label 8".
std::string ResultLine(const Classified& result);

// The gray `picture` as terminal art with its result beside it, ending in an empty line. Only the
// result's line for a picture that is too large to draw.
std::string DigitCard(const Image& picture, const Classified& result);

}  // namespace rectifier::client::cli
