#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "server/core/tensor.h"
#include "server/engine/program.h"
#include "server/models/inference_request.h"

namespace rectifier {

// Rows of one request that are rows of one run: `rows` from `first_row` on.
struct RequestRows {
  const InferenceRequest& request;
  int64_t first_row = 0;
  int64_t rows = 0;

  int64_t last_row() const { return first_row + rows - 1; }
};

// Memory that a worker's batches are put together in, kept from one to the next.
struct BatchScratch {
  std::vector<AlignedBuffer> inputs;
  std::vector<AlignedBuffer> outputs;
};

// The tensors of one run of a Program. A request that fills the run alone is read and written where
// it lies; of several, the rows are copied together before the run and apart after it.
//
// Lifetime: `rows`, the requests and the scratch outlive it; one at a time uses a scratch.
class BatchTensors {
 public:
  // Gathers the inputs. The rows and the padding, copies of the last row, sum to the Program's
  // batch.
  BatchTensors(const Program& program, std::span<const RequestRows> rows, int64_t padding,
               BatchScratch& scratch);

  const std::vector<TensorView>& inputs() const { return inputs_; }
  const std::vector<MutableTensorView>& outputs() const { return outputs_; }

  // Copies what the run wrote to those requests that it was not written to directly.
  void Scatter() const;

 private:
  std::span<const RequestRows> rows_;
  int64_t samples_;  // with the padding
  std::vector<TensorView> inputs_;
  std::vector<MutableTensorView> outputs_;
  std::vector<bool> direct_;  // of each output: it lies in the one request
};

}  // namespace rectifier
