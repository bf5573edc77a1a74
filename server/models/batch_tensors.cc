#include "server/models/batch_tensors.h"

#include <cstring>

namespace rectifier {
namespace {

// The rows [first, first + count) of `samples` rows that are `bytes`; none of none.
template <typename Byte>
std::span<Byte> Rows(std::span<Byte> bytes, int64_t samples, int64_t first, int64_t count) {
  const size_t row = bytes.size() / static_cast<size_t>(samples);
  return bytes.subspan(static_cast<size_t>(first) * row, static_cast<size_t>(count) * row);
}

ScatteredBytes InputRows(const RequestRows& of, size_t input) {
  const ScatteredBytes& bytes = of.request.inputs[input].bytes;
  const size_t row = bytes.size() / static_cast<size_t>(of.request.samples);
  return bytes.Range(static_cast<size_t>(of.first_row) * row, static_cast<size_t>(of.rows) * row);
}

// Empty when the request does not want the output.
std::span<std::byte> OutputRows(const RequestRows& of, size_t output) {
  return Rows(of.request.outputs[output].bytes, of.request.samples, of.first_row, of.rows);
}

// Where elements of this type lie as they must.
template <typename Byte>
bool CanBeUsedInPlace(std::span<Byte> bytes, DType dtype) {
  const auto size = static_cast<uintptr_t>(ElementSize(dtype));
  return !bytes.empty() && reinterpret_cast<uintptr_t>(bytes.data()) % size == 0;
}

std::span<std::byte> Reuse(std::vector<AlignedBuffer>& buffers, size_t index,
                           const TensorType& type) {
  const auto bytes = static_cast<size_t>(type.shape.ElementCount() * ElementSize(type.dtype));
  if (buffers.size() <= index) buffers.resize(index + 1);
  if (buffers[index].size() < bytes) buffers[index] = AlignedBuffer(bytes);
  return {buffers[index].data(), bytes};
}

}  // namespace

BatchTensors::BatchTensors(const Program& program, std::span<const RequestRows> rows,
                           int64_t padding, BatchScratch& scratch)
    : rows_(rows), samples_(padding) {
  for (const RequestRows& of : rows) samples_ += of.rows;
  const bool alone = rows.size() == 1 && padding == 0;
  for (size_t i = 0; i < program.inputs().size(); ++i) {
    const TensorType& type = program.inputs()[i].type;
    if (alone) {
      const ScatteredBytes bytes = InputRows(rows[0], i);
      if (bytes.pieces().size() == 1 && CanBeUsedInPlace(bytes.pieces()[0], type.dtype)) {
        inputs_.push_back({type, bytes.pieces()[0]});
        continue;
      }
    }
    const std::span<std::byte> gathered = Reuse(scratch.inputs, i, type);
    inputs_.push_back({type, gathered});
    size_t end = 0;
    const auto append = [&](const ScatteredBytes& bytes) {
      bytes.CopyTo(gathered.subspan(end, bytes.size()));
      end += bytes.size();
    };
    for (const RequestRows& of : rows) append(InputRows(of, i));
    // What is computed for nothing is a sample like others: no number in it is slow or odd.
    const ScatteredBytes last = InputRows({rows.back().request, rows.back().last_row(), 1}, i);
    for (int64_t row = 0; row < padding; ++row) append(last);
  }
  for (size_t i = 0; i < program.outputs().size(); ++i) {
    const TensorType& type = program.outputs()[i].type;
    direct_.push_back(alone && CanBeUsedInPlace(OutputRows(rows[0], i), type.dtype));
    outputs_.push_back(
        {type, direct_[i] ? OutputRows(rows[0], i) : Reuse(scratch.outputs, i, type)});
  }
}

void BatchTensors::Scatter() const {
  for (size_t i = 0; i < outputs_.size(); ++i) {
    if (direct_[i]) continue;
    int64_t row = 0;
    for (const RequestRows& of : rows_) {
      const auto to = OutputRows(of, i);
      const auto from = Rows(std::span<const std::byte>(outputs_[i].bytes), samples_, row, of.rows);
      if (!to.empty()) std::memcpy(to.data(), from.data(), to.size());
      row += of.rows;
    }
  }
}

}  // namespace rectifier
