// libFuzzer's entry points: every input is what the parser's process answers, in the flat form of a
// Keras file, and is changed as a file. What it begins with may also be models as Keras writes
// them: they stand for their flat form, and each change of one is such a form.

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "server/core/log.h"
#include "server/import/keras/container.h"
#include "tests/fuzz/imported_network.h"
#include "tests/fuzz/keras_model.h"
#include "tests/fuzz/keras_mutator.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

std::string_view View(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

bool IsModelFile(std::string_view bytes) {
  return bytes.starts_with("PK\x03\x04") || bytes.starts_with("\x89HDF\r\n");
}

absl::StatusOr<rectifier::KerasFile> FileOf(std::string_view bytes) {
  if (IsModelFile(bytes)) {
    return rectifier::ReadKerasContainer(rectifier::KerasFormatOf(bytes), "model",
                                         std::as_bytes(std::span(bytes)), rectifier::SmallLimits());
  }
  return rectifier::FromFlatForm(bytes);
}

// The size of what was put there; 0 when it does not fit.
size_t Put(const std::string& bytes, uint8_t* data, size_t max_size) {
  if (bytes.size() > max_size) return 0;
  std::copy(bytes.begin(), bytes.end(), data);
  return bytes.size();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  rectifier::log::Configure(rectifier::log::Level::kError, rectifier::log::Format::kText);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = View(data, size);
  if (!IsModelFile(bytes)) {
    rectifier::LoadAndRunFlatForm(bytes);
  } else if (const auto file = FileOf(bytes); file.ok()) {
    rectifier::LoadAndRunFlatForm(rectifier::ToFlatForm(file));
  }
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  const bool is_model_file = IsModelFile(View(data, size));
  absl::StatusOr<rectifier::KerasFile> file = FileOf(View(data, size));
  // One in 16 is changed as bytes, and so is what is no answer. The bytes of a model file are not:
  // the library that reads HDF5 would not survive it.
  if (!file.ok() && !is_model_file) return LLVMFuzzerMutate(data, size, max_size);
  if (file.ok() && seed % 16 != 0) rectifier::KerasMutator(seed).Mutate(*file);
  const size_t put = Put(rectifier::ToFlatForm(file), data, max_size);
  if (put == 0) return is_model_file ? size : LLVMFuzzerMutate(data, size, max_size);
  return seed % 16 != 0 ? put : LLVMFuzzerMutate(data, put, max_size);
}

extern "C" size_t LLVMFuzzerCustomCrossOver(const uint8_t* data1, size_t size1,
                                            const uint8_t* data2, size_t size2, uint8_t* out,
                                            size_t max_out_size, unsigned int seed) {
  absl::StatusOr<rectifier::KerasFile> file = FileOf(View(data1, size1));
  absl::StatusOr<rectifier::KerasFile> other = FileOf(View(data2, size2));
  if (!file.ok() || !other.ok()) return 0;
  file->config = rectifier::KerasMutator(seed).CrossedJson(file->config, other->config);
  for (rectifier::KerasWeightGroup& group : other->groups) file->groups.push_back(std::move(group));
  return Put(rectifier::ToFlatForm(file), out, max_out_size);
}
