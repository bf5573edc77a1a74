#pragma once

#include <string_view>

namespace rectifier {

// What the server does with a model file, from its bytes to an answer: import, passes, compile,
// run, with bounds that are small enough for a fuzzer. Nothing is returned: it must neither crash,
// nor trip a sanitizer, nor take long.
void LoadAndRunOnnx(std::string_view bytes);

}  // namespace rectifier
