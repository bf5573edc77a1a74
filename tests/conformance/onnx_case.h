#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace rectifier {

// A case of ONNX's backend tests: a folder with model.onnx and test_data_set_N/input_I.pb and
// output_I.pb.
struct OnnxCase {
  std::string name;  // "node/test_add"
  std::filesystem::path folder;
};

// The cases of a group ("node", "simple", …), ordered by name; none when the data is not installed.
std::vector<OnnxCase> FindOnnxCases(const std::filesystem::path& data, const std::string& group);

// Imports the model, optimizes it as the server does, compiles it and compares what it gives with
// every data set. Where the import or the compiler asks for a constant (a shape, an axis, a scale),
// inputs are tried as constants, as models have them: all but the first, then all.
//
// UNIMPLEMENTED and INVALID_ARGUMENT are what the server would say; DATA_LOSS is a wrong result.
absl::Status RunOnnxCase(const OnnxCase& test);

}  // namespace rectifier
