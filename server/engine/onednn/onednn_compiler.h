#pragma once

#include <memory>
#include <string>

#include "server/engine/compiler.h"

namespace rectifier {

// A Compiler whose Programs run oneDNN primitives.
std::unique_ptr<Compiler> NewOneDnnCompiler(const CompilerOptions& options);

// "3.2.0".
std::string OneDnnVersion();

// The instruction set that oneDNN uses on this machine, "avx2", "avx512_core", …; it may have been
// lowered with ONEDNN_MAX_CPU_ISA.
std::string OneDnnIsa();

// The size of a core's second level cache.
int64_t CacheBytes();

// Whether the machine has what the engine needs: x86-64 with AVX2. FAILED_PRECONDITION names what
// is missing.
absl::Status CheckCpu();

}  // namespace rectifier
