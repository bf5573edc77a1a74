#pragma once

#include <optional>

namespace rectifier {

// When the command line says that this process is to parse a Keras file (see parser_process.h):
// gives up what it does not need, parses, answers, and returns the exit code. nullopt otherwise,
// and nothing has been done.
//
// It reads an untrusted file with libraries of which nobody knows what they make of it, so that
// first its memory, time, files and system calls are bounded (seccomp: only reading what it has,
// allocating and answering), for good.
std::optional<int> RunKerasParser(int argc, const char* const* argv);

}  // namespace rectifier
