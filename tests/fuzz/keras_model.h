#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "server/import/keras/keras_file.h"

namespace rectifier {

// What the server does with a Keras file, from its bytes to an answer: containers, network, passes,
// compile, run, all in this process and with the bounds of imported_network.h. Nothing is returned:
// it must neither crash, nor trip a sanitizer, nor take long.
void LoadAndRunKeras(KerasFormat format, std::string_view bytes);

// The same of a file, whose containers are parsed as the server does it: in a process of its own,
// which is this program again, so that its main() must know RunKerasParser(). That process may
// crash.
void LoadAndRunKerasFile(KerasFormat format, const std::filesystem::path& file);

// The same of what that process answers, in the flat form of flat_form.h: all that the server's own
// process believes.
void LoadAndRunFlatForm(std::string_view bytes);

// An answer and what it says.
std::string ToFlatForm(const absl::StatusOr<KerasFile>& file);
absl::StatusOr<KerasFile> FromFlatForm(std::string_view bytes);

// The format of a file of these bytes: a zip file says so first, and all else is read as HDF5.
KerasFormat KerasFormatOf(std::string_view bytes);

}  // namespace rectifier
