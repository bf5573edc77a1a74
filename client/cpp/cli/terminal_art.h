#pragma once

#include <string>
#include <vector>

#include "client/cpp/cli/image.h"

namespace rectifier::client::cli {

// Larger pictures do not fit beside text.
inline constexpr int kMaxArtSide = 32;

// One line for each row of a gray `image`: each pixel is two of " ░▒▓█", because a terminal's cells
// are about twice as high as they are wide. Empty for a picture above kMaxArtSide.
std::vector<std::string> TerminalArt(const Image& image);

}  // namespace rectifier::client::cli
