#pragma once

#include <span>
#include <string_view>

#include "server/passes/pattern.h"

namespace rectifier {

// A way to write f(x) = x > 0 ? x : α · x without saying so.
struct RectifierForm {
  // Which k the form is f for, where it is for some only.
  enum class Bound { kNone, kAtMostOne, kAtLeastOne };
  // α = k_factor · k + m_factor · m + offset, elementwise.
  struct Slope {
    float k_factor = 1;
    float m_factor = 0;
    float offset = 0;
    bool sum_is_one = false;  // the form is f only where k + m = 1
  };

  std::string_view formula;  // as docs and `inspect` write it; k and m are the constants of Times()
  Pattern pattern;
  Slope slope;
  Bound bound = Bound::kNone;
};

// Forms whose result is f's bit for bit, but for the sign of zero, overflow and underflow, and
// (with |x|) infinity.
std::span<const RectifierForm> RectifierForms();

// Forms that round differently: recognised only when that is asked for.
std::span<const RectifierForm> RelaxedRectifierForms();

}  // namespace rectifier
