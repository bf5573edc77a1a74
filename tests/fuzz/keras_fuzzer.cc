// libFuzzer's entry points: every input is a .keras or an .h5 file. The members of a .keras file
// are changed and packed again: its checksums would stop nearly all other changes.
//
// HDF5 has bugs of its own, which the server keeps away by parsing in another process. Here they
// end the fuzzer, unless it is told to go on (-fork=1 -ignore_crashes=1) and what it finds is told
// apart by the stacks.

#include <zip.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>

#include "server/core/log.h"
#include "server/import/keras/zip_archive.h"
#include "tests/fuzz/keras_model.h"
#include "tests/fuzz/keras_mutator.h"
#include "tests/support/zip_builder.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

constexpr const char* kMembers[] = {"metadata.json", "config.json", "model.weights.h5"};

std::string_view View(const uint8_t* data, size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

std::string Mutated(std::string bytes, size_t max_size) {
  const size_t size = bytes.size();
  bytes.resize(std::max(size, max_size));
  bytes.resize(LLVMFuzzerMutate(reinterpret_cast<uint8_t*>(bytes.data()), size, bytes.size()));
  return bytes;
}

// The file with one member changed; empty when it is no .keras file.
std::string Repacked(std::string_view bytes, size_t max_size, unsigned int seed) {
  const auto archive = rectifier::ZipArchive::Open("model.keras", std::as_bytes(std::span(bytes)));
  if (!archive.ok()) return {};
  rectifier::ZipBuilder repacked;
  const size_t changed = seed % 4 == 0 ? 0 : 1 + seed % 2;
  for (size_t i = 0; i < std::size(kMembers); ++i) {
    const auto member = archive->Read(kMembers[i], 1 << 20);
    if (!member.ok()) return {};
    std::string text(reinterpret_cast<const char*>(member->data()), member->size());
    if (i == changed) {
      text = i == 1 && seed % 8 < 7 ? rectifier::KerasMutator(seed).MutatedJson(text)
                                    : Mutated(std::move(text), max_size);
    }
    repacked.Member(kMembers[i], text);
  }
  return repacked.Bytes();
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  rectifier::log::Configure(rectifier::log::Level::kError, rectifier::log::Format::kText);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view bytes = View(data, size);
  rectifier::LoadAndRunKeras(rectifier::KerasFormatOf(bytes), bytes);
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  const std::string_view bytes = View(data, size);
  // One in 16 is changed as bytes of the zip file itself.
  if (seed % 16 != 0 && rectifier::KerasFormatOf(bytes) == rectifier::KerasFormat::kKeras) {
    const std::string repacked = Repacked(bytes, max_size, seed / 16);
    if (!repacked.empty() && repacked.size() <= max_size) {
      std::copy(repacked.begin(), repacked.end(), data);
      return repacked.size();
    }
  }
  return LLVMFuzzerMutate(data, size, max_size);
}
