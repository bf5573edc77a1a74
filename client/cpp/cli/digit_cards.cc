#include "client/cpp/cli/digit_cards.h"

#include <fmt/format.h>

#include <algorithm>

#include "client/cpp/cli/terminal_art.h"
#include "client/cpp/cli/text.h"

namespace rectifier::client::cli {
namespace {

std::string Verdict(const Classified& result) {
  if (!result.label) return "";
  return result.IsWrong() ? fmt::format("WRONG, label {}", *result.label) : "right";
}

}  // namespace

std::string ResultLine(const Classified& result) {
  std::string line = fmt::format("{}  {}  {:.1f} %", Printable(result.name),
                                 result.prediction.label, result.prediction.confidence * 100);
  if (result.label) line += "  " + Verdict(result);
  return line + "\n";
}

std::string DigitCard(const Image& picture, const Classified& result) {
  std::vector<std::string> art = TerminalArt(picture);
  if (art.empty()) return ResultLine(result);
  const std::vector<std::string> text = {
      Printable(result.name),
      fmt::format("{}  {:.1f} %", result.prediction.label, result.prediction.confidence * 100),
      Verdict(result)};
  const std::string blank(static_cast<size_t>(2 * picture.width), ' ');
  art.resize(std::max(art.size(), text.size()), blank);
  // The text stands at half height.
  const size_t first = (art.size() - text.size()) / 2;
  std::string card;
  for (size_t i = 0; i < art.size(); ++i) {
    std::string line = "  " + art[i];
    if (i >= first && i - first < text.size()) line += "   " + text[i - first];
    line.erase(line.find_last_not_of(' ') + 1);
    card += line + "\n";
  }
  return card + "\n";
}

}  // namespace rectifier::client::cli
