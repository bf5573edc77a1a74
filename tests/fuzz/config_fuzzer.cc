// libFuzzer's entry points: every input is a config.pbtxt, and is changed as one.

#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <cstdint>
#include <string>

#include "proto/model_config.pb.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/model_config.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace {

class Silent final : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int /*line*/, google::protobuf::io::ColumnNumber /*column*/,
                const std::string& /*message*/) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  rectifier::ReadAndServeConfig({reinterpret_cast<const char*>(data), size});
  return 0;
}

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size,
                                          unsigned int seed) {
  // Half are changed as text, and so is what is no configuration.
  Silent silent;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&silent);
  parser.SetRecursionLimit(32);
  inference::ModelConfig config;
  if (seed % 2 == 0 ||
      !parser.ParseFromString(std::string(reinterpret_cast<const char*>(data), size), &config)) {
    return LLVMFuzzerMutate(data, size, max_size);
  }
  rectifier::MessageMutator(seed).Mutate(config);
  std::string text;
  google::protobuf::TextFormat::PrintToString(config, &text);
  if (text.size() > max_size || text.empty()) return LLVMFuzzerMutate(data, size, max_size);
  std::copy(text.begin(), text.end(), data);
  return text.size();
}
