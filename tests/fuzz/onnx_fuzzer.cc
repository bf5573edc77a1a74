// libFuzzer's entry points: every input is a model, and is changed as one.

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cstdint>

#include "server/core/log.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/onnx_model.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  rectifier::log::Configure(rectifier::log::Level::kError, rectifier::log::Format::kText);
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rectifier::LoadAndRunOnnx({reinterpret_cast<const char*>(data), size});
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  onnx::ModelProto model;
  // One in 16 is changed as bytes, and so is what is no model.
  if (seed % 16 == 0 || !model.ParseFromArray(data, static_cast<int>(size))) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  rectifier::MessageMutator(seed).Mutate(model);
  const size_t mutated = model.ByteSizeLong();
  if (mutated > max_size || mutated == 0) return LLVMFuzzerMutate(data, size, max_size);
  model.SerializeToArray(data, static_cast<int>(mutated));
  return mutated;
}
