#include "server/models/batch_separability.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <vector>

#include "server/core/status.h"
#include "server/engine/execution_context.h"
#include "server/graph/text.h"

namespace rectifier {

absl::Status CheckBatchSeparable(const std::shared_ptr<const Program>& one,
                                 const std::shared_ptr<const Program>& many) {
  const auto samples = static_cast<size_t>(many->outputs()[0].type.shape[0]);
  ExecutionContext context;
  std::vector<TensorView> inputs;
  std::vector<Tensor> all_inputs;
  for (const Program::Port& port : many->inputs()) {
    all_inputs.push_back(SeededTensor(port.type, all_inputs.size() + 1));
  }
  inputs.reserve(all_inputs.size());
  for (const Tensor& input : all_inputs) inputs.push_back(input.view());
  RECTIFIER_ASSIGN_OR_RETURN(const std::vector<Tensor> together, context.Run(many, inputs));
  for (const size_t sample : std::set<size_t>{0, samples / 2, samples - 1}) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto row = all_inputs[i].bytes().size() / samples;
      inputs[i] = {one->inputs()[i].type, all_inputs[i].view().bytes.subspan(sample * row, row)};
    }
    RECTIFIER_ASSIGN_OR_RETURN(const std::vector<Tensor> alone, context.Run(one, inputs));
    for (size_t i = 0; i < alone.size(); ++i) {
      const auto bytes = alone[i].bytes();
      const auto row = together[i].bytes().subspan(sample * bytes.size(), bytes.size());
      if (std::memcmp(bytes.data(), row.data(), bytes.size()) != 0) {
        return InvalidArgument(one->outputs()[i].name,
                               "a sample's result depends on the other samples of its batch");
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace rectifier
