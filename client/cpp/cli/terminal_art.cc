#include "client/cpp/cli/terminal_art.h"

#include <algorithm>
#include <array>

namespace rectifier::client::cli {

std::vector<std::string> TerminalArt(const Image& image) {
  static constexpr std::array<const char*, 5> kShades = {"  ", "░░", "▒▒", "▓▓", "██"};
  if (image.width > kMaxArtSide || image.height > kMaxArtSide) return {};
  std::vector<std::string> lines;
  for (int y = 0; y < image.height; ++y) {
    std::string line;
    for (int x = 0; x < image.width; ++x) {
      // Written so that NaN is dark.
      const float value = image.at(y, x, 0) > 0 ? std::min(image.at(y, x, 0), 255.0F) : 0;
      const auto shade = static_cast<size_t>(value / 256.0F * static_cast<float>(kShades.size()));
      line += kShades[shade];
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

}  // namespace rectifier::client::cli
